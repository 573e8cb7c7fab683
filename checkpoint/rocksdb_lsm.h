// checkpoint/rocksdb_lsm.h
// RocksDB as the ordered store of a task: one instance per stateful task (rule 23), opened lazily
// by whoever needs it, all of a process sharing block cache, write-buffer budget and background
// threads.
//
// Owner: the process has one RocksDbLsmFactory, outlived by no store made of it. The only file that
// knows RocksDB. The WAL is off: nothing is durable but checkpoints.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "checkpoint/lsm.h"

namespace tributary {

struct RocksDbOptions {
  // Index and filter blocks and write buffers are charged to it (rule 39).
  std::size_t block_cache_bytes = std::size_t{64} << 20;
  std::size_t write_buffer_bytes = std::size_t{32} << 20;
  int background_threads = 2;
};

class RocksDbLsmFactory final : public LsmFactory {
 public:
  explicit RocksDbLsmFactory(const RocksDbOptions& options = {});
  ~RocksDbLsmFactory() override;

  Result<std::unique_ptr<Lsm>> open(const std::string& folder) override;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace tributary
