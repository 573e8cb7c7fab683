// checkpoint/model_lsm.h
// An ordered store in memory that behaves towards its files as RocksDB does: immutable sorted
// files, a manifest that names them, numbers that go on from the manifest and so come again after
// an older one is opened, files that disappear when they are merged. For simulation and tests.
//
// Each store keeps everything in memory. Thread: any, one at a time (a lock sees to it).
#pragma once

#include <memory>
#include <string>

#include "base/file_system.h"
#include "checkpoint/lsm.h"

namespace tributary {

class ModelLsmFactory final : public LsmFactory {
 public:
  // `files` outlives all stores.
  explicit ModelLsmFactory(FileSystem& files) : files_(files) {}
  Result<std::unique_ptr<Lsm>> open(const std::string& folder) override;

 private:
  FileSystem& files_;
};

}  // namespace tributary
