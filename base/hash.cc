#include "base/hash.h"

#define XXH_INLINE_ALL
#include <charconv>
#include <xxhash.h>

namespace tributary {

void Hash128::to_hex(char* out) const {
  constexpr char kDigits[] = "0123456789abcdef";
  for (std::size_t i = 0; i < 16; ++i) {
    out[i] = kDigits[(high >> (60 - 4 * i)) & 15];
    out[16 + i] = kDigits[(low >> (60 - 4 * i)) & 15];
  }
}

std::string Hash128::to_hex() const {
  std::string hex(32, '0');
  to_hex(hex.data());
  return hex;
}

std::optional<Hash128> Hash128::from_hex(std::string_view text) {
  if (text.size() != 32) return std::nullopt;
  for (const char c : text)
    if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) return std::nullopt;
  Hash128 hash;
  std::from_chars(text.data(), text.data() + 16, hash.high, 16);
  std::from_chars(text.data() + 16, text.data() + 32, hash.low, 16);
  return hash;
}

std::uint64_t xxh3_64(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

void xxh3_64_each(const char* bytes, std::size_t width, std::span<std::uint64_t> hashes) {
  if (width == 8) {  // a width that the compiler knows saves two thirds
    for (std::uint64_t& hash : hashes) {
      hash = XXH3_64bits(bytes, 8);
      bytes += 8;
    }
    return;
  }
  for (std::uint64_t& hash : hashes) {
    hash = XXH3_64bits(bytes, width);
    bytes += width;
  }
}

Hash128 xxh3_128(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

struct Hasher128::State {
  XXH3_state_t xxh;
};

Hasher128::Hasher128() : state_(std::make_unique<State>()) { reset(); }
Hasher128::Hasher128(Hasher128&&) noexcept = default;
Hasher128& Hasher128::operator=(Hasher128&&) noexcept = default;
Hasher128::~Hasher128() = default;

void Hasher128::update(std::string_view bytes) {
  XXH3_128bits_update(&state_->xxh, bytes.data(), bytes.size());
}

Hash128 Hasher128::digest() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(&state_->xxh);
  return {hash.high64, hash.low64};
}

void Hasher128::reset() {
  XXH3_INITSTATE(&state_->xxh);
  XXH3_128bits_reset(&state_->xxh);
}

}  // namespace tributary
