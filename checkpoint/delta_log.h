// checkpoint/delta_log.h
// The bytes of deltas: docs/formats/state-snapshots.md. A writer fills chunks, a reader gives the
// records of a piece.
//
// Thread: a writer belongs to its store's slot; a chunk's bytes are immutable and may go anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/varint.h"

namespace tributary {

enum class DeltaKind : std::uint8_t { kPut = 0, kDelete = 1, kDeletePrefix = 2 };

struct DeltaRecord {
  DeltaKind kind = DeltaKind::kPut;
  bool dropped = false;  // had left memory
  std::string_view key;
  std::string_view value;  // kPut
};

inline constexpr std::uint32_t kDeltaChunkRecords = 4096;

class DeltaWriter {
 public:
  explicit DeltaWriter(std::uint64_t epoch) : epoch_(epoch) {}

  std::uint64_t epoch() const { return epoch_; }
  bool empty() const { return records_ == 0; }
  // Time to take() it.
  bool full() const { return records_ >= kDeltaChunkRecords || bytes_.size() >= kChunkBytes; }
  std::size_t bytes() const { return bytes_.size(); }
  void put(std::string_view key, std::string_view value, bool dropped);
  // The same, key and value written in place, each into room for so many bytes: called with where
  // to begin, they give the position behind.
  template <typename WriteKey, typename WriteValue>
  void put(std::size_t key_bytes_max, std::size_t value_bytes_max, bool dropped, WriteKey write_key,
           WriteValue write_value);
  void erase(std::string_view key, bool dropped);
  void erase_prefix(std::string_view prefix);
  // The chunk so far; the writer is empty then.
  std::string take();

 private:
  static constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
  void begin();
  void begin(DeltaKind kind, bool dropped, std::string_view key);
  static char flags_of(DeltaKind kind, bool dropped);
  // The length of what `write` wrote stands before it; mostly that is a byte.
  template <typename Write>
  static char* write_prefixed(char* at, Write write);

  const std::uint64_t epoch_;
  std::string bytes_;
  std::size_t last_bytes_ = 0;  // of the chunk before
  std::uint32_t records_ = 0;
};

template <typename Write>
char* DeltaWriter::write_prefixed(char* at, Write write) {
  char* end = write(at + 1);
  const auto size = static_cast<std::uint32_t>(end - (at + 1));
  if (size < 0x80) [[likely]] {
    *at = static_cast<char>(size);
    return end;
  }
  char length[kVarint32BytesMax];
  const auto length_bytes = static_cast<std::size_t>(write_varint32(size, length) - length);
  std::memmove(at + length_bytes, at + 1, size);
  std::memcpy(at, length, length_bytes);
  return at + length_bytes + size;
}

template <typename WriteKey, typename WriteValue>
void DeltaWriter::put(std::size_t key_bytes_max, std::size_t value_bytes_max, bool dropped,
                      WriteKey write_key, WriteValue write_value) {
  begin();
  const std::size_t before = bytes_.size();
  const std::size_t most = before + 1 + 2 * kVarint32BytesMax + key_bytes_max + value_bytes_max;
  bytes_.resize_and_overwrite(most, [&](char* bytes, std::size_t) {
    char* at = bytes + before;
    *at++ = flags_of(DeltaKind::kPut, dropped);
    at = write_prefixed(at, write_key);
    at = write_prefixed(at, write_value);
    return static_cast<std::size_t>(at - bytes);
  });
}

// Gives the records of a piece in order; S431 if it is not a sequence of chunks. `visit` may end it
// with an error.
Status read_delta_piece(std::string_view piece,
                        const std::function<Status(const DeltaRecord&)>& visit);

}  // namespace tributary
