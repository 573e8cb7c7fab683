// Any bytes are either the bytes of one key, which encodes to them again, or are refused.
#include "base/key_codec.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/base/sample_records.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tributary;
  static const KeyCodec codec(type_info<sample::FullKey>());
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Arena arena;
  sample::FullKey key;
  std::string_view input = bytes;
  if (!codec.decode(input, &key, arena)) return 0;
  std::string again;
  codec.encode(&key, again);
  if (again != bytes.substr(0, size - input.size())) __builtin_trap();
  return 0;
}
