// jobs/cost_attribution/core/quoted.h
// A user's text inside a message: in double quotes, at most 64 bytes, control characters and quotes
// escaped, so that a message stays one line and shows what was written.
#pragma once

#include <string>
#include <string_view>

namespace tributary::cost {

std::string quoted(std::string_view text);

}  // namespace tributary::cost
