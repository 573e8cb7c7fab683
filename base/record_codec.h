// base/record_codec.h
// The binary form of records (docs/formats/record-codec.md): fields in order, plain ones as fixed
// little-endian runs, texts and counts with varint lengths. No tags: the schema kept beside the
// bytes says what they are.
//
// Thread: a codec is immutable once made and may be used by any thread. Make one per type and keep
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/error.h"
#include "base/type_info.h"

namespace tributary {

namespace internal {
class RecordProgram;
}

// Whether a decoded Text longer than 12 bytes is a view into the input or a copy in the arena.
enum class TextBytes : std::uint8_t { kCopied, kViewInput };

struct DecodeLimits {
  std::uint32_t text_bytes_max = 16 << 20;
  std::uint32_t list_elements_max = 1 << 20;
  // All that one record may take from the arena.
  std::size_t total_bytes_max = 64 << 20;
};

class RecordCodec {
 public:
  explicit RecordCodec(const TypeInfo& type);

  const TypeInfo& type() const { return *type_; }

  // An upper bound of the encoded bytes of this value.
  std::size_t encoded_bytes_max(const void* value) const;
  // Writes to `out`, which has room for encoded_bytes_max(value); returns the position behind.
  char* encode(const void* value, char* out) const;
  // Appends.
  void encode(const void* value, std::string& out) const;

  // Reads one value from the front of `input` and moves `input` behind it. D101 for bytes that are
  // cut off or no value of the type, D102 beyond the limits; `out` then holds zeros. `out` need not
  // be initialised.
  Status decode(std::string_view& input, void* out, Arena& arena, const DecodeLimits& limits = {},
                TextBytes text_bytes = TextBytes::kCopied) const;
  // The same for all of `input`: bytes behind the value are an error.
  Status decode_exact(std::string_view input, void* out, Arena& arena,
                      const DecodeLimits& limits = {},
                      TextBytes text_bytes = TextBytes::kCopied) const;

 private:
  const TypeInfo* type_;
  std::shared_ptr<const internal::RecordProgram> program_;
};

}  // namespace tributary
