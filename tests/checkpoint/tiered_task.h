// tests/checkpoint/tiered_task.h
// One task around a tiered store, as the engine will be: stores its chunks, keeps its snapshots,
// crashes and restores, over the model store in a memory file system or over RocksDB on the disk.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/io_pool.h"
#include "base/random.h"
#include "checkpoint/local_blob_store.h"
#include "checkpoint/lsm.h"
#include "checkpoint/tiered_store.h"

namespace tributary::testing_state {

// What outlives a task: files, blobs, the process's factory of stores.
class TieredWorld {
 public:
  enum class Kind : std::uint8_t { kModel, kRocksDb };
  explicit TieredWorld(Kind kind, std::uint64_t seed = 1);
  ~TieredWorld();

  FileSystem& files() { return *files_; }
  LsmFactory& lsm() { return used_ != nullptr ? *used_ : *lsm_; }
  // From now on tasks open their stores by this one.
  void use(LsmFactory& lsm) { used_ = &lsm; }
  BlobStore& blobs() { return *blobs_; }
  LayerPlaces places() { return {blobs_.get(), files_.get(), lsm_.get()}; }
  ManualIoPool& io() { return io_; }
  // A folder that nobody was given before.
  std::string new_folder() { return root_ + "/folder-" + std::to_string(++folders_); }

 private:
  std::string root_;
  std::unique_ptr<FileSystem> files_;
  std::unique_ptr<LsmFactory> lsm_;
  LsmFactory* used_ = nullptr;
  SeededRandomSource random_;
  std::unique_ptr<BlobStore> blobs_;
  ManualIoPool io_;
  int folders_ = 0;
};

class TieredTask final : public DeltaSink {
 public:
  TieredTask(TieredWorld& world, const TieredOptions& options, const Clock* clock = nullptr);

  TieredStore& store() { return *store_; }
  KeyedState& state() { return **store_->operator_state("op"); }

  // Before finish_restore(), so that the test can declare its states in between.
  void begin_restore(const std::vector<checkpoint::StateSnapshot>& snapshots);
  // Turns and I/O until memory is within its bound.
  void settle();

  // Stores waiting chunks, up to `count` of them as one piece each epoch.
  void store_chunks(std::size_t count = SIZE_MAX);
  // They could not be stored.
  void lose_chunks();
  // Freezes, sweeps and stores everything.
  checkpoint::StateSnapshot snapshot();
  // Folds if the store asks for it; true if it did.
  bool fold();

  const std::vector<DeltaChunk>& waiting() const { return waiting_; }

 private:
  void add(const DeltaChunk& chunk) override { waiting_.push_back(chunk); }

  TieredWorld& world_;
  std::vector<DeltaChunk> waiting_;
  std::unique_ptr<TieredStore> store_;
};

// The records of a snapshot's deltas, by key in hexadecimal; for looking into it.
std::vector<std::string> delta_records(TieredWorld& world,
                                       const checkpoint::StateSnapshot& snapshot);

}  // namespace tributary::testing_state
