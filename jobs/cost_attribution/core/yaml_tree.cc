// jobs/cost_attribution/core/yaml_tree.cc
#include "jobs/cost_attribution/core/yaml_tree.h"

#include <istream>
#include <streambuf>
#include <unordered_set>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "jobs/cost_attribution/core/quoted.h"

namespace tributary::cost {

namespace {

constexpr std::size_t kFaultsMax = 50;

// Stops yaml-cpp from inside a callback; caught below, never seen outside.
struct TooDeep {
  int line;
};

class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // NOLINT: an input buffer is never written
    setg(begin, begin, begin + text.size());
  }
};

int line_of(const YAML::Mark& mark) { return mark.line + 1; }

class TreeBuilder : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) fault(line_of(mark), "only one document is allowed");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    // The mark of what is absent is that of the next token, maybe lines below its key.
    const Level* map = levels_.empty() || !levels_.back().has_key ? nullptr : &levels_.back();
    fault(map != nullptr ? map->key_line : line_of(mark),
          fmt::format("{} is empty or null; quote it if a text is meant",
                      map != nullptr ? fmt::format("the value of {}", quoted(map->key))
                                     : std::string("a value")));
    add_faulty(mark);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    fault(line_of(mark), "aliases (*name) are not allowed");
    add_faulty(mark);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check(mark, tag, anchor);
    add({.kind = YamlNode::Kind::kText,
         .line = line_of(mark),
         .text = value,
         .items = {},
         .entries = {}});
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::kList);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override { close(); }

  void fault(int line, std::string text) {
    if (faults_.size() < kFaultsMax) faults_.push_back({line, std::move(text)});
  }

  int documents() const { return documents_; }
  YamlNode& root() { return root_; }
  std::vector<YamlFault>& faults() { return faults_; }

 private:
  struct Level {
    YamlNode node;
    std::unordered_set<std::string> keys;
    std::string key;  // kMap: read, its value still to come
    int key_line = 0;
    bool has_key = false;
    bool is_key_text = true;  // else it and its value are left out
  };

  void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) fault(line_of(mark), "anchors (&name) are not allowed");
    if (!tag.empty() && tag != "?" && tag != "!") {
      fault(line_of(mark), fmt::format("the tag {} is not allowed", quoted(tag)));
    }
  }

  void add_faulty(const YAML::Mark& mark) {
    add({.kind = YamlNode::Kind::kFaulty,
         .line = line_of(mark),
         .text = {},
         .items = {},
         .entries = {}});
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YamlNode::Kind kind) {
    if (levels_.size() >= static_cast<std::size_t>(kYamlDepthMax)) throw TooDeep{line_of(mark)};
    check(mark, tag, anchor);
    Level level;
    level.node.kind = kind;
    level.node.line = line_of(mark);
    levels_.push_back(std::move(level));
  }

  void close() {
    YamlNode node = std::move(levels_.back().node);
    levels_.pop_back();
    add(std::move(node));
  }

  void add(YamlNode node) {
    if (levels_.empty()) {
      if (documents_ == 1) root_ = std::move(node);
      return;
    }
    Level& level = levels_.back();
    if (level.node.is_list()) {
      level.node.items.push_back(std::move(node));
      return;
    }
    if (!level.has_key) {
      level.is_key_text = node.is_text();
      if (!node.is_text() && !node.is_faulty())
        fault(node.line, fmt::format("a key is {}; keys are texts", node.kind_name()));
      level.key = std::move(node.text);
      level.key_line = node.line;
      level.has_key = true;
      return;
    }
    level.has_key = false;
    if (!level.is_key_text) return;
    if (!level.keys.insert(level.key).second) {
      fault(level.key_line, fmt::format("duplicate key {}", quoted(level.key)));
      return;
    }
    level.node.entries.push_back({std::move(level.key), level.key_line, std::move(node)});
  }

  int documents_ = 0;
  YamlNode root_;
  std::vector<Level> levels_;
  std::vector<YamlFault> faults_;
};

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

std::string_view YamlNode::kind_name() const {
  switch (kind) {
    case Kind::kText:
      return "a text";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a map";
    case Kind::kFaulty:
      return "nothing";
  }
  return "a text";
}

YamlTree parse_yaml_tree(std::string_view text) {
  TreeBuilder builder;
  bool is_walkable = false;
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    while (builder.documents() < 2 && parser.HandleNextDocument(builder)) {
    }
    is_walkable = builder.documents() > 0;
    if (!is_walkable) builder.fault(1, "the document is empty");
  } catch (const TooDeep& deep) {
    builder.fault(deep.line, fmt::format("nested deeper than {}", kYamlDepthMax));
  } catch (const YAML::Exception& error) {
    builder.fault(line_of(error.mark), fmt::format("not YAML: {}", error.msg));
  } catch (const std::exception& error) {
    builder.fault(1, fmt::format("not YAML: {}", error.what()));
  }
  YamlTree tree;
  if (is_walkable) tree.root = std::move(builder.root());
  tree.faults = std::move(builder.faults());
  return tree;
}

}  // namespace tributary::cost
