#include "checkpoint/state_layers.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/failpoint.h"
#include "base/hash.h"
#include "checkpoint/local_blob_store.h"
#include "checkpoint/lsm_key.h"

namespace tributary {
namespace {

using checkpoint::BaseFile;
using checkpoint::StateLayer;

constexpr std::size_t kBatchBytes = std::size_t{16} << 20;
constexpr std::size_t kUploadBytes = std::size_t{1} << 20;

std::string group_start(std::uint32_t group) {
  std::string key;
  append_group_prefix({static_cast<std::uint16_t>(group)}, key);
  return key;
}

struct OpenedFile {
  std::string name;
  std::uint64_t inode = 0;
  const BaseFile* file = nullptr;
};

Result<std::vector<OpenedFile>> bring_files(const LayerPlaces& places, const StateLayer& layer,
                                            const std::string& folder) {
  if (TRY(places.files->exists(folder)))
    return fail(ErrorCode::S430, "a store would be opened in {}, which exists", folder);
  TRY(places.files->make_directories(folder));
  std::vector<OpenedFile> opened;
  for (const BaseFile& file : layer.base()) {
    if (file.name().empty() || file.name().find('/') != std::string::npos)
      return fail(ErrorCode::S431, "a base has a file named \"{}\"", file.name());
    const std::string path = folder + "/" + file.name();
    TRY(places.blobs->get_to_file(file.blob(), path));
    opened.push_back({file.name(), TRY(places.files->stat(path)).inode, &file});
  }
  return opened;
}

// The file that was brought, or one of its bytes. A large one is known by its inode: while the
// store is open no name of a table is given twice. A small one (CURRENT, MANIFEST) may be a new
// file under an old name whose inode was freed and given again.
Result<bool> is_unchanged(FileSystem& files, const OpenedFile& old, const std::string& path) {
  const FileStatus status = TRY(files.stat(path));
  const checkpoint::BlobRef& blob = old.file->blob();
  if (status.size != blob.size()) return false;
  if (status.size >= LocalBlobStore::kLinkBytesMin) return status.inode == old.inode;
  const std::string bytes = TRY(files.read_whole_file(path, LocalBlobStore::kLinkBytesMin));
  return xxh3_128(bytes) == Hash128{.high = blob.hash_high(), .low = blob.hash_low()};
}

// Collects writes and applies them sorted, a batch at a time.
class SortedBatches {
 public:
  explicit SortedBatches(Lsm& lsm) : lsm_(lsm) {}

  Status put(std::string_view key, std::optional<std::string_view> value) {
    bytes_ += key.size() + (value ? value->size() : 0) + 64;
    LsmWrite& write = writes_.emplace_back();
    write.key = key;
    if (value) write.value.emplace(*value);
    return bytes_ > kBatchBytes ? flush() : Status();
  }
  Status erase_prefix(std::string_view prefix) {
    // What came before it goes first; what comes behind it is written behind it.
    if (!writes_.empty()) TRY(flush());
    prefixes_.emplace_back(prefix);
    return {};
  }
  Status flush() {
    // Of several of one key the last one counts.
    std::ranges::stable_sort(writes_, {}, &LsmWrite::key);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < writes_.size(); ++i) {
      if (i + 1 < writes_.size() && writes_[i + 1].key == writes_[i].key) continue;
      if (kept != i) writes_[kept] = std::move(writes_[i]);
      ++kept;
    }
    writes_.resize(kept);
    const Status status = lsm_.apply(std::exchange(prefixes_, {}), writes_);
    writes_.clear();
    bytes_ = 0;
    return status;
  }

