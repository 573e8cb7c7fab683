// tests/operators/durability/cut_file_system.h
// Files of a machine whose power is cut after so many changes: from then on nothing works, and
// what was not durable is gone once the machine is on again. Or whose disk is full, or broken,
// below a folder.
//
// Around a MemoryFileSystem, or another one that forgets nothing. Thread: any, if the inner one
// allows it; on() and cut_after() while nobody else uses it.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"

namespace tributary::testing {

class CutFileSystem final : public FileSystem {
 public:
  explicit CutFileSystem(FileSystem& inner) : inner_(inner) {}

  // Creates, appends that reach the file, renames, links, removals, syncs so far.
  std::uint64_t changes() const { return changes_; }
  // The power goes when so many more have been made.
  void cut_after(std::uint64_t changes) { left_ = changes; }
  // Syncs of files do nothing from now on.
  void lie_about_syncs(bool lies) { lies_ = lies; }
  // Nothing can be written below the folder (ENOSPC, EIO); empty: everywhere it can again.
  void fail_below(std::string folder, int error_number) {
    failing_ = std::move(folder);
    error_number_ = error_number;
  }
  bool is_off() const { return off_; }
  void on() {
    off_ = false;
    left_ = std::numeric_limits<std::uint64_t>::max();
    ++generation_;
  }

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

 private:
  class Reader;
  class Writer;
  // An error if the power is off; else this is one more change, after which it may be.
  Status change();
  // The same, and an error if there is no room for it.
  Status change(const std::string& path);
  Status look() const;

  FileSystem& inner_;
  std::uint64_t changes_ = 0;
  std::uint64_t left_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t generation_ = 0;
  bool off_ = false;
  bool lies_ = false;
  std::string failing_;
  int error_number_ = 0;
};

}  // namespace tributary::testing
