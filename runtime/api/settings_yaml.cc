#include "runtime/api/settings_yaml.h"

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "base/excerpt.h"

namespace tributary {
namespace {

// Leaves the parser; never leaves this file.
struct Refused {
  int line;
  std::string why;
};

int line_of(const YAML::Mark& mark) { return mark.is_null() ? 0 : mark.line + 1; }

class TreeBuilder final : public YAML::EventHandler {
 public:
  std::optional<Settings> take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) refuse(mark, "a second document; put everything into one");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    if (wants_key()) refuse(mark, "an empty key");
    put(Settings{}.at_line(line_of(mark)), mark);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, "an alias (*); write the value again");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (wants_key()) {
      take_key(value, mark);
    } else {
      put(Settings(value).at_line(line_of(mark)), mark);
    }
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Settings::list({}), mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Settings::map(), mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Settings value;
    YAML::Mark mark;
    std::optional<std::string> key;  // read, its value not yet
    int key_line = 0;
  };

  [[noreturn]] static void refuse(const YAML::Mark& mark, std::string why) {
    throw Refused{line_of(mark), std::move(why)};
  }
  static void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) refuse(mark, "an anchor (&); values cannot be shared");
  }
  // "?" stands for a plain scalar and "!" for a quoted one without a tag.
  static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!")
      refuse(mark, "a tag (" + excerpt(tag) + "); values are texts");
  }
  bool wants_key() const {
    return !open_.empty() && open_.back().value.kind() == Settings::Kind::kMap && !open_.back().key;
  }
  void take_key(const std::string& key, const YAML::Mark& mark) {
    const auto& entries = open_.back().value.entries();
    const auto same = std::ranges::find(entries, key, &Settings::Entry::key);
    if (same != entries.end())
      refuse(mark,
             fmt::format("key {} is given twice (first in line {})", excerpt(key), same->line));
    open_.back().key = key;
    open_.back().key_line = line_of(mark);
  }
  void open(Settings value, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (wants_key()) refuse(mark, "a key that is no text");
    if (open_.size() >= static_cast<std::size_t>(kSettingsDepthMax))
      refuse(mark, fmt::format("nesting deeper than {}", kSettingsDepthMax));
    open_.push_back(
        {.value = std::move(value.at_line(line_of(mark))), .mark = mark, .key = {}, .key_line = 0});
  }
  void close() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    put(std::move(closed.value), closed.mark);
  }
  void put(Settings value, const YAML::Mark& mark) {
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    Open& parent = open_.back();
    if (parent.value.kind() == Settings::Kind::kList) {
      parent.value.add_item(std::move(value));
      return;
    }
    if (!parent.value.add_entry(*std::exchange(parent.key, std::nullopt), parent.key_line,
                                std::move(value)))
      refuse(mark, "a key given twice");
  }

  int documents_ = 0;
  std::vector<Open> open_;
  std::optional<Settings> root_;
};

std::unexpected<Error> refused(const std::string& name, int line, std::string_view why) {
  if (line <= 0) return fail(ErrorCode::C103, "{}: {}", name, why);
  return fail(ErrorCode::C103, "{} line {}: {}", name, line, why);
}

}  // namespace

Result<Settings> parse_settings_yaml(std::string_view text, const std::string& name) {
  if (text.size() > kSettingsBytesMax) {
    return refused(name, 0,
                   fmt::format("{} bytes are too many; a configuration has at most {}", text.size(),
                               kSettingsBytesMax));
  }
  TreeBuilder builder;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refused& found) {
    return refused(name, found.line, found.why);
  } catch (const YAML::Exception& found) {
    return refused(name, line_of(found.mark), found.msg);
  } catch (const std::exception& found) {
    return refused(name, 0, found.what());
  }
  Settings root = builder.take().value_or(Settings::map());
  if (root.is_null()) root = Settings::map();
  if (root.kind() != Settings::Kind::kMap)
    return refused(name, root.line(), "expected settings of the form `name: value`");
  root.set_document(name);
  return root;
}

}  // namespace tributary
