#include "base/settings.h"

#include <algorithm>
#include <charconv>

#include "base/excerpt.h"

namespace tributary {

Settings::Settings() = default;
Settings::Settings(const Settings&) = default;
Settings::Settings(Settings&&) noexcept = default;
Settings& Settings::operator=(const Settings&) = default;
Settings& Settings::operator=(Settings&&) noexcept = default;
Settings::~Settings() = default;

Settings::Settings(std::initializer_list<Entry> entries) : kind_(Kind::kMap) {
  for (const Entry& entry : entries) {
    const Status status = set(entry.key, entry.value);
    TRIBUTARY_CHECK(status.has_value(), "settings literal: {}", status.error().what());
  }
}

Settings::Settings(std::string scalar) : kind_(Kind::kScalar), scalar_(std::move(scalar)) {}
Settings::Settings(const char* scalar) : Settings(std::string(scalar)) {}
Settings::Settings(bool scalar) : Settings(scalar ? "true" : "false") {}
Settings::Settings(std::int64_t scalar) : Settings(std::to_string(scalar)) {}
Settings::Settings(int scalar) : Settings(std::to_string(scalar)) {}

std::string Settings::shown() const {
  switch (kind_) {
    case Kind::kNull:
      return "nothing";
    case Kind::kScalar:
      return is_secret_ ? "the value of a secret" : excerpt(scalar_);
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a group of settings";
  }
  return {};
}

Settings Settings::list(std::vector<Settings> items) {
  Settings made;
  made.kind_ = Kind::kList;
  made.items_ = std::move(items);
  return made;
}

Settings Settings::map() {
  Settings made;
  made.kind_ = Kind::kMap;
  return made;
}

void Settings::add_item(Settings item) {
  if (is_null()) kind_ = Kind::kList;
  TRIBUTARY_CHECK(kind_ == Kind::kList, "an item is added to settings that are no list");
  items_.push_back(std::move(item));
}

bool Settings::add_entry(std::string key, int key_line, Settings value) {
  if (is_null()) kind_ = Kind::kMap;
  TRIBUTARY_CHECK(kind_ == Kind::kMap, "a key is added to settings that are no map");
  if (find_entry(key) != nullptr) return false;
  entries_.push_back({.key = std::move(key), .value = std::move(value), .line = key_line});
  return true;
}

const Settings::Entry* Settings::find_entry(std::string_view key) const {
  const auto found = std::ranges::find(
      entries_, key, [](const Entry& entry) { return std::string_view(entry.key); });
  return found == entries_.end() ? nullptr : &*found;
}

Status Settings::set(std::string_view path, Settings value) {
  Settings* at = this;
  for (std::string_view rest = path;;) {
    const std::size_t dot = rest.find('.');
    const std::string_view key = rest.substr(0, dot);
    if (key.empty())
      return fail(ErrorCode::C102, "setting \"{}\": an empty name in the path", path);
    if (at->is_null()) at->kind_ = Kind::kMap;
    if (at->kind_ != Kind::kMap) {
      return fail(ErrorCode::C102, "setting {}: what comes before {} is not a group of settings",
                  path, key);
    }
    const Entry* found = at->find_entry(key);
    if (found == nullptr) {
      at->entries_.push_back({.key = std::string(key), .value = {}, .line = 0});
      found = &at->entries_.back();
    }
    at = &at->entries_[static_cast<std::size_t>(found - at->entries_.data())].value;
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  *at = std::move(value);
  return {};
}

const Settings* Settings::find(std::string_view path) const {
  const Settings* at = this;
  for (;;) {
    const std::size_t dot = path.find('.');
    const Entry* entry = at->find_entry(path.substr(0, dot));
    if (entry == nullptr) return nullptr;
    at = &entry->value;
    if (dot == std::string_view::npos) return at;
    path.remove_prefix(dot + 1);
  }
}

namespace {

std::unexpected<Error> not_what_is_expected(std::string_view path, const Settings& value,
                                            std::string_view expected) {
  return fail(ErrorCode::C102, "setting {}: expected {}, got {}", path, expected, value.shown());
}

}  // namespace

Result<std::string> Settings::text(std::string_view path, std::string_view otherwise) const {
  const Settings* value = find(path);
  if (value == nullptr || value->is_null()) return std::string(otherwise);
  if (value->kind() != Kind::kScalar) return not_what_is_expected(path, *value, "a text");
  return value->scalar();
}

Result<std::int64_t> Settings::integer(std::string_view path, std::int64_t otherwise) const {
  const Settings* value = find(path);
  if (value == nullptr || value->is_null()) return otherwise;
  std::int64_t number = 0;
  const std::string& text = value->scalar();
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (value->kind() != Kind::kScalar || read.ec != std::errc{} ||
      read.ptr != text.data() + text.size()) {
    return not_what_is_expected(path, *value, "an integer");
  }
  return number;
}

Result<bool> Settings::boolean(std::string_view path, bool otherwise) const {
  const Settings* value = find(path);
  if (value == nullptr || value->is_null()) return otherwise;
  if (value->kind() != Kind::kScalar || (value->scalar() != "true" && value->scalar() != "false")) {
    return not_what_is_expected(path, *value, "true or false");
  }
  return value->scalar() == "true";
}

Result<Duration> Settings::duration(std::string_view path, Duration otherwise) const {
  const Settings* value = find(path);
  if (value == nullptr || value->is_null()) return otherwise;
  if (value->kind() == Kind::kScalar) {
    const Result<Duration> read = parse_duration(value->scalar());
    if (read) return *read;
  }
  return not_what_is_expected(path, *value, "a length of time such as 200ms or 40d");
}

bool operator==(const Settings& a, const Settings& b) {
  return a.kind_ == b.kind_ && a.scalar_ == b.scalar_ && a.items_ == b.items_ &&
         std::ranges::equal(a.entries_, b.entries_,
                            [](const Settings::Entry& x, const Settings::Entry& y) {
                              return x.key == y.key && x.value == y.value;
                            });
}

}  // namespace tributary
