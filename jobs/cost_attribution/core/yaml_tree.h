// jobs/cost_attribution/core/yaml_tree.h
// The strict part of YAML that rule documents may use, as a tree: texts, lists and maps, each with
// its line.
//
// Decides: every scalar is a text; anchors, aliases, tags, duplicate or composite keys, empty
// values, a second document and deep nesting are faults. Where the text can still be walked there
// is a tree beside the faults, so that everything else that is wrong with it is found too. The one
// door to yaml-cpp: its exceptions end here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tributary::cost {

struct YamlNode {
  // kFaulty: an empty value or an alias; a fault says so.
  enum class Kind : std::uint8_t { kText, kList, kMap, kFaulty };

  Kind kind = Kind::kText;
  int line = 1;
  std::string text;
  std::vector<YamlNode> items;  // kList
  struct Entry;
  std::vector<Entry> entries;  // kMap, in the order of the text

  bool is_text() const { return kind == Kind::kText; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }
  // The value of `key`, or null.
  const YamlNode* find(std::string_view key) const;
  bool is_faulty() const { return kind == Kind::kFaulty; }
  // "a text", "a list", "a map", "nothing"
  std::string_view kind_name() const;
};

struct YamlNode::Entry {
  std::string key;
  int line = 1;
  YamlNode value;
};

struct YamlFault {
  int line = 1;
  std::string text;
};

inline constexpr int kYamlDepthMax = 100;

struct YamlTree {
  std::optional<YamlNode> root;   // none: the text is empty, no YAML or nested too deep
  std::vector<YamlFault> faults;  // a syntax error is the last
};

// The one document of `text`.
YamlTree parse_yaml_tree(std::string_view text);

}  // namespace tributary::cost
