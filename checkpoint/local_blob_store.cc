#include "checkpoint/local_blob_store.h"

#include <algorithm>
#include <utility>

#include "base/failpoint.h"
#include "base/hash.h"
#include "checkpoint/store_name.h"

namespace tributary {

using checkpoint::BlobRef;
using checkpoint::PieceRef;

namespace {

constexpr std::size_t kCopyBytes = 256 * 1024;

std::unexpected<Error> damaged(std::string_view name, std::string_view how) {
  return fail(ErrorCode::S411, "blob {} {}", name, how);
}

// Reads [0, size) and hands it on in pieces. False from `take` is an error of its own.
template <typename Take>
Result<Hash128> hash_file(const ReadableFile& file, Take take) {
  Hasher128 hasher;
  // Most blobs are small.
  std::string buffer(std::clamp<std::uint64_t>(TRY(file.size()), 1, kCopyBytes), '\0');
  for (std::uint64_t at = 0;;) {
    const std::size_t got = TRY(file.read_at(at, {buffer.data(), buffer.size()}));
    if (got == 0) return hasher.digest();
    const std::string_view piece = std::string_view(buffer).substr(0, got);
    hasher.update(piece);
    TRY(take(piece));
    at += got;
  }
}

Status ignore(std::string_view) { return {}; }

bool same(const Hash128& hash, const auto& ref) {
  return hash.high == ref.hash_high() && hash.low == ref.hash_low();
}

}  // namespace

class LocalBlobStore::Writer final : public BlobWriter {
 public:
  Writer(FileSystem& files, NewName name, std::unique_ptr<WritableFile> file)
      : files_(files), name_(std::move(name)), file_(std::move(file)) {}
  ~Writer() override {
    if (finished_) return;
    file_.reset();
    (void)files_.remove(name_.temporary);
  }

  Status append(std::string_view bytes) override {
    hasher_.update(bytes);
    return file_->append(bytes);
  }
  std::uint64_t size() const override { return file_->size(); }

  Result<BlobRef> finish() override {
    TRIBUTARY_CHECK(!finished_);
    const std::uint64_t size = file_->size();
    const Hash128 hash = hasher_.digest();
    TRY(failpoint_status("blob.before_sync"));
    TRY(file_->sync());
    TRY(failpoint_status("blob.after_sync"));
    TRY(file_->close());
    const auto written = TRY(files_.open_read(name_.temporary));
    if (TRY(written->size()) != size || TRY(hash_file(*written, ignore)) != hash)
      return damaged(name_.name, "was not stored as it was written");
    TRY(failpoint_status("blob.before_rename"));
    TRY(files_.rename(name_.temporary, name_.path));
    finished_ = true;  // its file bears its name: from here on it is an orphan at worst
    TRY(failpoint_status("blob.after_rename"));
    TRY(files_.sync_directory(name_.folder));
    BlobRef ref;
    ref.set_name(name_.name);
    ref.set_size(size);
    ref.set_hash_high(hash.high);
    ref.set_hash_low(hash.low);
    return ref;
  }

