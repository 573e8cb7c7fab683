// base/memory_file_system.h
// A tree of files in memory that forgets like a disk: drop_unsynced() is a power cut, and errors
// and short reads come where a test asks for them. No limit is kept: it is for tests and
// simulation.
//
// Model, the strictest that POSIX allows: a file's bytes last from its sync(), a name (new,
// renamed, removed) from the sync_directory() of its folder. Thread: any. Paths are from one root,
// with or without the first "/".
#pragma once

#include <memory>
#include <string>

#include "base/file_system.h"

namespace tributary {

// What a fault hits. kRead: open_read, read, stat, list. kWrite: create, append, flush, rename,
// link, remove, truncate. kSync: sync, sync_directory.
enum class FileOperation : std::uint8_t { kRead, kWrite, kSync };

class MemoryFileSystem final : public FileSystem {
 public:
  MemoryFileSystem();
  ~MemoryFileSystem() override;

  Result<std::unique_ptr<ReadableFile>> open_read(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> append(const std::string& path) override;
  Result<std::vector<DirectoryEntry>> list(const std::string& directory) override;
  Result<bool> exists(const std::string& path) override;
  Result<FileStatus> stat(const std::string& path) override;
  Status make_directories(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Result<bool> link_without_replace(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status truncate(const std::string& path, std::uint64_t size) override;
  Status sync_directory(const std::string& directory) override;

  // The power cut: only what is durable is left. Files that were open give EIO from now on.
  void drop_unsynced();

  // After `skip` calls that go well, every such operation on the path fails with `error_number`
  // (EIO, ENOSPC …).
  void inject_error(const std::string& path, FileOperation operation, int error_number,
                    std::uint64_t skip = 0);
  // read() of the path gives at most `bytes` (> 0) at a time.
  void limit_reads(const std::string& path, std::size_t bytes);
  void clear_faults();

 private:
  struct State;
  class Reader;
  class Writer;
  Result<std::unique_ptr<WritableFile>> open_write(const std::string& path, bool emptied);

  std::shared_ptr<State> state_;  // open files share it
};

}  // namespace tributary
