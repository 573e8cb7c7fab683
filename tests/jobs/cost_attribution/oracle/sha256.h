// tests/jobs/cost_attribution/oracle/sha256.h
// FIPS 180-4, for the `sha256` of a published rule document. Pure.
#pragma once

#include <string>

namespace tributary::cost_oracle {

// 64 lower-case hex digits.
std::string sha256_hex(const std::string& bytes);

}  // namespace tributary::cost_oracle