 private:
  FileSystem& files_;
  const NewName name_;
  std::unique_ptr<WritableFile> file_;
  Hasher128 hasher_;
  bool finished_ = false;
};

LocalBlobStore::LocalBlobStore(FileSystem& files, std::string root, RandomSource& random)
    : files_(files), random_(random), folders_(files, std::move(root)) {}

Result<LocalBlobStore::NewName> LocalBlobStore::new_name(std::string_view prefix) {
  NewName made;
  made.name = fmt::format("{}/{}", prefix, random_.next_id().to_hex());
  if (!is_store_name(made.name))
    return fail(ErrorCode::S412, "\"{}\" is no prefix of a blob's name",
                prefix.substr(0, kStoreNameBytesMax));
  made.folder = TRY(folders_.make(prefix));
  made.path = folders_.path_of(made.name);
  made.temporary = made.path + ".tmp";
  return made;
}

Result<std::unique_ptr<BlobWriter>> LocalBlobStore::create(std::string_view prefix) {
  NewName made = TRY(new_name(prefix));
  auto file = files_.create(made.temporary);
  if (!file) {
    // remove() of the folder's last blob took the folder with it.
    folders_.forget(prefix);
    TRY(folders_.make(prefix));
    file = files_.create(made.temporary);
    if (!file) return std::unexpected(file.error());
  }
  return std::make_unique<Writer>(files_, std::move(made), std::move(*file));
}

Result<std::unique_ptr<ReadableFile>> LocalBlobStore::open(const BlobRef& blob) {
  if (!is_store_name(blob.name()))
    return fail(ErrorCode::S412, "\"{}\" is no name of a blob",
                std::string_view(blob.name()).substr(0, kStoreNameBytesMax));
  const std::string path = folders_.path_of(blob.name());
  auto file = files_.open_read(path);
  if (!file) {
    if (!TRY(files_.exists(path)))
      return fail(ErrorCode::S410, "blob {} is missing: there is no file {}", blob.name(), path);
    return file;
  }
  const std::uint64_t size = TRY((*file)->size());
  if (size != blob.size())
    return damaged(blob.name(), fmt::format("has {} bytes instead of {}", size, blob.size()));
  return file;
}

Result<std::string> LocalBlobStore::get(const BlobRef& blob) {
  if (blob.size() > kWholeBytesMax)
    return fail(ErrorCode::S412, "blob {} of {} bytes is too large to be read at once", blob.name(),
                blob.size());
  const auto file = TRY(open(blob));
  std::string bytes(blob.size(), '\0');
  const std::size_t got = TRY(file->read_at(0, {bytes.data(), bytes.size()}));
  if (got != bytes.size() || !same(xxh3_128(bytes), blob))
    return damaged(blob.name(), "is not what was written: its checksum differs");
  return bytes;
}

Result<std::string> LocalBlobStore::get_piece(const PieceRef& piece) {
  const BlobRef& blob = piece.blob();
  if (piece.length() > kWholeBytesMax || piece.offset() > blob.size() ||
      piece.length() > blob.size() - piece.offset())
    return fail(ErrorCode::S412, "blob {} of {} bytes has no piece of {} bytes at {}", blob.name(),
                blob.size(), piece.length(), piece.offset());
  const auto file = TRY(open(blob));
  std::string bytes(piece.length(), '\0');
  const std::size_t got = TRY(file->read_at(piece.offset(), {bytes.data(), bytes.size()}));
  if (got != bytes.size() || !same(xxh3_128(bytes), piece))
    return damaged(
        blob.name(),
        fmt::format("is not what was written: the checksum of its {} bytes at {} differs",
                    piece.length(), piece.offset()));
  return bytes;
}

Status LocalBlobStore::get_to_file(const BlobRef& blob, const std::string& path) {
  const auto file = TRY(open(blob));
  // Never written over: what is there may be a link to a blob.
  if (TRY(files_.exists(path))) TRY(files_.remove(path));
  const auto check = [&](const Hash128& hash) -> Status {
    if (same(hash, blob)) return {};
    return damaged(blob.name(), "is not what was written: its checksum differs");
  };
  if (blob.size() >= kLinkBytesMin) {
    const Hash128 hash = TRY(hash_file(*file, ignore));
    TRY(check(hash));
    const auto linked = files_.link_without_replace(folders_.path_of(blob.name()), path);
    if (linked && *linked) return {};
    // Another file system: copied below.
  }
  const auto copy = TRY(files_.create(path));
  const Hash128 hash =
      TRY(hash_file(*file, [&](std::string_view piece) { return copy->append(piece); }));
  TRY(copy->close());
  const Status checked = check(hash);
  if (!checked) (void)files_.remove(path);
  return checked;
}

Result<BlobRef> LocalBlobStore::copy_from(BlobStore& from, const BlobRef& blob,
                                          std::string_view prefix) {
  const NewName made = TRY(new_name(prefix));
  TRY(from.get_to_file(blob, made.temporary));
  // Opened for append: makes durable what get_to_file() has written.
  const auto file = TRY(files_.append(made.temporary));
  TRY(file->sync());
  TRY(files_.rename(made.temporary, made.path));
  TRY(files_.sync_directory(made.folder));
  BlobRef copy = blob;
  copy.set_name(made.name);
  return copy;
}

Status LocalBlobStore::remove(std::string_view name) {
  if (!is_store_name(name))
    return fail(ErrorCode::S412, "\"{}\" is no name of a blob", name.substr(0, kStoreNameBytesMax));
  const std::string path = folders_.path_of(name);
  if (!TRY(files_.exists(path))) return {};
  if (const Status removed = files_.remove(path); !removed) {
    if (TRY(files_.exists(path))) return removed;
  }
  // A checkpoint's folder goes with its last blob; refused while something is in it.
  for (std::size_t slash = name.rfind('/'); slash != std::string_view::npos;
       slash = name.rfind('/')) {
    name = name.substr(0, slash);
    if (!files_.remove(folders_.path_of(name))) break;
    folders_.forget(name);
  }
  return {};
}

Status LocalBlobStore::walk(const std::string& folder, std::string_view prefix,
                            std::vector<ListedBlob>& found) {
  const auto entries = files_.list(folders_.path_of(folder));
  if (!entries) {
    if (!TRY(files_.exists(folders_.path_of(folder)))) return {};  // removed meanwhile
    return std::unexpected(entries.error());
  }
  for (const DirectoryEntry& entry : *entries) {
    std::string name = folder.empty() ? entry.name : folder + "/" + entry.name;
    const std::size_t shorter = std::min(name.size(), prefix.size());
    if (std::string_view(name).substr(0, shorter) != prefix.substr(0, shorter)) continue;
    if (entry.kind == FileKind::kDirectory)
      TRY(walk(name, prefix, found));
    else if (entry.kind == FileKind::kFile && name.size() >= prefix.size())
      found.push_back({std::move(name), entry.size});
  }
  return {};
}

Result<std::vector<ListedBlob>> LocalBlobStore::list(std::string_view prefix) {
  std::vector<ListedBlob> found;
  const std::size_t slash = prefix.rfind('/');
  TRY(walk(std::string(prefix.substr(0, slash == std::string_view::npos ? 0 : slash)), prefix,
           found));
  std::ranges::sort(found, {}, &ListedBlob::name);
  return found;
}

}  // namespace tributary
