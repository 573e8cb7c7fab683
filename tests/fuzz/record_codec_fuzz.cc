// Any bytes either decode to a value whose bytes are these, or are refused.
#include "base/record_codec.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/base/sample_records.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tributary;
  static const RecordCodec codec(type_info<sample::Invoice>());
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const TextBytes mode : {TextBytes::kCopied, TextBytes::kViewInput}) {
    Arena arena;
    sample::Invoice value;
    if (!codec.decode_exact(input, &value, arena, {.total_bytes_max = 1 << 20}, mode)) continue;
    std::string bytes;
    codec.encode(&value, bytes);
    if (bytes != input) __builtin_trap();
  }
  return 0;
}
