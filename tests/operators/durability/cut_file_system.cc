#include "tests/operators/durability/cut_file_system.h"

#include <utility>

namespace tributary::testing {

namespace {
std::unexpected<Error> no_power() {
  return std::unexpected(Error(ErrorCode::F102, "the power is off"));
}
}  // namespace

Status CutFileSystem::look() const {
  if (off_) return no_power();
  return {};
}

Status CutFileSystem::change() {
  if (off_) return no_power();
  ++changes_;
  if (--left_ == 0) off_ = true;  // this one is still made
  return {};
}

Status CutFileSystem::change(const std::string& path) {
  if (!off_ && !failing_.empty() && path.starts_with(failing_))
    return internal::file_error(ErrorCode::F102, "writing", path, error_number_);
  return change();
}

// A file that was open when the power went is of no use afterwards.
class CutFileSystem::Reader final : public ReadableFile {
 public:
  Reader(CutFileSystem& owner, std::unique_ptr<ReadableFile> file)
      : owner_(owner), file_(std::move(file)), generation_(owner.generation_) {}
  Result<std::size_t> read(std::span<char> to) override {
    TRY(look());
    return file_->read(to);
  }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> to) const override {
    TRY(look());
    return file_->read_at(offset, to);
  }
  std::uint64_t position() const override { return file_->position(); }
  void seek(std::uint64_t position) override { file_->seek(position); }
  Result<std::uint64_t> size() const override {
    TRY(look());
    return file_->size();
  }

 private:
  Status look() const {
    if (generation_ != owner_.generation_) return no_power();
    return owner_.look();
  }
  CutFileSystem& owner_;
  std::unique_ptr<ReadableFile> file_;
  const std::uint64_t generation_;
};

class CutFileSystem::Writer final : public WritableFile {
 public:
  Writer(CutFileSystem& owner, std::string path, std::unique_ptr<WritableFile> file)
      : owner_(owner),
        path_(std::move(path)),
        file_(std::move(file)),
        generation_(owner.generation_) {}
  Status append(std::string_view bytes) override {
    if (!same_machine()) return no_power();
    TRY(owner_.look());
    dirty_ = true;
    return file_->append(bytes);
  }
  Status flush() override {
    TRY(write());
    return file_->flush();
  }
  Status sync() override {
    TRY(write());
    TRY(owner_.change());
    return owner_.lies_ ? file_->flush() : file_->sync();
  }
  Status close() override {
    TRY(write());
    return file_->close();
  }
  std::uint64_t size() const override { return file_->size(); }

 private:
  bool same_machine() const { return generation_ == owner_.generation_; }
  Status write() {
    if (!same_machine()) return no_power();
    if (!dirty_) return owner_.look();
    TRY(owner_.change(path_));
    dirty_ = false;
    return {};
  }
  CutFileSystem& owner_;
  const std::string path_;
  std::unique_ptr<WritableFile> file_;
  const std::uint64_t generation_;
  bool dirty_ = false;
};

Result<std::unique_ptr<ReadableFile>> CutFileSystem::open_read(const std::string& path) {
  TRY(look());
  return std::make_unique<Reader>(*this, TRY(inner_.open_read(path)));
}
Result<std::unique_ptr<WritableFile>> CutFileSystem::create(const std::string& path) {
  TRY(change(path));
  return std::make_unique<Writer>(*this, path, TRY(inner_.create(path)));
}
Result<std::unique_ptr<WritableFile>> CutFileSystem::append(const std::string& path) {
  TRY(change(path));
  return std::make_unique<Writer>(*this, path, TRY(inner_.append(path)));
}
Result<std::vector<DirectoryEntry>> CutFileSystem::list(const std::string& directory) {
  TRY(look());
  return inner_.list(directory);
}
Result<bool> CutFileSystem::exists(const std::string& path) {
  TRY(look());
  return inner_.exists(path);
}
Result<FileStatus> CutFileSystem::stat(const std::string& path) {
  TRY(look());
  return inner_.stat(path);
}
Status CutFileSystem::make_directories(const std::string& path) {
  TRY(change(path));
  return inner_.make_directories(path);
}
Status CutFileSystem::rename(const std::string& from, const std::string& to) {
  TRY(change());
  return inner_.rename(from, to);
}
Result<bool> CutFileSystem::link_without_replace(const std::string& from, const std::string& to) {
  TRY(change(to));
  return inner_.link_without_replace(from, to);
}
Status CutFileSystem::remove(const std::string& path) {
  TRY(change());
  return inner_.remove(path);
}
Status CutFileSystem::truncate(const std::string& path, std::uint64_t size) {
  TRY(change());
  return inner_.truncate(path, size);
}
Status CutFileSystem::sync_directory(const std::string& directory) {
  TRY(change());
  return inner_.sync_directory(directory);
}

}  // namespace tributary::testing
