// checkpoint/tiered_backing.h
// A task's working store: an Lsm that is opened by the first write, written by the I/O pool alone,
// one batch at a time, and read by it or, inline, by the slot.
//
// Owner: TieredStore; its slot's thread only. Answers come back when the owner calls poll();
// `wake` says from the pool's thread that there is one. What is under way when this is destroyed
// ends without anybody to tell.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_set.h>

#include "base/io_pool.h"
#include "checkpoint/lsm.h"

namespace tributary {

struct BackingFiles {
  LsmFactory* lsm = nullptr;  // null: there is no working store, and nothing ever leaves memory
  IoPool* io = nullptr;
  std::string folder;          // of the working store; made when it is needed
  std::function<void()> wake;  // may be null
};

class TieredBacking {
 public:
  explicit TieredBacking(BackingFiles files);

  bool exists() const { return files_.lsm != nullptr; }
  const std::string& folder() const { return files_.folder; }
  // Whether a read may find anything.
  bool holds_any() const { return holds_any_; }
  // The store holds what `lsm` has.
  void adopt(std::unique_ptr<Lsm> lsm);

  // Inline: these block.
  Status multi_get(std::span<const std::string> keys, std::span<std::optional<std::string>> values);
  Status scan(std::string_view from, std::string_view to,
              const std::function<bool(std::string_view, std::string_view)>& visit);
  // Opens the store if need be, and writes what was to be deleted first. For a restore.
  Status write_now(std::span<const LsmWrite> writes);

  // With the next write, before it.
  void delete_prefix(std::string prefix) { deleted_prefixes_.push_back(std::move(prefix)); }
  bool writing() const { return writing_; }
  // Not while writing(). Keys ascend strictly.
  void write(std::vector<LsmWrite> writes, std::function<void(Status)> done);

  using Values = std::vector<std::optional<std::string>>;
  // Keys ascend.
  void read(std::vector<std::string> keys,
            std::function<void(std::span<const std::string>, Result<Values>)> done);
  // A key left memory with a newer value than reads under way may bring, or a range was deleted.
  void left_memory(std::string_view lsm_key);
  void forget_reads();
  // While an answer is given: whether it may be old for this key.
  bool may_be_old(std::string_view lsm_key) const;

  // Gives answers to who asked.
  void poll();

 private:
  struct Shared;

  const BackingFiles files_;
  const std::shared_ptr<Shared> shared_;
  bool holds_any_ = false;
  bool writing_ = false;
  std::vector<std::string> deleted_prefixes_;
  std::size_t reading_ = 0;
  std::uint64_t reads_from_ = 0;  // reads before this one may be old for any key
  std::uint64_t last_read_ = 0;
  std::uint64_t answering_ = 0;
  absl::flat_hash_set<std::uint64_t> left_;  // hashes of keys, while reads are under way
};

}  // namespace tributary