 private:
  Lsm& lsm_;
  std::vector<std::string> prefixes_;
  std::vector<LsmWrite> writes_;  // in the order in which they came
  std::size_t bytes_ = 0;
};

Status copy_groups(Lsm& from, const StateLayer& layer, Lsm& to) {
  SortedBatches batches(to);
  Status status;
  TRY(from.scan(group_start(layer.group_begin()), group_start(layer.group_end()),
                [&](std::string_view key, std::string_view value) {
                  status = batches.put(key, value);
                  return status.has_value();
                }));
  TRY(std::move(status));
  return batches.flush();
}

// `opened`: the files of the one base that was linked, else empty.
Result<std::unique_ptr<Lsm>> open_bases_in(const LayerPlaces& places,
                                           std::span<const StateLayer> layers,
                                           const std::string& folder,
                                           std::vector<OpenedFile>& opened) {
  std::vector<const StateLayer*> with_base;
  for (const StateLayer& layer : layers)
    if (layer.base_size() > 0) with_base.push_back(&layer);
  if (with_base.empty()) return nullptr;
  if (with_base.size() == 1) {
    opened = TRY(bring_files(places, *with_base.front(), folder));
    return places.lsm->open(folder);
  }
  auto all = TRY(places.lsm->open(folder));
  const std::string beside = folder + ".from";
  for (const StateLayer* layer : with_base) {
    TRY(places.files->remove_tree(beside));
    TRY(bring_files(places, *layer, beside));
    const auto base = TRY(places.lsm->open(beside));
    TRY(copy_groups(*base, *layer, *all));
  }
  TRY(places.files->remove_tree(beside));
  return all;
}

Result<checkpoint::BlobRef> upload(const LayerPlaces& places, const std::string& path,
                                   std::string_view prefix) {
  const auto file = TRY(places.files->open_read(path));
  const auto blob = TRY(places.blobs->create(prefix));
  std::string bytes(std::clamp<std::uint64_t>(TRY(file->size()), 1, kUploadBytes), '\0');
  while (const std::size_t size = TRY(file->read(bytes))) TRY(blob->append({bytes.data(), size}));
  return blob->finish();
}

}  // namespace

std::vector<StateLayer> cut_layers(std::span<const StateLayer> layers, GroupRange range) {
  std::vector<StateLayer> cut;
  for (const StateLayer& layer : layers) {
    const std::uint32_t begin = std::max(layer.group_begin(), range.begin);
    const std::uint32_t end = std::min(layer.group_end(), range.end);
    if (begin >= end) continue;
    StateLayer& made = cut.emplace_back(layer);
    made.set_group_begin(begin);
    made.set_group_end(end);
  }
  return cut;
}

Result<std::unique_ptr<Lsm>> open_bases(const LayerPlaces& places,
                                        std::span<const StateLayer> layers,
                                        const std::string& folder) {
  std::vector<OpenedFile> opened;
  return open_bases_in(places, layers, folder, opened);
}

Status replay_deltas(BlobStore& blobs, std::span<const StateLayer> layers,
                     const std::function<Status(const DeltaRecord&)>& visit) {
  for (const StateLayer& layer : layers) {
    for (const checkpoint::DeltaPiece& piece : layer.deltas()) {
      const std::string bytes = TRY(blobs.get_piece(piece.piece()));
      TRY(read_delta_piece(bytes, [&](const DeltaRecord& record) -> Status {
        const auto head = head_of(record.key);
        if (!head) return fail(ErrorCode::S431, "a delta has a key of {} bytes", record.key.size());
        const bool counts =
            head->group.value >= layer.group_begin() && head->group.value < layer.group_end();
        return counts ? visit(record) : Status();
      }));
    }
  }
  return {};
}

Result<StateLayer> fold_layers(const LayerPlaces& places, std::span<const StateLayer> layers,
                               GroupRange range, const std::string& folder,
                               std::string_view blob_prefix) {
  const std::string work = folder + "/work";
  const std::string made = folder + "/made";
  std::vector<OpenedFile> opened;
  {
    auto lsm = TRY(open_bases_in(places, layers, work, opened));
    if (lsm == nullptr) lsm = TRY(places.lsm->open(work));
    SortedBatches batches(*lsm);
    TRY(replay_deltas(*places.blobs, layers, [&](const DeltaRecord& record) -> Status {
      switch (record.kind) {
        case DeltaKind::kPut:
          return batches.put(record.key, record.value);
        case DeltaKind::kDelete:
          return batches.put(record.key, std::nullopt);
        case DeltaKind::kDeletePrefix:
          return batches.erase_prefix(record.key);
      }
      return {};
    }));
    TRY(batches.flush());
    TRY(lsm->checkpoint(made));
  }
  TRY(failpoint_status("fold.after_checkpoint"));
  StateLayer base;
  base.set_group_begin(range.begin);
  base.set_group_end(range.end);
  for (const DirectoryEntry& entry : TRY(places.files->list(made))) {
    if (entry.kind != FileKind::kFile) continue;
    const std::string path = made + "/" + entry.name;
    const auto old = std::ranges::find(opened, entry.name, &OpenedFile::name);
    const bool is_same = old != opened.end() &&
                         (places.files_by_name || TRY(is_unchanged(*places.files, *old, path)));
    BaseFile& file = *base.add_base();
    file.set_name(entry.name);
    *file.mutable_blob() = is_same ? old->file->blob() : TRY(upload(places, path, blob_prefix));
    TRY(failpoint_status("fold.mid_upload"));
  }
  TRY(places.files->remove_tree(folder));
  return base;
}

}  // namespace tributary
