// tests/jobs/cost_attribution/oracle/oracle_tree.h
// What the oracle sees of a JSON line or a YAML document: a tree of texts. Numbers stay the text
// they were written as, so no amount ever passes through a double. Invariant: a kMap has as many
// names as items, in the order of the document.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace tributary::cost_oracle {

struct Tree {
  enum class Kind : std::uint8_t { kNull, kBoolean, kNumber, kText, kList, kMap };

  Kind kind = Kind::kNull;
  std::string text;  // kText: the string; kNumber: its token; kBoolean: true or false
  std::vector<std::string> names;
  std::vector<Tree> items;

  // Null if this is no map or the name is not in it.
  const Tree* find(const std::string& name) const;
  // Throws std::invalid_argument if find() is null.
  const Tree& at(const std::string& name) const;
  bool is_text() const { return kind == Kind::kText; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }
};

// A rule document that the job has to refuse; the text begins with the R code of the specification
// where there is one.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Throws std::invalid_argument if the text is not JSON.
Tree parse_json(const std::string& text);

// Every scalar is a kText. Throws Refused if the text is not YAML or repeats a key.
Tree parse_yaml(const std::string& text);

}  // namespace tributary::cost_oracle
