// base/key_codec.h
// The canonical bytes of keys (docs/formats/key-codec.md): equal keys have equal bytes, bytes sort
// as keys do, and no key's bytes are the front of another's. Hashes, key groups and the place of
// state hang on them: the form is frozen.
//
// Thread: immutable once made; any thread. Make one per key type and keep it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/error.h"
#include "base/type_info.h"

namespace tributary {

// Text within a key: 0x00 becomes 0x00 0xFF, and 0x00 0x01 ends it. Room for 2 * size + 2 bytes.
inline char* encode_key_text(std::string_view text, char* out) {
  constexpr std::size_t kByteByByte = 16;  // numbers have many zeros
  if (text.size() <= kByteByByte) {
    for (const char byte : text) {
      out[0] = byte;
      out[1] = '\xFF';
      out += byte == '\0' ? 2 : 1;
    }
    out[0] = '\0';
    out[1] = '\x01';
    return out + 2;
  }
  for (;;) {
    const auto* zero =
        static_cast<const char*>(text.empty() ? nullptr : std::memchr(text.data(), 0, text.size()));
    const std::size_t plain =
        zero == nullptr ? text.size() : static_cast<std::size_t>(zero - text.data());
    if (plain > 0) std::memcpy(out, text.data(), plain);
    out += plain;
    *out++ = '\0';
    if (zero == nullptr) break;
    *out++ = '\xFF';
    text.remove_prefix(plain + 1);
  }
  *out++ = '\x01';
  return out;
}

class KeyCodec {
 public:
  // `type` is a key type (base/record.h, is_key_v); anything else stops the process.
  explicit KeyCodec(const TypeInfo& type);

  const TypeInfo& type() const { return *type_; }

  // An upper bound of the encoded bytes of this key.
  std::size_t encoded_bytes_max(const void* key) const;
  // The bytes of every key; zero if keys hold Texts and have lengths of their own.
  std::size_t width() const { return type_->has_references ? 0 : fixed_bytes_; }
  // Writes to `out`, which has room for encoded_bytes_max(key); returns the position behind.
  char* encode(const void* key, char* out) const;
  // Appends.
  void encode(const void* key, std::string& out) const;
  // Keys that lie one behind the other, to as many places of width() bytes, which is not zero.
  void encode_all(const void* keys, std::size_t count, char* out) const;

  // Reads one key from the front of `input` and moves `input` behind it. D101 for bytes that no key
  // has; `out` then holds zeros. Long texts are copied to the arena.
  Status decode(std::string_view& input, void* out, Arena& arena) const;
  Status decode_exact(std::string_view input, void* out, Arena& arena) const;

 private:
  enum class Op : std::uint8_t { kUnsigned, kSigned, kBool, kEnum, kCurrency, kText };
  struct Step {
    Op op = Op::kUnsigned;
    std::uint8_t size = 0;
    std::uint32_t offset = 0;
    const TypeInfo* type = nullptr;
  };

  void add(const TypeInfo& type, std::uint32_t offset);
  Status decode_step(const Step& step, std::string_view& input, char* out, Arena& arena) const;
  Status decode_text(std::string_view& input, char* out, Arena& arena) const;
  std::unexpected<Error> malformed(const Step& step, std::string_view reason) const;

  const TypeInfo* type_;
  std::vector<Step> steps_;      // nested records flattened
  std::size_t fixed_bytes_ = 0;  // Texts count as empty
};

}  // namespace tributary
