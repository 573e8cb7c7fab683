// jobs/cost_attribution/tools/new_files.cc
#include "jobs/cost_attribution/tools/new_files.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace tributary::cost {

namespace {

std::unexpected<Error> cannot_write(const std::filesystem::path& path, int error) {
  return fail(ErrorCode::F102, "writing {}: {}", path.string(), std::strerror(error));
}

}  // namespace

NewFiles::~NewFiles() {
  for (const NewFile& file : files_) {
    if (file.handle != nullptr) unlink(file.temporary.c_str());
  }
}

Result<std::size_t> NewFiles::add(const std::filesystem::path& path) {
  std::error_code fault;
  if (path.has_parent_path()) {
    std::filesystem::create_directories(path.parent_path(), fault);
    if (fault) return cannot_write(path.parent_path(), fault.value());
  }
  if (!replaces_ && std::filesystem::exists(path, fault)) {
    return std::unexpected(Error(ErrorCode::F103, fmt::format("{} exists already", path.string()),
                                 "choose another name or folder, or say --force to replace it"));
  }
  NewFile file;
  file.path = path;
  file.temporary = path;
  file.temporary += fmt::format(".{}.tmp", getpid());
  file.handle.reset(std::fopen(file.temporary.c_str(), "wb"));
  if (file.handle == nullptr) return cannot_write(file.temporary, errno);
  std::setvbuf(file.handle.get(), nullptr, _IOFBF, 256 * 1024);
  files_.push_back(std::move(file));
  return files_.size() - 1;
}

Status NewFiles::write(std::size_t file, std::string_view bytes) {
  NewFile& to = files_[file];
  if (std::fwrite(bytes.data(), 1, bytes.size(), to.handle.get()) != bytes.size()) {
    return cannot_write(to.temporary, errno);
  }
  return {};
}

Status NewFiles::commit(bool is_durable) {
  for (NewFile& file : files_) {
    if (std::fflush(file.handle.get()) != 0 ||
        (is_durable && fsync(fileno(file.handle.get())) != 0)) {
      return cannot_write(file.temporary, errno);
    }
  }
  for (NewFile& file : files_) {
    // A rename would replace what took the name since add(); where the file system knows it, that
    // is refused.
    const unsigned flags = replaces_ ? 0 : RENAME_NOREPLACE;
    const char* from = file.temporary.c_str();
    int fault = renameat2(AT_FDCWD, from, AT_FDCWD, file.path.c_str(), flags) == 0 ? 0 : errno;
    if (fault == EINVAL && flags != 0) fault = rename(from, file.path.c_str()) == 0 ? 0 : errno;
    if (fault == EEXIST) return fail(ErrorCode::F103, "{} exists already", file.path.string());
    if (fault != 0) return cannot_write(file.path, fault);
    file.handle.reset();
  }
  return {};
}

Status write_copy(const std::filesystem::path& path, std::string_view bytes, bool replaces) {
  NewFiles files(replaces);
  const std::size_t file = TRY(files.add(path));
  TRY(files.write(file, bytes));
  return files.commit(false);
}

}  // namespace tributary::cost
