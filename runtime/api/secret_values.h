// runtime/api/secret_values.h
// The values that ${secret:name} put into a job's settings, kept to take them out of texts again:
// whatever this process prints about a job, an error of its author's code included, goes through
// redact().
//
// Owner: the verb that expanded the settings. Thread: one. A value is also found where a message
// has cut it or shows its control characters as '?'. Values of fewer than 4 bytes are too common to
// be looked for; messages about settings name them by Settings::is_secret().
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "runtime/graph/job_graph.h"

namespace tributary {

class SecretValues {
 public:
  static constexpr std::size_t kBytesMin = 4;

  void add(std::string_view value);

  std::string redact(std::string_view text) const;
  Error redact(const Error& error) const;
  // As people may see it. C104 when a name that identifies an operator or an output holds a secret:
  // it would be shown everywhere.
  Result<graph::JobGraph> redact(const graph::JobGraph& graph) const;

 private:
  bool is_in(std::string_view text) const;

  std::vector<std::string> values_;  // control characters as '?', longest first
};

}  // namespace tributary
