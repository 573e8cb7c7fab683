// checkpoint/delta_log.h
// The bytes of deltas: docs/formats/state-snapshots.md. A writer fills chunks, a reader gives the
// records of a piece.
//
// Thread: a writer belongs to its store's slot; a chunk's bytes are immutable and may go anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

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
  void erase(std::string_view key, bool dropped);
  void erase_prefix(std::string_view prefix);
  // The chunk so far; the writer is empty then.
  std::string take();

 private:
  static constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
  void begin(DeltaKind kind, bool dropped, std::string_view key);

  const std::uint64_t epoch_;
  std::string bytes_;
  std::size_t last_bytes_ = 0;  // of the chunk before
  std::uint32_t records_ = 0;
};

// Gives the records of a piece in order; S431 if it is not a sequence of chunks. `visit` may end it
// with an error.
Status read_delta_piece(std::string_view piece,
                        const std::function<Status(const DeltaRecord&)>& visit);

}  // namespace tributary
