// checkpoint/local_blob_store.h
// Blobs as files of a folder: written under a temporary name, made durable, read back to confirm
// the checksum (rule 1), renamed, and the folder made durable, in this order (rule 29).
//
// Calls block (I/O pool). Any thread and several processes at once. list() shows what a crash left
// of an unfinished blob as `<name>.tmp`, so that the sweep of orphans finds it (rule 28); a writer
// that lives has such a file too, below a prefix whose checkpoint is pending.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/random.h"
#include "checkpoint/blob_store.h"
#include "checkpoint/durable_folders.h"

namespace tributary {

class LocalBlobStore final : public BlobStore {
 public:
  // Files of at least this size are linked by get_to_file(); smaller ones are copied, among them
  // those that a database appends to.
  static constexpr std::uint64_t kLinkBytesMin = std::uint64_t{1} << 20;

  // `files` and `random` must outlive it. `root` is made when it is first needed.
  LocalBlobStore(FileSystem& files, std::string root, RandomSource& random);

  Result<std::unique_ptr<BlobWriter>> create(std::string_view prefix) override;
  Result<std::string> get(const checkpoint::BlobRef& blob) override;
  Result<std::string> get_piece(const checkpoint::PieceRef& piece) override;
  // Replaces `path`. A large file shares its bytes with the blob: never change it in place.
  Status get_to_file(const checkpoint::BlobRef& blob, const std::string& path) override;
  Status remove(std::string_view name) override;
  Result<std::vector<ListedBlob>> list(std::string_view prefix) override;

  // A blob of another store under a new name here, verified and durable; a link where that is
  // possible. `from` must write to the same FileSystem.
  Result<checkpoint::BlobRef> copy_from(BlobStore& from, const checkpoint::BlobRef& blob,
                                        std::string_view prefix);

 private:
  class Writer;
  struct NewName {
    std::string name;
    std::string path;
    std::string temporary;
    std::string folder;
  };
  Result<NewName> new_name(std::string_view prefix);
  // Opens the file of a blob that is wholly there.
  Result<std::unique_ptr<ReadableFile>> open(const checkpoint::BlobRef& blob);
  Status walk(const std::string& folder, std::string_view prefix, std::vector<ListedBlob>& found);

  FileSystem& files_;
  RandomSource& random_;
  DurableFolders folders_;
};

}  // namespace tributary
