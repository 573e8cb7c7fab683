// base/base64.h
// Base64 (RFC 4648, with padding): raw bytes in JSON lines.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace tributary {

std::string base64_encode(std::string_view bytes);
// D101 for anything that base64_encode would not produce.
Result<std::string> base64_decode(std::string_view text);

}  // namespace tributary
