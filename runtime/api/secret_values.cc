#include "runtime/api/secret_values.h"

#include <algorithm>

namespace tributary {
namespace {

constexpr std::string_view kShown = "(secret)";
// So much of a value is recognised when a message has cut the rest.
constexpr std::size_t kRecognised = 8;

char plain(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c; }

// How many bytes of `text` are the value, or its beginning; 0 when it is neither.
std::size_t match(std::string_view text, std::string_view value) {
  std::size_t same = 0;
  while (same < std::min(text.size(), value.size()) && plain(text[same]) == value[same]) ++same;
  return same >= std::min(value.size(), kRecognised) ? same : 0;
}

}  // namespace

void SecretValues::add(std::string_view value) {
  if (value.size() < kBytesMin) return;
  std::string added(value);
  std::ranges::transform(added, added.begin(), plain);
  const auto longer = [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  };
  const auto at = std::ranges::lower_bound(values_, added, longer);
  if (at == values_.end() || *at != added) values_.insert(at, std::move(added));
}

std::string SecretValues::redact(std::string_view text) const {
  std::string shown;
  while (!text.empty()) {
    std::size_t found = 0;
    for (const std::string& value : values_) found = std::max(found, match(text, value));
    if (found > 0) {
      shown += kShown;
    } else {
      shown += text.front();
      found = 1;
    }
    text.remove_prefix(found);
  }
  return shown;
}

Error SecretValues::redact(const Error& error) const {
  return Error(error.code(), redact(error.what()), redact(error.fix()));
}

bool SecretValues::is_in(std::string_view text) const { return redact(text) != text; }

Result<graph::JobGraph> SecretValues::redact(const graph::JobGraph& graph) const {
  graph::JobGraph shown = graph;
  bool is_named = is_in(graph.name());
  for (graph::Vertex& vertex : *shown.mutable_vertices()) {
    is_named = is_named || is_in(vertex.name()) || is_in(vertex.gated_by()) ||
               std::ranges::any_of(vertex.side_outputs(),
                                   [this](const std::string& name) { return is_in(name); }) ||
               std::ranges::any_of(vertex.states(), [this](const graph::State& state) {
                 return is_in(state.name());
               });
    for (auto& [property, value] : *vertex.mutable_properties()) value = redact(value);
  }
  if (is_named) {
    return std::unexpected(
        Error(ErrorCode::C104,
              "a name of the job, of an operator, a side output or a state holds the value of a "
              "secret; names are shown and kept",
              "name it by something that people may see"));
  }
  return shown;
}

}  // namespace tributary
