// ByteReader on any bytes, by a script that the first bytes hold: it never reads outside, stays
// failed, and what it reads has one form only.
#include "base/bytes.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tributary;
  if (size == 0) return 0;
  const std::size_t script_size = std::min<std::size_t>(data[0] % 32 + 1U, size);
  const std::string_view bytes(reinterpret_cast<const char*>(data) + script_size,
                               size - script_size);
  ByteReader reader(bytes);
  std::string written;
  ByteWriter writer(written);
  for (std::size_t i = 1; i < script_size; ++i) {
    const bool was_ok = reader.ok();
    std::string one;
    ByteWriter next(one);
    switch (data[i] % 8) {
      case 0:
        next.fixed(reader.fixed<std::uint8_t>());
        break;
      case 1:
        next.fixed(reader.fixed<std::int32_t>());
        break;
      case 2:
        next.fixed(reader.fixed<bool>());
        break;
      case 3:
        next.varint(reader.varint());
        break;
      case 4:
        next.zigzag(reader.zigzag());
        break;
      case 5:
        next.prefixed(reader.prefixed(1'000));
        break;
      case 6:
        next.int128(reader.int128());
        break;
      case 7:
        next.varint(reader.count(1'000, 3));
        break;
      default:
        break;
    }
    TRIBUTARY_CHECK(was_ok || !reader.ok(), "a failed reader recovered");
    if (!reader.ok()) return 0;
    writer.raw(one);
  }
  TRIBUTARY_CHECK(written == bytes.substr(0, bytes.size() - reader.left()),
                  "two forms of one value");
  return 0;
}
