#include "tests/jobs/cost_attribution/oracle/oracle_tree.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

namespace tributary::cost_oracle {
namespace {

// Builds the tree from the events of nlohmann's parser, which hands over the token of a float.
class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  Tree take() { return std::move(root_); }

  bool null() override { return add({}); }
  bool boolean(bool value) override {
    return add_scalar(Tree::Kind::kBoolean, value ? "true" : "false");
  }
  bool number_integer(number_integer_t value) override {
    return add_scalar(Tree::Kind::kNumber, std::to_string(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return add_scalar(Tree::Kind::kNumber, std::to_string(value));
  }
  bool number_float(number_float_t, const string_t& token) override {
    return add_scalar(Tree::Kind::kNumber, token);
  }
  bool string(string_t& value) override { return add_scalar(Tree::Kind::kText, value); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Tree::Kind::kMap); }
  bool start_array(std::size_t) override { return open(Tree::Kind::kList); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    open_.back().names.push_back(name);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& e) override {
    throw std::invalid_argument(std::string("not JSON: ") + e.what());
  }

 private:
  bool add_scalar(Tree::Kind kind, std::string text) {
    Tree leaf;
    leaf.kind = kind;
    leaf.text = std::move(text);
    return add(std::move(leaf));
  }
  bool add(Tree tree) {
    (open_.empty() ? root_ : open_.back().items.emplace_back()) = std::move(tree);
    return true;
  }
  bool open(Tree::Kind kind) {
    open_.emplace_back().kind = kind;
    return true;
  }
  bool close() {
    Tree closed = std::move(open_.back());
    open_.pop_back();
    return add(std::move(closed));
  }

  Tree root_;
  std::vector<Tree> open_;  // the maps and lists that are not yet closed, outermost first
};

Tree tree_of(const YAML::Node& node) {
  Tree tree;
  if (node.IsScalar()) {
    tree.kind = Tree::Kind::kText;
    tree.text = node.Scalar();
  } else if (node.IsSequence()) {
    tree.kind = Tree::Kind::kList;
    for (const YAML::Node& item : node) tree.items.push_back(tree_of(item));
  } else if (node.IsMap()) {
    tree.kind = Tree::Kind::kMap;
    for (const auto& member : node) {
      if (!member.first.IsScalar()) throw Refused("R01: a key that is not a scalar");
      const std::string& name = member.first.Scalar();
      if (tree.find(name) != nullptr) throw Refused("R01: the key " + name + " stands twice");
      tree.names.push_back(name);
      tree.items.push_back(tree_of(member.second));
    }
  }
  return tree;
}

}  // namespace

const Tree* Tree::find(const std::string& name) const {
  const auto found = std::find(names.begin(), names.end(), name);
  if (!is_map() || found == names.end()) return nullptr;
  const auto index = static_cast<std::size_t>(found - names.begin());
  return index < items.size() ? &items[index] : nullptr;
}

const Tree& Tree::at(const std::string& name) const {
  const Tree* member = find(name);
  if (member == nullptr) throw std::invalid_argument("there is no " + name);
  return *member;
}

Tree parse_json(const std::string& text) {
  TreeBuilder builder;
  if (!nlohmann::json::sax_parse(text, &builder)) throw std::invalid_argument("not JSON");
  return builder.take();
}

Tree parse_yaml(const std::string& text) {
  try {
    return tree_of(YAML::Load(text));
  } catch (const YAML::Exception& e) {
    throw Refused(std::string("not YAML: ") + e.what());
  }
}

}  // namespace tributary::cost_oracle
