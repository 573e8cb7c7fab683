// A file system that calls somebody before each change, and that can be told to fail from then on,
// as for a process that dies in the middle.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/file_system.h"

namespace tributary::model {

class WatchedFileSystem final : public FileSystem {
 public:
  // `before` is called before each change; false: this and everything later fails.
  WatchedFileSystem(std::shared_ptr<FileSystem> files, std::function<bool()> before)
      : files_(std::move(files)), before_(std::move(before)) {}

  Result<std::unique_ptr<ReadableFile>> open_read(const std::string& path) override {
    return files_->open_read(path);
  }
  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    TRY(change(path));
    return files_->create(path);
  }
  Result<std::unique_ptr<WritableFile>> append(const std::string& path) override {
    TRY(change(path));
    return files_->append(path);
  }
  Result<std::vector<DirectoryEntry>> list(const std::string& directory) override {
    return files_->list(directory);
  }
  Result<bool> exists(const std::string& path) override { return files_->exists(path); }
  Result<FileStatus> stat(const std::string& path) override { return files_->stat(path); }
  Status make_directories(const std::string& path) override {
    TRY(change(path));
    return files_->make_directories(path);
  }
  Status rename(const std::string& from, const std::string& to) override {
    TRY(change(to));
    return files_->rename(from, to);
  }
  Result<bool> link_without_replace(const std::string& from, const std::string& to) override {
    TRY(change(to));
    return files_->link_without_replace(from, to);
  }
  Status remove(const std::string& path) override {
    TRY(change(path));
    return files_->remove(path);
  }
  Status truncate(const std::string& path, std::uint64_t size) override {
    TRY(change(path));
    return files_->truncate(path, size);
  }
  Status sync_directory(const std::string& directory) override {
    TRY(change(directory));
    return files_->sync_directory(directory);
  }

 private:
  Status change(const std::string& path) {
    if (alive_) alive_ = before_();
    if (!alive_) return fail(ErrorCode::F102, "changing {}: the process is gone", path);
    return {};
  }

  const std::shared_ptr<FileSystem> files_;
  const std::function<bool()> before_;
  bool alive_ = true;
};

}  // namespace tributary::model
