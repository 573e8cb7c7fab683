// A FileSystem that hands everything on to another one: base of those that step in at one call.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/file_system.h"

namespace tributary {

class ForwardingFileSystem : public FileSystem {
 public:
  explicit ForwardingFileSystem(FileSystem& to) : to_(to) {}

  Result<std::unique_ptr<ReadableFile>> open_read(const std::string& path) override {
    return to_.open_read(path);
  }
  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    return to_.create(path);
  }
  Result<std::unique_ptr<WritableFile>> append(const std::string& path) override {
    return to_.append(path);
  }
  Result<std::vector<DirectoryEntry>> list(const std::string& directory) override {
    return to_.list(directory);
  }
  Result<bool> exists(const std::string& path) override { return to_.exists(path); }
  Result<FileStatus> stat(const std::string& path) override { return to_.stat(path); }
  Status make_directories(const std::string& path) override { return to_.make_directories(path); }
  Status rename(const std::string& from, const std::string& to) override {
    return to_.rename(from, to);
  }
  Result<bool> link_without_replace(const std::string& from, const std::string& to) override {
    return to_.link_without_replace(from, to);
  }
  Status remove(const std::string& path) override { return to_.remove(path); }
  Status truncate(const std::string& path, std::uint64_t size) override {
    return to_.truncate(path, size);
  }
  Status sync_directory(const std::string& directory) override {
    return to_.sync_directory(directory);
  }

 protected:
  FileSystem& to_;
};

// Runs `before_link` once, before the next link, and `during_list` once, in the middle of the next
// listing: its entries are those that were there before and are still there afterwards.
class InterruptedFileSystem final : public ForwardingFileSystem {
 public:
  using ForwardingFileSystem::ForwardingFileSystem;

  Result<bool> link_without_replace(const std::string& from, const std::string& to) override {
    if (const auto now = std::exchange(before_link, nullptr)) now();
    return to_.link_without_replace(from, to);
  }
  Result<std::vector<DirectoryEntry>> list(const std::string& directory) override {
    auto entries = to_.list(directory);
    const auto now = std::exchange(during_list, nullptr);
    if (!now || !entries) return entries;
    now();
    std::erase_if(*entries, [&](const DirectoryEntry& entry) {
      return !*to_.exists(directory + "/" + entry.name);
    });
    return entries;
  }

  std::function<void()> before_link;
  std::function<void()> during_list;
};

// Counts calls that change something, and cuts the power (`cut`) before call number `at`: from then
// on every call fails.
class CutFileSystem final : public ForwardingFileSystem {
 public:
  CutFileSystem(FileSystem& to, std::uint64_t at, std::function<void()> cut)
      : ForwardingFileSystem(to), at_(at), cut_(std::move(cut)) {}

  bool cut() const { return calls_ > at_; }
  std::uint64_t calls() const { return calls_; }

  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    TRY(tick());
    return std::make_unique<File>(*this, TRY(to_.create(path)));
  }
  Result<std::unique_ptr<WritableFile>> append(const std::string& path) override {
    TRY(tick());
    return std::make_unique<File>(*this, TRY(to_.append(path)));
  }
  Status make_directories(const std::string& path) override {
    TRY(tick());
    return to_.make_directories(path);
  }
  Status rename(const std::string& from, const std::string& to) override {
    TRY(tick());
    return to_.rename(from, to);
  }
  Result<bool> link_without_replace(const std::string& from, const std::string& to) override {
    TRY(tick());
    return to_.link_without_replace(from, to);
  }
  Status remove(const std::string& path) override {
    TRY(tick());
    return to_.remove(path);
  }
  Status sync_directory(const std::string& directory) override {
    TRY(tick());
    return to_.sync_directory(directory);
  }

 private:
  class File final : public WritableFile {
   public:
    File(CutFileSystem& owner, std::unique_ptr<WritableFile> file)
        : owner_(owner), file_(std::move(file)) {}
    Status append(std::string_view bytes) override { return file_->append(bytes); }
    Status flush() override {
      TRY(owner_.tick());
      return file_->flush();
    }
    Status sync() override {
      TRY(owner_.tick());
      return file_->sync();
    }
    Status close() override { return file_->close(); }
    std::uint64_t size() const override { return file_->size(); }

   private:
    CutFileSystem& owner_;
    std::unique_ptr<WritableFile> file_;
  };

  Status tick() {
    if (calls_++ == at_) cut_();
    if (calls_ > at_) return fail(ErrorCode::F102, "no power");
    return {};
  }

  const std::uint64_t at_;
  std::function<void()> cut_;
  std::uint64_t calls_ = 0;
};

}  // namespace tributary
