// base/local_file_system.h
// Files of this machine, by POSIX calls. Interrupted calls are repeated; writes are gathered to 64
// KiB.
#pragma once

#include "base/file_system.h"

namespace tributary {

class LocalFileSystem final : public FileSystem {
 public:
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
};

}  // namespace tributary
