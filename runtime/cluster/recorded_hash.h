// runtime/cluster/recorded_hash.h
// 128 bits as a job's record and manifests hold them: 16 bytes, high half first, so that their
// hexadecimal form is Hash128::to_hex().
//
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/hash.h"

namespace tributary {

std::string recorded_bytes(Hash128 hash);
// Of bytes that came from elsewhere the first 16 count; what is missing is 0.
Hash128 recorded_hash(std::string_view bytes);

}  // namespace tributary
