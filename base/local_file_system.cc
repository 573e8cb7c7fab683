#include "base/local_file_system.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tributary {
namespace {

using internal::file_error;

constexpr std::size_t kGatherBytes = 64 * 1024;

// Repeats a call that a signal interrupted.
template <typename Call>
auto retry(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }

  int get() const { return fd_; }
  // Not repeated after EINTR: Linux has closed it then.
  int close() {
    const int fd = fd_;
    fd_ = -1;
    return fd < 0 ? 0 : ::close(fd);
  }

 private:
  int fd_;
};

FileKind kind_of(mode_t mode) {
  return S_ISREG(mode) ? FileKind::kFile : S_ISDIR(mode) ? FileKind::kDirectory : FileKind::kOther;
}

class LocalReadableFile final : public ReadableFile {
 public:
  LocalReadableFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  Result<std::size_t> read(std::span<char> to) override {
    const std::size_t got = TRY(read_once(position_, to));
    position_ += got;
    return got;
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> to) const override {
    std::size_t filled = 0;
    while (filled < to.size()) {
      const std::size_t got = TRY(read_once(offset + filled, to.subspan(filled)));
      if (got == 0) break;
      filled += got;
    }
    return filled;
  }

  std::uint64_t position() const override { return position_; }
  void seek(std::uint64_t position) override { position_ = position; }

  Result<std::uint64_t> size() const override {
    struct stat status{};
    if (::fstat(fd_.get(), &status) != 0)
      return file_error(ErrorCode::F101, "reading the size of", path_, errno);
    return static_cast<std::uint64_t>(status.st_size);
  }

 private:
  Result<std::size_t> read_once(std::uint64_t offset, std::span<char> to) const {
    const ssize_t got =
        retry([&] { return ::pread(fd_.get(), to.data(), to.size(), static_cast<off_t>(offset)); });
    if (got < 0) return file_error(ErrorCode::F101, "reading", path_, errno);
    return static_cast<std::size_t>(got);
  }

  std::string path_;
  Descriptor fd_;
  std::uint64_t position_ = 0;
};

class LocalWritableFile final : public WritableFile {
 public:
  LocalWritableFile(std::string path, int fd, std::uint64_t size)
      : path_(std::move(path)), fd_(fd), size_(size) {}

  Status append(std::string_view bytes) override {
    size_ += bytes.size();
    if (gathered_.size() + bytes.size() < kGatherBytes) {
      gathered_.append(bytes);
      return {};
    }
    TRY(flush());
    if (bytes.size() < kGatherBytes) {
      gathered_.append(bytes);
      return {};
    }
    return write(bytes);
  }

  Status flush() override {
    if (gathered_.empty()) return {};
    const Status written = write(gathered_);
    gathered_.clear();
    return written;
  }

  Status sync() override {
    TRY(flush());
    // After a failed sync the kernel may have dropped the pages: a later success would be a lie.
    if (failed_ == 0 && retry([&] { return ::fdatasync(fd_.get()); }) != 0) failed_ = errno;
    if (failed_ != 0) return file_error(ErrorCode::F102, "making durable", path_, failed_);
    return {};
  }

  Status close() override {
    const Status flushed = flush();
    if (fd_.close() != 0 && flushed) return file_error(ErrorCode::F102, "closing", path_, errno);
    return flushed;
  }

  std::uint64_t size() const override { return size_; }

 private:
  // After a failure the file's content is unknown: every later write fails too.
  Status write(std::string_view bytes) {
    while (failed_ == 0 && !bytes.empty()) {
      const ssize_t wrote = retry([&] { return ::write(fd_.get(), bytes.data(), bytes.size()); });
      if (wrote < 0)
        failed_ = errno;
      else
        bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
    if (failed_ != 0) return file_error(ErrorCode::F102, "writing", path_, failed_);
    return {};
  }

  std::string path_;
  Descriptor fd_;
  std::uint64_t size_;
  std::string gathered_;
  int failed_ = 0;
};

Result<std::unique_ptr<WritableFile>> open_write(const std::string& path, int flags) {
  const int fd =
      retry([&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666); });
  if (fd < 0) return file_error(ErrorCode::F102, "creating", path, errno);
  struct stat status{};
  if (::fstat(fd, &status) != 0) {
    const int why = errno;
    ::close(fd);
    return file_error(ErrorCode::F102, "creating", path, why);
  }
  return std::make_unique<LocalWritableFile>(path, fd, static_cast<std::uint64_t>(status.st_size));
}

}  // namespace

