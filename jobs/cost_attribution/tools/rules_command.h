// jobs/cost_attribution/tools/rules_command.h
// `attribution rules check` and `rules publish`: a rule document is refused here for the same
// reasons as in the job.
//
// Thread: one. Exit code 1 and every problem with its line when the document is refused.
#pragma once

#include <filesystem>
#include <string>

#include "base/clock.h"
#include "base/error.h"

namespace tributary::cost {

struct RulesCheckOptions {
  std::filesystem::path file;
  std::filesystem::path sample;  // lines of topic cost.charges to try the rules on; may be empty
};
Result<int> run_rules_check(const RulesCheckOptions& options, const Clock& clock, std::string& out);

struct RulesPublishOptions {
  std::filesystem::path file;
  std::filesystem::path to;  // the folder of topics
  std::string author;
  std::string published_at;  // empty: now
};
Result<int> run_rules_publish(const RulesPublishOptions& options, const Clock& clock,
                              std::string& out);

}  // namespace tributary::cost
