// checkpoint/publish/part_files.h
// Files that one task writes at their ends: gathers what is added to each, keeps few of them open,
// and takes back what a failed write left, so that the same bytes can be written again.
//
// Invariant: a file holds whole additions, in order; bytes leave memory only when the operating
// system has them. A failed sync cannot be tried again, because the system may have dropped what it
// had: lost(). Thread: one at a time; calls block, as far as the page cache, sync_all() to the
// disk.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <utility>

#include "base/file_system.h"
#include "base/hash.h"

namespace tributary {

class PartFiles {
 public:
  static constexpr std::size_t kBufferBytes = 64 * 1024;          // of one file
  static constexpr std::size_t kBuffersBytes = 16 * 1024 * 1024;  // of all files
  static constexpr std::size_t kOpenFilesMax = 128;

  class File {
   public:
    explicit File(std::string path) : path_(std::move(path)) {}
    // Not written yet; say added() when something was put at its end.
    std::string buffer;

    const std::string& path() const { return path_; }
    bool empty() const { return written_ == 0 && buffer.empty(); }
    // Of what is written.
    std::uint64_t size() const { return written_; }
    Hash128 hash() const { return hasher_.digest(); }

   private:
    friend class PartFiles;
    const std::string path_;
    std::unique_ptr<WritableFile> handle_;
    std::list<File*>::iterator recent_;  // valid while there is a handle
    std::uint64_t written_ = 0;
    Hasher128 hasher_;
    bool created_ = false;
    bool torn_ = false;  // a failed write left something behind `written_`
  };

  explicit PartFiles(std::shared_ptr<FileSystem> files) : files_(std::move(files)) {}
  PartFiles(const PartFiles&) = delete;
  PartFiles& operator=(const PartFiles&) = delete;

  // Made, with its folder, when it is first written; F103 then if it is there already. The answer
  // is valid as long as this.
  File& add(std::string path) { return all_.emplace_back(std::move(path)); }
  bool empty() const { return all_.empty(); }
  const std::deque<File>& all() const { return all_; }

  // `bytes` were put into the buffer. Writes when enough has gathered; after an error everything is
  // still here, to be written by write_all() later.
  Status added(File& file, std::size_t bytes);
  Status write_all();
  // write_all(), and the bytes of all files are durable (not their names).
  Status sync_all();
  // Without writing.
  Status close_all();
  bool lost() const { return lost_; }

 private:
  Status write_out(File& file);
  Status open(File& file);
  Status release(File& file);

  const std::shared_ptr<FileSystem> files_;
  std::deque<File> all_;
  std::list<File*> open_;     // most recently written first
  std::size_t buffered_ = 0;  // bytes, in all buffers
  bool lost_ = false;
};

}  // namespace tributary
