// jobs/cost_attribution/tools/close_command.h
// `attribution close`: from now on corrections of a month are posted to the month after the last
// closed one.
//
// Appends one period_closed to the audit log. Thread: one.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.h"

namespace tributary::cost {

struct CloseOptions {
  std::filesystem::path to;  // the folder of topics
  std::string tenant;
  std::string period;
  std::string by;
};

// C102 for options. Closing a month twice changes nothing and is said; exit code 0 in both cases.
Result<int> run_close(const CloseOptions& options, std::string& out);

}  // namespace tributary::cost
