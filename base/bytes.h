// base/bytes.h
// Bytes of our formats: little-endian integers, varints and length-prefixed strings, written to a
// std::string and read back within bounds. Big-endian helpers keep the order of keys.
//
// The reader trusts nothing: it never reads past its end, and after the first failure every read
// fails and gives zero, so that a decoder may check ok() once. Each number has one form: over-long
// varints are refused.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tributary {

static_assert(std::endian::native == std::endian::little, "the formats are little-endian");

class ByteWriter {
 public:
  // Appends to `out`, which must outlive the writer.
  explicit ByteWriter(std::string& out) : out_(out) {}

  template <std::integral T>
  void fixed(T value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void int128(__int128 value) { out_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  // LEB128: seven bits a byte, at most ten bytes.
  void varint(std::uint64_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<char>(value));
  }
  // Small magnitudes stay short: 0, -1, 1, -2 …
  void zigzag(std::int64_t value) {
    varint((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }
  void raw(std::string_view bytes) { out_.append(bytes); }
  // The length as a varint, then the bytes.
  void prefixed(std::string_view bytes) {
    varint(bytes.size());
    raw(bytes);
  }
  std::size_t size() const { return out_.size(); }

 private:
  std::string& out_;
};

class ByteReader {
 public:
  // Views into `bytes`, which must outlive the reader and what it gives.
  explicit ByteReader(std::string_view bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool ok() const { return ok_; }
  // All read and nothing failed.
  bool finished() const { return ok_ && at_ == end_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  std::string_view rest() const { return {at_, left()}; }
  // For a decoder that finds a value of its own wrong. False, to be returned.
  bool fail() {
    ok_ = false;
    at_ = end_;
    return false;
  }

  template <std::integral T>
  T fixed() {
    if constexpr (std::same_as<T, bool>) {
      const auto byte = fixed<std::uint8_t>();
      if (byte > 1) fail();
      return byte == 1;
    } else {
      T value = 0;
      if (left() < sizeof value) {
        fail();
        return 0;
      }
      std::memcpy(&value, at_, sizeof value);
      at_ += sizeof value;
      return value;
    }
  }
  __int128 int128() {
    const auto low = fixed<std::uint64_t>();
    const auto high = fixed<std::uint64_t>();
    if (!ok_) return 0;
    return static_cast<__int128>((static_cast<unsigned __int128>(high) << 64) | low);
  }
  // At most `limit`, in its shortest form.
  std::uint64_t varint(std::uint64_t limit = UINT64_MAX) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      if (at_ == end_) break;
      const auto byte = static_cast<std::uint8_t>(*at_++);
      if (shift == 63 && byte > 1) break;
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte >= 0x80) continue;
      if ((byte == 0 && shift != 0) || value > limit) break;
      return value;
    }
    fail();
    return 0;
  }
  std::int64_t zigzag() {
    const std::uint64_t value = varint();
    return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
  }
  std::string_view raw(std::size_t size) {
    if (left() < size) {
      fail();
      return {};
    }
    const std::string_view bytes(at_, size);
    at_ += size;
    return bytes;
  }
  // At most `limit` bytes.
  std::string_view prefixed(std::uint64_t limit) {
    const std::uint64_t size = varint(limit);
    return ok_ ? raw(size) : std::string_view{};
  }
  // How many elements follow: refused when they cannot fit into what is left, so that nobody
  // reserves memory for a count that is a lie. `element_bytes` (>= 1) is the least that an element
  // takes.
  std::uint64_t count(std::uint64_t limit, std::size_t element_bytes = 1) {
    const std::uint64_t value = varint(limit);
    if (value <= left() / element_bytes) return value;
    fail();
    return 0;
  }

 private:
  const char* at_;
  const char* end_;
  bool ok_ = true;
};

// Integers whose bytes sort as their values.
template <std::unsigned_integral T>
void append_big_endian(std::string& out, T value) {
  for (int shift = static_cast<int>(sizeof value) * 8 - 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> shift));
}
// `from` has sizeof(T) bytes.
template <std::unsigned_integral T>
T read_big_endian(const char* from) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value = (value << 8) | static_cast<std::uint8_t>(from[i]);
  return static_cast<T>(value);
}
// The sign bit flipped, so that negative numbers sort first.
inline void append_ordered(std::string& out, std::int64_t value) {
  append_big_endian(out, static_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 63));
}
inline std::int64_t read_ordered(const char* from) {
  return static_cast<std::int64_t>(read_big_endian<std::uint64_t>(from) ^ (std::uint64_t{1} << 63));
}

}  // namespace tributary
