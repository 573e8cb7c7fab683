// jobs/cost_attribution/core/json_token.h
// The text of one JSON scalar as it stands in the record: whether it is well formed, and its
// integer value.
//
// simdjson's on-demand reader does not look into values that nobody converts; these checks do,
// because amounts are read from their token and never through a double.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tributary::cost {

// Without the white space that follows a token.
constexpr std::string_view trim_token(std::string_view token) {
  while (!token.empty() && (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' ||
                            token.back() == '\t')) {
    token.remove_suffix(1);
  }
  return token;
}

// The number grammar of RFC 8259.
constexpr bool is_json_number(std::string_view token) {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t first = at;
    while (at < token.size() && token[at] >= '0' && token[at] <= '9') ++at;
    return at - first;
  };
  if (at < token.size() && token[at] == '-') ++at;
  const std::size_t first = at;
  const std::size_t whole = digits();
  if (whole == 0 || (whole > 1 && token[first] == '0')) return false;
  if (at < token.size() && token[at] == '.') {
    ++at;
    if (digits() == 0) return false;
  }
  if (at < token.size() && (token[at] == 'e' || token[at] == 'E')) {
    ++at;
    if (at < token.size() && (token[at] == '+' || token[at] == '-')) ++at;
    if (digits() == 0) return false;
  }
  return at == token.size();
}

// A token that does not open a string, an object or an array.
constexpr bool is_json_word_or_number(std::string_view token) {
  return token == "null" || token == "true" || token == "false" || is_json_number(token);
}

// An integer without fraction or exponent, within int64.
inline std::optional<std::int64_t> json_integer(std::string_view token) {
  if (!is_json_number(token)) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, fault] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (fault != std::errc() || end != token.data() + token.size()) return std::nullopt;
  return value;
}

}  // namespace tributary::cost
