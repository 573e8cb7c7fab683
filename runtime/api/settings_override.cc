#include "runtime/api/settings_override.h"

#include <charconv>
#include <string>
#include <utility>

#include "base/excerpt.h"
#include "runtime/api/settings_yaml.h"

namespace tributary {
namespace {

class Override {
 public:
  Override(std::string_view path, std::string_view value) : path_(path), value_(value) {}

  // `rest` is the part of the path below `at`.
  Result<Settings> apply(const Settings& at, std::string_view rest, int depth) const {
    if (depth > kSettingsDepthMax)
      return wrong(fmt::format("nesting deeper than {}", kSettingsDepthMax));
    const std::size_t dot = rest.find('.');
    const std::string_view key = rest.substr(0, dot);
    const std::string_view below =
        dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
    const bool is_last = dot == std::string_view::npos;
    if (key.empty()) return wrong("an empty name in the path");
    switch (at.kind()) {
      case Settings::Kind::kNull:
        // Nothing is there to say whether this is a list: its first item makes it one.
        if (key == "0") return in_list(Settings::list({}), key, below, is_last, depth);
        return in_map(at, key, below, is_last, depth);
      case Settings::Kind::kMap:
        return in_map(at, key, below, is_last, depth);
      case Settings::Kind::kList:
        return in_list(at, key, below, is_last, depth);
      case Settings::Kind::kScalar:
        break;
    }
    return wrong(
        fmt::format("what comes before {} is a text, not a group of settings", excerpt(key)));
  }

 private:
  std::unexpected<Error> wrong(std::string_view why) const {
    return fail(ErrorCode::C102, "--set {}: {}", excerpt(path_), why);
  }
  Result<Settings> value_at(const Settings& old, std::string_view below, bool is_last,
                            int depth) const {
    if (is_last) return Settings(std::string(value_));
    return apply(old, below, depth + 1);
  }
  Result<Settings> in_map(const Settings& at, std::string_view key, std::string_view below,
                          bool is_last, int depth) const {
    Settings changed = Settings::map().at_line(at.line());
    changed.set_document(at.document());
    bool found = false;
    for (const Settings::Entry& entry : at.entries()) {
      const bool is_it = entry.key == key;
      found = found || is_it;
      Settings value = is_it ? TRY(value_at(entry.value, below, is_last, depth)) : entry.value;
      if (!changed.add_entry(entry.key, is_it && is_last ? 0 : entry.line, std::move(value)))
        return wrong("a key given twice");
    }
    if (!found &&
        !changed.add_entry(std::string(key), 0, TRY(value_at(Settings{}, below, is_last, depth))))
      return wrong("a key given twice");
    return changed;
  }
  Result<Settings> in_list(const Settings& at, std::string_view key, std::string_view below,
                           bool is_last, int depth) const {
    std::size_t index = 0;
    const auto read = std::from_chars(key.data(), key.data() + key.size(), index);
    if (read.ec != std::errc{} || read.ptr != key.data() + key.size() ||
        index > at.items().size()) {
      return wrong(fmt::format("{} is no index into a list of {}; 0 is the first, {} appends",
                               excerpt(key), at.items().size(), at.items().size()));
    }
    Settings changed = Settings::list({}).at_line(at.line());
    for (std::size_t i = 0; i < at.items().size(); ++i)
      changed.add_item(i == index ? TRY(value_at(at.items()[i], below, is_last, depth))
                                  : at.items()[i]);
    if (index == at.items().size())
      changed.add_item(TRY(value_at(Settings{}, below, is_last, depth)));
    return changed;
  }

  std::string_view path_;
  std::string_view value_;
};

}  // namespace

Result<Settings> override_setting(const Settings& settings, std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0)
    return fail(ErrorCode::C102, "--set {}: expected name=value, such as charges.path=in",
                excerpt(assignment));
  const std::string_view path = assignment.substr(0, equals);
  return Override(path, assignment.substr(equals + 1)).apply(settings, path, 1);
}

}  // namespace tributary
