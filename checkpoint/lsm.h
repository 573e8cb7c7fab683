// checkpoint/lsm.h
// What the tiered store and the folding of snapshots need of an ordered key-value store. RocksDB
// implements it (rocksdb_lsm.h), and a model over the file seam for simulation (model_lsm.h).
//
// Calls block: they belong to the I/O pool, except reads that a slot does itself for want of
// better (rule 40). Thread: reads from any thread at once; one writer at a time. Nothing is
// durable but what checkpoint() made: there is no log, the snapshot is the truth.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tributary {

// Puts and deletes by key; a missing value deletes.
struct LsmWrite {
  std::string key;
  std::optional<std::string> value;
};

class Lsm {
 public:
  virtual ~Lsm() = default;

  // values[i] is for keys[i], nothing if it is absent. Keys ascend.
  virtual Status multi_get(std::span<const std::string> keys,
                           std::span<std::optional<std::string>> values) = 0;
  // Keys in [from, to) in order until `visit` returns false; an empty `to` is the end.
  virtual Status scan(
      std::string_view from, std::string_view to,
      const std::function<bool(std::string_view key, std::string_view value)>& visit) = 0;
  // First what begins with one of the prefixes is deleted, then the writes are done. Their keys
  // ascend strictly.
  virtual Status apply(std::span<const std::string> deleted_prefixes,
                       std::span<const LsmWrite> writes) = 0;
  // Makes `folder`, which must not exist: a store with what this one holds now, its files durable
  // and linked where possible. This one goes on.
  virtual Status checkpoint(const std::string& folder) = 0;
};

class LsmFactory {
 public:
  virtual ~LsmFactory() = default;
  // What lies in `folder`, or an empty store in it. Any thread.
  virtual Result<std::unique_ptr<Lsm>> open(const std::string& folder) = 0;
};

// The least string above all that begin with `prefix`; empty if there is none.
std::string end_of_prefix(std::string_view prefix);

}  // namespace tributary
