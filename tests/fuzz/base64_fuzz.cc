// A text is the base64 of some bytes, and of these alone, or is refused; any bytes come back.
#include "base/base64.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tributary;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto bytes = base64_decode(text)) TRIBUTARY_CHECK(base64_encode(*bytes) == text);
  TRIBUTARY_CHECK(base64_decode(base64_encode(text)).value() == text);
  return 0;
}
