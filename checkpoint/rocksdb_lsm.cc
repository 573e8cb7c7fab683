#include "checkpoint/rocksdb_lsm.h"

#include <utility>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>

namespace tributary {
namespace {

// From here on a batch becomes a file of its own: a fifth of the cost of the write path.
constexpr std::size_t kIngestFromBytes = std::size_t{4} << 20;
constexpr int kBloomBitsPerKey = 10;
constexpr std::size_t kBlockBytes = 4096;

Status checked(const rocksdb::Status& status, std::string_view attempted,
               const std::string& folder) {
  if (status.ok()) return {};
  return fail(ErrorCode::S430, "{} the state in {}: {}", attempted, folder, status.ToString());
}

rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

class RocksDbLsm final : public Lsm {
 public:
  RocksDbLsm(std::shared_ptr<const void> shared, std::unique_ptr<rocksdb::DB> db,
             rocksdb::Options options, std::string folder)
      : shared_(std::move(shared)),
        options_(std::move(options)),
        folder_(std::move(folder)),
        db_(std::move(db)) {
    write_.disableWAL = true;
  }

  Status multi_get(std::span<const std::string> keys,
                   std::span<std::optional<std::string>> values) override {
    std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
    std::vector<rocksdb::PinnableSlice> found(keys.size());
    std::vector<rocksdb::Status> statuses(keys.size());
    db_->MultiGet({}, db_->DefaultColumnFamily(), keys.size(), slices.data(), found.data(),
                  statuses.data(), /*sorted_input=*/true);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (statuses[i].IsNotFound()) {
        values[i].reset();
        continue;
      }
      TRY(checked(statuses[i], "reading", folder_));
      values[i].emplace(found[i].data(), found[i].size());
    }
    return {};
  }

  Status scan(
      std::string_view from, std::string_view to,
      const std::function<bool(std::string_view key, std::string_view value)>& visit) override {
    rocksdb::ReadOptions options;
    const rocksdb::Slice end = slice(to);
    if (!to.empty()) options.iterate_upper_bound = &end;
    const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(options));
    for (at->Seek(slice(from)); at->Valid(); at->Next())
      if (!visit(at->key().ToStringView(), at->value().ToStringView())) break;
    return checked(at->status(), "scanning", folder_);
  }

  Status apply(std::span<const std::string> deleted_prefixes,
               std::span<const LsmWrite> writes) override {
    std::size_t bytes = 0;
    for (const LsmWrite& write : writes)
      bytes += write.key.size() + (write.value ? write.value->size() : 0);
    const bool ingests = bytes >= kIngestFromBytes;
    rocksdb::WriteBatch batch;
    for (const std::string& prefix : deleted_prefixes) {
      const std::string end = end_of_prefix(prefix);
      TRY(checked(batch.DeleteRange(db_->DefaultColumnFamily(), slice(prefix), slice(end)),
                  "deleting from", folder_));
    }
    if (!ingests)
      for (const LsmWrite& write : writes)
        TRY(checked(write.value ? batch.Put(slice(write.key), slice(*write.value))
                                : batch.Delete(slice(write.key)),
                    "writing", folder_));
    if (batch.Count() > 0) TRY(checked(db_->Write(write_, &batch), "writing", folder_));
    return ingests ? ingest(writes) : Status();
  }

  Status checkpoint(const std::string& folder) override {
    rocksdb::Checkpoint* made = nullptr;
    TRY(checked(rocksdb::Checkpoint::Create(db_.get(), &made), "checkpointing", folder_));
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
    return checked(checkpoint->CreateCheckpoint(folder), "checkpointing", folder_);
  }

 private:
  Status ingest(std::span<const LsmWrite> writes) {
    const std::string path = folder_ + "/ingest-" + std::to_string(++ingested_) + ".tmp";
    rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), options_);
    TRY(checked(writer.Open(path), "writing", folder_));
    for (const LsmWrite& write : writes)
      TRY(checked(write.value ? writer.Put(slice(write.key), slice(*write.value))
                              : writer.Delete(slice(write.key)),
                  "writing", folder_));
    TRY(checked(writer.Finish(), "writing", folder_));
    rocksdb::IngestExternalFileOptions options;
    options.move_files = true;
    return checked(db_->IngestExternalFile({path}, options), "writing", folder_);
  }

  const std::shared_ptr<const void> shared_;  // outlives db_
  const rocksdb::Options options_;
  const std::string folder_;
  const std::unique_ptr<rocksdb::DB> db_;
  rocksdb::WriteOptions write_;
  std::uint64_t ingested_ = 0;
};

}  // namespace

struct RocksDbLsmFactory::Shared {
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
  rocksdb::Options options;
};

RocksDbLsmFactory::RocksDbLsmFactory(const RocksDbOptions& options)
    : shared_(std::make_shared<Shared>()) {
  shared_->cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  shared_->write_buffers =
      std::make_shared<rocksdb::WriteBufferManager>(options.write_buffer_bytes, shared_->cache);
  rocksdb::Options& all = shared_->options;
  all.create_if_missing = true;
  all.atomic_flush = true;
  all.write_buffer_manager = shared_->write_buffers;
  all.write_buffer_size = std::max<std::size_t>(options.write_buffer_bytes / 4, 1 << 20);
  all.max_background_jobs = options.background_threads;
  all.compression = rocksdb::kLZ4Compression;
  // Levels over the whole life of a store matter more than the first ones.
  all.level_compaction_dynamic_level_bytes = true;
  all.max_open_files = 512;
  all.keep_log_file_num = 1;
  all.max_log_file_size = 1 << 20;
  all.info_log_level = rocksdb::WARN_LEVEL;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = shared_->cache;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.block_size = kBlockBytes;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  table.format_version = 5;
  all.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
}

RocksDbLsmFactory::~RocksDbLsmFactory() = default;

Result<std::unique_ptr<Lsm>> RocksDbLsmFactory::open(const std::string& folder) {
  // RocksDB makes the last folder of a path only.
  for (std::size_t end = folder.find('/', 1); end != std::string::npos;
       end = folder.find('/', end + 1))
    TRY(checked(shared_->options.env->CreateDirIfMissing(folder.substr(0, end)), "opening",
                folder));
  rocksdb::DB* opened = nullptr;
  TRY(checked(rocksdb::DB::Open(shared_->options, folder, &opened), "opening", folder));
  return std::make_unique<RocksDbLsm>(shared_, std::unique_ptr<rocksdb::DB>(opened),
                                      shared_->options, folder);
}

}  // namespace tributary
