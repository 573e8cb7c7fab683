// jobs/cost_attribution/tools/sha256.h
// SHA-256 (FIPS 180-4), for the digest of a published rule document in the audit log. Not for
// secrets.
#pragma once

#include <string>
#include <string_view>

namespace tributary::cost {

// 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace tributary::cost
