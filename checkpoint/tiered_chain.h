// checkpoint/tiered_chain.h
// The chain of a task's snapshots: what it restored from, the deltas since, and which of their
// chunks are stored. docs/formats/state-snapshots.md.
//
// Owner: TieredStore; its slot's thread only. Invariant (rule 26): a chunk that was handed out
// stays in the chain, as a stored piece or as bytes in memory, until a fold has it in a base.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/delta_log.h"
#include "checkpoint/state_hazards.h"
#include "checkpoint/state_snapshot.pb.h"

namespace tributary {

struct DeltaChunk {
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;  // within the epoch, from 1
  std::shared_ptr<const std::string> bytes;
};

// Takes chunks to where they will be stored, without waiting: called on the slot's thread. Chunks
// of an epoch come in order, but two epochs may take turns. A chunk that could not be stored comes
// again. Whoever stores them calls TieredStore::chunks_stored or chunks_lost, on the slot's thread.
class DeltaSink {
 public:
  virtual ~DeltaSink() = default;
  virtual void add(const DeltaChunk& chunk) = 0;
};

class TieredChain {
 public:
  TieredChain(DeltaSink* sink, std::uint32_t group_begin, std::uint32_t group_end,
              const StateHazards& hazards = {});

  // What the task was restored from; before anything is written.
  void restore(std::vector<checkpoint::StateLayer> layers) { inherited_ = std::move(layers); }

  std::uint64_t epoch() const { return current_->epoch(); }
  DeltaWriter& current() { return *current_; }
  DeltaWriter& frozen() { return *frozen_; }
  // After each record.
  void written(DeltaWriter& writer) {
    if (writer.full()) [[unlikely]]
      cut(writer);
  }
  // A barrier: what is current is frozen. Offers again what was lost.
  void freeze();
  // Nothing comes into the frozen delta any more.
  void end_sweep();
  bool sweeping() const { return frozen_.has_value(); }

  void chunks_stored(std::uint64_t epoch, std::uint64_t first, std::uint64_t last,
                     const checkpoint::PieceRef& piece);
  void chunks_lost(std::uint64_t epoch, std::uint64_t first, std::uint64_t last);

  // All deltas up to the last freeze are swept and stored.
  bool complete() const;
  // When complete.
  std::vector<checkpoint::StateLayer> layers() const;
  std::uint64_t frozen_epoch() const { return frozen_epoch_; }
  // When complete: whether it is time for a fold or a renewal.
  bool fold_is_due(std::uint64_t base_bytes_min) const;
  void fold_began();
  void fold_ended(const checkpoint::StateLayer* base);
  // The deltas from `epoch` on hold everything: what came before is forgotten. When complete.
  void begin_at(std::uint64_t epoch);

  // Bytes that wait here for being stored or swept.
  std::size_t bytes() const;

 private:
  struct Unstored {
    DeltaChunk chunk;
    bool lost = false;
  };
  void cut(DeltaWriter& writer);

  DeltaSink* const sink_;
  const std::uint32_t group_begin_;
  const std::uint32_t group_end_;
  const StateHazards hazards_;
  std::optional<DeltaWriter> current_;
  std::optional<DeltaWriter> frozen_;
  std::uint64_t current_chunks_ = 0;
  std::uint64_t frozen_chunks_ = 0;
  std::uint64_t frozen_epoch_ = 0;
  std::map<std::pair<std::uint64_t, std::uint64_t>, Unstored> unstored_;
  std::size_t unstored_bytes_ = 0;

  std::vector<checkpoint::StateLayer> inherited_;
  std::vector<checkpoint::BaseFile> base_;
  // By epoch and first chunk.
  std::map<std::pair<std::uint64_t, std::uint64_t>, checkpoint::DeltaPiece> pieces_;
  std::uint64_t whole_bytes_ = 0;  // of the pieces that hold everything
  std::optional<std::uint64_t> folding_epoch_;
};

}  // namespace tributary
