// jobs/cost_attribution/core/expression.cc
#include "jobs/cost_attribution/core/expression.h"

#include <algorithm>
#include <functional>

#include "jobs/cost_attribution/core/rejection.h"

namespace tributary::cost {

namespace {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr char to_lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr bool is_slug(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool lies_in(std::string_view value, const std::string& buffer) {
  return std::greater_equal<>()(value.data(), buffer.data()) &&
         std::less<>()(value.data(), buffer.data() + buffer.size());
}

// The first byte of `value` in `buffer`, where it may be rewritten to no greater length.
char* writable(std::string_view value, std::string& buffer) {
  if (lies_in(value, buffer)) return buffer.data() + (value.data() - buffer.data());
  buffer.assign(value);
  return buffer.data();
}

std::string_view trim(std::string_view value) {
  while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
  while (!value.empty() && is_blank(value.back())) value.remove_suffix(1);
  return value;
}

std::string_view lower(std::string_view value, std::string& buffer) {
  if (std::ranges::none_of(value, is_upper)) return value;
  char* out = writable(value, buffer);
  std::transform(out, out + value.size(), out, to_lower);
  return {out, value.size()};
}

std::string_view slug(std::string_view value, std::string& buffer) {
  char* const out = writable(value, buffer);
  std::size_t length = 0;
  bool gap = false;
  // A dash is written only before a kept byte, so never more is written than was read.
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = to_lower(out[i]);
    if (!is_slug(c)) {
      gap = length > 0;
      continue;
    }
    if (gap) out[length++] = '-';
    gap = false;
    out[length++] = c;
  }
  return {out, length};
}

std::string_view nth_part(std::string_view value, std::string_view separator, std::size_t index) {
  for (; index > 0; --index) {
    const std::size_t at = value.find(separator);
    if (at == value.npos) return {};
    value.remove_prefix(at + separator.size());
  }
  return value.substr(0, value.find(separator));
}

std::string_view to_element(std::string_view value, std::string& buffer) {
  if (value.starts_with('(')) {
    if (lies_in(value, buffer)) {
      const auto at = static_cast<std::size_t>(value.data() - buffer.data());
      buffer.insert(at, 1, '_');
      value = std::string_view(buffer).substr(at, value.size() + 1);
    } else {
      buffer.assign(1, '_');
      buffer.append(value);
      value = buffer;
    }
  }
  return cut_utf8(value, kElementBytesMax);
}

}  // namespace

std::string_view Transform::apply(std::string_view value, std::string& buffer) const {
  switch (step) {
    case Step::kTrim:
      return trim(value);
    case Step::kLower:
      return lower(value, buffer);
    case Step::kSlug:
      return slug(value, buffer);
    case Step::kSplit:
      return nth_part(value, separator, part);
    case Step::kLookup: {
      const auto at = table.find(value);
      return at == table.end() ? std::string_view(otherwise) : std::string_view(at->second);
    }
  }
  return {};
}

std::string_view Expression::evaluate(SourceValues& values, std::string& buffer) const {
  std::string_view value;
  for (const RuleSource source : sources) {
    value = values.value(source);
    if (!value.empty()) break;
  }
  for (const Transform& transform : transforms) {
    if (value.empty()) return {};
    value = transform.apply(value, buffer);
  }
  return value.empty() ? value : to_element(value, buffer);
}

}  // namespace tributary::cost
