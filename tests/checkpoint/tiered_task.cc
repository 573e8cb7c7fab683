#include "tests/checkpoint/tiered_task.h"

#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/local_file_system.h"
#include "base/memory_file_system.h"
#include "checkpoint/model_lsm.h"
#include "checkpoint/rocksdb_lsm.h"

namespace tributary::testing_state {

TieredWorld::TieredWorld(Kind kind, std::uint64_t seed) : random_(seed), io_(seed) {
  if (kind == Kind::kModel) {
    files_ = std::make_unique<MemoryFileSystem>();
    lsm_ = std::make_unique<ModelLsmFactory>(*files_);
    root_ = "world";
  } else {
    std::string folder = testing::TempDir() + "/tiered-XXXXXX";
    root_ = mkdtemp(folder.data());
    files_ = std::make_unique<LocalFileSystem>();
    lsm_ = std::make_unique<RocksDbLsmFactory>();
  }
  blobs_ = std::make_unique<LocalBlobStore>(*files_, root_ + "/blobs", random_);
}

TieredWorld::~TieredWorld() {
  lsm_.reset();
  if (!files_->remove_tree(root_)) ADD_FAILURE() << root_ << " is left";
}

TieredTask::TieredTask(TieredWorld& world, const TieredOptions& options, const Clock* clock)
    : world_(world),
      store_(std::make_unique<TieredStore>(
          options,
          BackingFiles{.lsm = &world.lsm(), .io = &world.io(), .folder = world.new_folder()}, this,
          clock)) {}

void TieredTask::begin_restore(const std::vector<checkpoint::StateSnapshot>& snapshots) {
  const Status status = store_->begin_restore(snapshots, world_.places());
  ASSERT_TRUE(status.has_value()) << status.error().what();
}

void TieredTask::settle() {
  std::size_t least = SIZE_MAX;
  for (int idle = 0; idle < 20 && store_->maintain(); ++idle) {
    world_.io().run_all();
    // What waits to be stored takes room as well.
    store_chunks();
    if (store_->bytes() < least) {
      least = store_->bytes();
      idle = 0;
    }
  }
  world_.io().run_all();
  (void)store_->maintain();
  ASSERT_TRUE(store_->status().has_value()) << store_->status().error().what();
}

void TieredTask::store_chunks(std::size_t count) {
  std::ranges::sort(waiting_, {},
                    [](const DeltaChunk& chunk) { return std::pair(chunk.epoch, chunk.number); });
  std::size_t from = 0;
  count = std::min(count, waiting_.size());
  while (from < count) {
    std::string bytes;
    std::size_t to = from;
    while (to < count && waiting_[to].epoch == waiting_[from].epoch &&
           waiting_[to].number == waiting_[from].number + (to - from))
      bytes += *waiting_[to++].bytes;
    auto blob = world_.blobs().create("uid/lineage/1/1");
    ASSERT_TRUE(blob.has_value());
    // A piece may lie anywhere in a blob.
    ASSERT_TRUE((*blob)->append("packed").has_value());
    ASSERT_TRUE((*blob)->append(bytes).has_value());
    auto stored = (*blob)->finish();
    ASSERT_TRUE(stored.has_value()) << stored.error().what();
    checkpoint::PieceRef piece;
    *piece.mutable_blob() = *stored;
    piece.set_offset(6);
    piece.set_length(bytes.size());
    const Hash128 hash = xxh3_128(bytes);
    piece.set_hash_high(hash.high);
    piece.set_hash_low(hash.low);
    store_->chunks_stored(waiting_[from].epoch, waiting_[from].number, waiting_[to - 1].number,
                          piece);
    from = to;
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
}

void TieredTask::lose_chunks() {
  for (const DeltaChunk& chunk : waiting_)
    store_->chunks_lost(chunk.epoch, chunk.number, chunk.number);
  waiting_.clear();
}

checkpoint::StateSnapshot TieredTask::snapshot() {
  const Status frozen = store_->freeze();
  EXPECT_TRUE(frozen.has_value()) << frozen.error().what();
  while (!store_->sweep()) {
  }
  store_chunks();
  auto snapshot = store_->snapshot();
  EXPECT_TRUE(snapshot.has_value());
  return snapshot.value_or(checkpoint::StateSnapshot());
}

bool TieredTask::fold() {
  const auto request = store_->fold_request();
  if (!request) return false;
  const auto folded = fold_layers(world_.places(), *request, store_->groups(), world_.new_folder(),
                                  "uid/lineage/1/base");
  EXPECT_TRUE(folded.has_value()) << folded.error().what();
  store_->fold_ended(folded ? &*folded : nullptr);
  return true;
}

std::vector<std::string> delta_records(TieredWorld& world,
                                       const checkpoint::StateSnapshot& snapshot) {
  std::vector<std::string> records;
  const std::vector<checkpoint::StateLayer> layers(snapshot.layers().begin(),
                                                   snapshot.layers().end());
  const Status status =
      replay_deltas(world.blobs(), layers, [&](const DeltaRecord& record) -> Status {
        constexpr const char* kKinds[] = {"put ", "delete ", "delete-prefix "};
        const auto address = parse_entry_key(record.key);
        records.push_back(
            std::string(record.dropped ? "dropped " : "") +
            kKinds[static_cast<std::size_t>(record.kind)] +
            (address ? address->key + (address->map_key.empty() ? "" : "/" + address->map_key)
                     : "?"));
        return {};
      });
  EXPECT_TRUE(status.has_value()) << status.error().what();
  return records;
}

}  // namespace tributary::testing_state
