#include "checkpoint/model_lsm.h"

#include <map>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"

namespace tributary {
namespace {

constexpr std::uint64_t kFileBytesMax = std::uint64_t{1} << 30;
constexpr std::size_t kRunsMax = 4;
constexpr std::string_view kManifest = "MANIFEST";

using Entries = std::map<std::string, std::optional<std::string>, std::less<>>;

std::string run_name(std::uint64_t number) { return fmt::format("{:06}.run", number); }

// A run: entries one after the other, deletes too. The manifest: next number, numbers of the runs.
std::string encoded(const Entries& entries) {
  std::string bytes;
  ByteWriter writer(bytes);
  for (const auto& [key, value] : entries) {
    writer.fixed<std::uint8_t>(value ? 1 : 0);
    writer.prefixed(key);
    if (value) writer.prefixed(*value);
  }
  return bytes;
}

class ModelLsm final : public Lsm {
 public:
  ModelLsm(FileSystem& files, std::string folder) : files_(files), folder_(std::move(folder)) {}

  Status load() {
    TRY(files_.make_directories(folder_));
    if (!TRY(files_.exists(path(kManifest)))) return {};
    const std::string manifest = TRY(files_.read_whole_file(path(kManifest), kFileBytesMax));
    ByteReader reader(manifest);
    next_number_ = reader.varint();
    for (std::uint64_t left = reader.varint(1 << 20); left > 0 && reader.ok(); --left)
      runs_.push_back(reader.varint());
    if (!reader.finished())
      return fail(ErrorCode::S430, "the state in {} has a damaged manifest", folder_);
    for (const std::uint64_t run : runs_) TRY(load_run(run));
    return {};
  }

  Status multi_get(std::span<const std::string> keys,
                   std::span<std::optional<std::string>> values) override {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto found = all_.find(keys[i]);
      if (found == all_.end())
        values[i].reset();
      else
        values[i] = found->second;
    }
    return {};
  }

  Status scan(
      std::string_view from, std::string_view to,
      const std::function<bool(std::string_view key, std::string_view value)>& visit) override {
    const std::lock_guard lock(mutex_);
    for (auto at = all_.lower_bound(from); at != all_.end(); ++at) {
      if (!to.empty() && at->first >= to) break;
      if (!visit(at->first, at->second)) break;
    }
    return {};
  }

  Status apply(std::span<const std::string> deleted_prefixes,
               std::span<const LsmWrite> writes) override {
    const std::lock_guard lock(mutex_);
    for (const std::string& prefix : deleted_prefixes) {
      auto at = all_.lower_bound(prefix);
      while (at != all_.end() && at->first.starts_with(prefix)) {
        unflushed_[at->first] = std::nullopt;
        at = all_.erase(at);
      }
    }
    for (const LsmWrite& write : writes) {
      unflushed_[write.key] = write.value;
      if (write.value)
        all_[write.key] = *write.value;
      else
        all_.erase(write.key);
    }
    return {};
  }

  Status checkpoint(const std::string& folder) override {
    const std::lock_guard lock(mutex_);
    TRY(flush());
    if (TRY(files_.exists(folder)))
      return fail(ErrorCode::S430, "checkpointing the state in {}: {} exists", folder_, folder);
    TRY(files_.make_directories(folder));
    for (const std::uint64_t run : runs_) {
      const std::string to = folder + "/" + run_name(run);
      if (!TRY(files_.link_without_replace(path(run_name(run)), to)))
        return fail(ErrorCode::S430, "checkpointing the state in {}: {} exists", folder_, to);
    }
    TRY(files_.replace_file(folder + "/" + std::string(kManifest), manifest()));
    return files_.sync_directory(folder);
  }

 private:
  std::string path(std::string_view name) const { return folder_ + "/" + std::string(name); }

  std::string manifest() const {
    std::string bytes;
    ByteWriter writer(bytes);
    writer.varint(next_number_);
    writer.varint(runs_.size());
    for (const std::uint64_t run : runs_) writer.varint(run);
    return bytes;
  }

  Status load_run(std::uint64_t number) {
    const std::string name = path(run_name(number));
    const std::string bytes = TRY(files_.read_whole_file(name, kFileBytesMax));
    ByteReader reader(bytes);
    while (reader.ok() && reader.left() > 0) {
      const auto is_put = reader.fixed<bool>();
      std::string key(reader.prefixed(kFileBytesMax));
      if (is_put)
        all_[std::move(key)] = reader.prefixed(kFileBytesMax);
      else
        all_.erase(key);
    }
    if (!reader.ok()) return fail(ErrorCode::S430, "{} is damaged", name);
    return {};
  }

  Status write_run(const Entries& entries) {
    const std::string name = path(run_name(next_number_));
    const auto file = TRY(files_.create(name));
    TRY(file->append(encoded(entries)));
    TRY(file->sync());
    TRY(file->close());
    runs_.push_back(next_number_++);
    return {};
  }

  Status flush() {
    if (!unflushed_.empty()) {
      TRY(write_run(unflushed_));
      unflushed_.clear();
    }
    std::vector<std::uint64_t> merged;
    if (runs_.size() > kRunsMax) {
      merged = std::exchange(runs_, {});
      Entries entries;
      for (const auto& [key, value] : all_) entries.emplace(key, value);
      TRY(write_run(entries));
    }
    TRY(files_.replace_file(path(kManifest), manifest()));
    for (const std::uint64_t run : merged) TRY(files_.remove(path(run_name(run))));
    return files_.sync_directory(folder_);
  }

  FileSystem& files_;
  const std::string folder_;
  std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> all_;
  Entries unflushed_;
  std::vector<std::uint64_t> runs_;  // older ones first
  std::uint64_t next_number_ = 1;
};

}  // namespace

Result<std::unique_ptr<Lsm>> ModelLsmFactory::open(const std::string& folder) {
  auto made = std::make_unique<ModelLsm>(files_, folder);
  TRY(made->load());
  return made;
}

}  // namespace tributary
