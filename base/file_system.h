// base/file_system.h
// The seam to files: the disk in production (local_file_system.h), a tree in memory with power cuts
// and faults in tests and simulation (memory_file_system.h).
//
// Contract: bytes are durable after WritableFile::sync(), names after sync_directory() of their
// folder. Errors are F101 (reading) and F102 (writing) and name the path and the system's reason.
// Thread: a FileSystem any, a file one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/timestamp.h"

namespace tributary {

enum class FileKind : std::uint8_t { kFile, kDirectory, kOther };

struct FileStatus {
  FileKind kind = FileKind::kFile;
  std::uint64_t size = 0;
  Timestamp modified;
  // The same file under another name has the same inode.
  std::uint64_t inode = 0;
};

struct DirectoryEntry {
  std::string name;
  FileKind kind = FileKind::kFile;
  std::uint64_t size = 0;
  std::uint64_t inode = 0;
};

class ReadableFile {
 public:
  virtual ~ReadableFile() = default;

  // Reads at position() and moves it. May give fewer bytes than there is room for; 0 only at the
  // end (or no room).
  virtual Result<std::size_t> read(std::span<char> to) = 0;
  // Fills `to` from `offset`; fewer bytes only at the end. Does not move position().
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<char> to) const = 0;
  virtual std::uint64_t position() const = 0;
  // May be behind the end.
  virtual void seek(std::uint64_t position) = 0;
  // Now; a growing file's size grows.
  virtual Result<std::uint64_t> size() const = 0;
};

// Destroyed without close(): bytes not flushed are lost.
class WritableFile {
 public:
  virtual ~WritableFile() = default;

  virtual Status append(std::string_view bytes) = 0;
  // Readers see everything appended.
  virtual Status flush() = 0;
  // flush(), and the bytes outlive a power cut.
  virtual Status sync() = 0;
  // flush() and no further use.
  virtual Status close() = 0;
  // Bytes of the file with everything appended.
  virtual std::uint64_t size() const = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Result<std::unique_ptr<ReadableFile>> open_read(const std::string& path) = 0;
  // An empty file; what it held before is gone.
  virtual Result<std::unique_ptr<WritableFile>> create(const std::string& path) = 0;
  // At the end of the file, which is made if it is missing.
  virtual Result<std::unique_ptr<WritableFile>> append(const std::string& path) = 0;

  // Sorted by name in bytes; without "." and "..". Size is 0 for what is not a file.
  virtual Result<std::vector<DirectoryEntry>> list(const std::string& directory) = 0;
  virtual Result<bool> exists(const std::string& path) = 0;
  virtual Result<FileStatus> stat(const std::string& path) = 0;

  // With its parents; fine if it is there.
  virtual Status make_directories(const std::string& path) = 0;
  // Replaces `to` in one step.
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  // A second name of a file. False, and nothing done, if `to` exists: of many who try, one gets
  // true.
  virtual Result<bool> link_without_replace(const std::string& from, const std::string& to) = 0;
  // A file or an empty folder.
  virtual Status remove(const std::string& path) = 0;
  virtual Status truncate(const std::string& path, std::uint64_t size) = 0;
  virtual Status sync_directory(const std::string& directory) = 0;

  // F101 if the file is larger than `limit_bytes`.
  Result<std::string> read_whole_file(const std::string& path, std::uint64_t limit_bytes);
  // The file holds either what it held or `bytes`, whatever happens; durable on return. Uses
  // `path`.tmp.
  Status replace_file(const std::string& path, std::string_view bytes);
  // The folder and everything in it, links not followed. Fine if it is missing.
  Status remove_tree(const std::string& path);
};

// "a/b" of "a/b/c.txt", "." of "c.txt", "/" of "/c.txt".
std::string parent_directory(std::string_view path);

namespace internal {

// F101 or F102: "reading a/b: No such file or directory".
std::unexpected<Error> file_error(ErrorCode code, std::string_view attempted, std::string_view path,
                                  int error_number);

}  // namespace internal
}  // namespace tributary
