// Reads the keys of a chunk of records: their typed values, canonical bytes and hashes.
//
// Owner: one operator, or one call of a key hash kernel. Thread: its slot's. What it gives out is
// valid until the next read() or set().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tributary/internal/key_spec.h>

#include "base/arena.h"
#include "base/key_codec.h"
#include "checkpoint/keyed_state.h"

namespace tributary::internal {

class KeyReader {
 public:
  static constexpr std::uint32_t kChunk = 64;
  enum class Hashes : std::uint8_t { kCompute, kFromBatch };

  KeyReader(KeySpec key, std::shared_ptr<const KeyCodec> codec);

  // Records [from, to), at most kChunk of them.
  void read(const Batch& batch, std::uint32_t from, std::uint32_t to, Hashes hashes);
  // One key, as a timer or a scan knows it, in row 0.
  void set(std::uint64_t hash, std::string_view key_bytes);

  const void* key(std::uint32_t row) const { return keys_.get() + std::size_t{row} * size_; }
  const StateKey& address(std::uint32_t row) const { return addresses_[row]; }
  std::span<StateKey> addresses(std::uint32_t from, std::uint32_t to) {
    return {addresses_ + from, to - from};
  }
  const KeySpec& spec() const { return spec_; }
  const std::shared_ptr<const KeyCodec>& codec() const { return codec_; }

 private:
  char* room_for(std::size_t bytes);

  KeySpec spec_;
  std::shared_ptr<const KeyCodec> codec_;
  std::size_t size_;
  std::unique_ptr<std::byte[]> keys_;
  std::string bytes_;
  std::string own_key_;
  Arena arena_;  // of a key that was set
  StateKey addresses_[kChunk];
};

}  // namespace tributary::internal
