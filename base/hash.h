// base/hash.h
// The hashes of the engine: XXH3 with seed 0 for keys, checksums and ids (stable: stored and sent),
// and a mixer of 64-bit integers for tables in memory (may change with any release).
//
// Thread: values; a Hasher128 belongs to one thread.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tributary {

// 128 bits; the text is 32 lower-case hex digits, high half first (XXH's canonical form).
struct Hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  std::string to_hex() const;
  // Writes the 32 digits.
  void to_hex(char* out) const;
  static std::optional<Hash128> from_hex(std::string_view text);
  friend constexpr auto operator<=>(const Hash128&, const Hash128&) = default;
};

std::uint64_t xxh3_64(std::string_view bytes);
// hashes[i] = xxh3_64 of the i-th `width` bytes, for as many as there are hashes.
void xxh3_64_each(const char* bytes, std::size_t width, std::span<std::uint64_t> hashes);
Hash128 xxh3_128(std::string_view bytes);

// Spreads every bit of `value` over all 64 (MurmurHash3's finaliser). The constant keeps 0 from
// being a fixed point.
constexpr std::uint64_t mix64(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15;
  value = (value ^ (value >> 33)) * 0xFF51AFD7ED558CCD;
  value = (value ^ (value >> 33)) * 0xC4CEB9FE1A85EC53;
  return value ^ (value >> 33);
}

// XXH3-128 of bytes that come in pieces: equals xxh3_128 of all of them at once.
class Hasher128 {
 public:
  Hasher128();
  Hasher128(Hasher128&&) noexcept;
  Hasher128& operator=(Hasher128&&) noexcept;
  ~Hasher128();

  void update(std::string_view bytes);
  // Of everything so far; more may follow.
  Hash128 digest() const;
  void reset();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tributary
