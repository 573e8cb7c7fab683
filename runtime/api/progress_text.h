// runtime/api/progress_text.h
// Progress for people (a block for a terminal, a line for a log) and for programs (a JSON object a
// line).
//
// Pure. Only the texts for people have thousands separators; the JSON's names are documented in
// docs/cli.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/api/progress.h"

namespace tributary {

// "1,234,567".
std::string grouped(std::int64_t number);
// "0.31 s", "12.3 s", "3 min 20 s".
std::string seconds_text(double seconds);

// One line for the job, one for each stage, one for the bottleneck; each cut to `width` columns.
std::vector<std::string> progress_block(const JobProgress& progress, std::string_view job,
                                        std::size_t width);
std::string progress_line(const JobProgress& progress);
// {"event":"progress",…} without a newline.
std::string progress_json(const JobProgress& progress, std::string_view job);

// "backpressured: charges waits for hourly-cost, which is busy 98 % of the time"
std::string bottleneck_text(const JobProgress& progress);

}  // namespace tributary
