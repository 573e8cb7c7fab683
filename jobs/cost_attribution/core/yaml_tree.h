// jobs/cost_attribution/core/yaml_tree.h
// The strict part of YAML that rule documents may use, as a tree: texts, lists and maps, each with
// its line.
//
// Decides: every scalar is a text; anchors, aliases, tags, duplicate or composite keys, empty
// values, a second document and deep nesting are faults. The one door to yaml-cpp: its exceptions
// end here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tributary::cost {

struct YamlNode {
  enum class Kind : std::uint8_t { kText, kList, kMap };

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
  // "a text", "a list", "a map"
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

// The one document of `text`. All faults that do not stop the reader are collected; a syntax error
// is the last.
std::expected<YamlNode, std::vector<YamlFault>> parse_yaml_tree(std::string_view text);

}  // namespace tributary::cost