Result<std::unique_ptr<ReadableFile>> LocalFileSystem::open_read(const std::string& path) {
  const int fd = retry([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); });
  if (fd < 0) return file_error(ErrorCode::F101, "opening", path, errno);
  auto file = std::make_unique<LocalReadableFile>(path, fd);
  struct stat status{};
  if (::fstat(fd, &status) != 0) return file_error(ErrorCode::F101, "opening", path, errno);
  if (S_ISDIR(status.st_mode)) return file_error(ErrorCode::F101, "opening", path, EISDIR);
  return file;
}

Result<std::unique_ptr<WritableFile>> LocalFileSystem::create(const std::string& path) {
  return open_write(path, O_TRUNC);
}

Result<std::unique_ptr<WritableFile>> LocalFileSystem::append(const std::string& path) {
  return open_write(path, O_APPEND);
}

Result<std::vector<DirectoryEntry>> LocalFileSystem::list(const std::string& directory) {
  DIR* const stream = ::opendir(directory.c_str());
  if (stream == nullptr) return file_error(ErrorCode::F101, "listing", directory, errno);
  std::vector<DirectoryEntry> entries;
  int why = 0;
  while (true) {
    errno = 0;
    const dirent* const entry = ::readdir(stream);
    if (entry == nullptr) {
      why = errno;
      break;
    }
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat status{};
    if (::fstatat(::dirfd(stream), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;  // removed meanwhile
      why = errno;
      break;
    }
    if (S_ISLNK(status.st_mode)) {
      // A link counts as the file it names, but not as a folder: nobody walks out of the tree.
      struct stat target{};
      if (::fstatat(::dirfd(stream), entry->d_name, &target, 0) == 0 && S_ISREG(target.st_mode))
        status = target;
    }
    const FileKind kind = kind_of(status.st_mode);
    entries.push_back({std::string(name), kind,
                       kind == FileKind::kFile ? static_cast<std::uint64_t>(status.st_size) : 0,
                       static_cast<std::uint64_t>(status.st_ino)});
  }
  ::closedir(stream);
  if (why != 0) return file_error(ErrorCode::F101, "listing", directory, why);
  std::sort(entries.begin(), entries.end(),
            [](const DirectoryEntry& a, const DirectoryEntry& b) { return a.name < b.name; });
  return entries;
}

Result<bool> LocalFileSystem::exists(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return file_error(ErrorCode::F101, "looking for", path, errno);
}

Result<FileStatus> LocalFileSystem::stat(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0)
    return file_error(ErrorCode::F101, "looking at", path, errno);
  return FileStatus{
      kind_of(status.st_mode), static_cast<std::uint64_t>(status.st_size),
      Timestamp{std::int64_t{status.st_mtim.tv_sec} * 1'000'000 + status.st_mtim.tv_nsec / 1000},
      static_cast<std::uint64_t>(status.st_ino)};
}

Status LocalFileSystem::make_directories(const std::string& path) {
  if (::mkdir(path.c_str(), 0777) == 0) return {};
  if (errno == ENOENT) {
    const std::string parent = parent_directory(path);
    if (parent != path && parent != ".") {
      TRY(make_directories(parent));
      if (::mkdir(path.c_str(), 0777) == 0) return {};
    }
  }
  const int why = errno;
  struct stat status{};
  if (why == EEXIST && ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
  return file_error(ErrorCode::F102, "creating the folder", path, why);
}

Status LocalFileSystem::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0)
    return file_error(ErrorCode::F102, fmt::format("renaming {} to", from), to, errno);
  return {};
}

Result<bool> LocalFileSystem::link_without_replace(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return true;
  if (errno == EEXIST) return false;
  return file_error(ErrorCode::F102, fmt::format("linking {} to", from), to, errno);
}

Status LocalFileSystem::remove(const std::string& path) {
  if (std::remove(path.c_str()) != 0) return file_error(ErrorCode::F102, "removing", path, errno);
  return {};
}

Status LocalFileSystem::truncate(const std::string& path, std::uint64_t size) {
  if (retry([&] { return ::truncate(path.c_str(), static_cast<off_t>(size)); }) != 0)
    return file_error(ErrorCode::F102, "truncating", path, errno);
  return {};
}

Status LocalFileSystem::sync_directory(const std::string& directory) {
  const int fd =
      retry([&] { return ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (fd < 0) return file_error(ErrorCode::F102, "making durable", directory, errno);
  const Descriptor descriptor(fd);
  if (retry([&] { return ::fsync(fd); }) != 0)
    return file_error(ErrorCode::F102, "making durable", directory, errno);
  return {};
}

}  // namespace tributary
