#include "base/file_system.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace tributary {

std::string parent_directory(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  path = path.substr(0, slash);
  while (path.ends_with('/')) path.remove_suffix(1);
  return path.empty() ? "/" : std::string(path);
}

Result<std::string> FileSystem::read_whole_file(const std::string& path,
                                                std::uint64_t limit_bytes) {
  limit_bytes = std::min(limit_bytes, std::uint64_t{1} << 62);
  const std::unique_ptr<ReadableFile> file = TRY(open_read(path));
  const std::uint64_t size = TRY(file->size());
  std::string text;
  // Some files tell no size (/proc) or grow meanwhile: read to the end, one byte over the limit at
  // most.
  std::uint64_t room = std::min(limit_bytes, std::max<std::uint64_t>(size, 4096)) + 1;
  while (true) {
    const std::size_t filled = text.size();
    text.resize(room);
    std::size_t at = filled;
    while (at < text.size()) {
      const auto got = file->read({text.data() + at, text.size() - at});
      if (!got) return std::unexpected(got.error());
      if (*got == 0) {
        text.resize(at);
        return text;
      }
      at += *got;
      if (at > limit_bytes)
        return fail(ErrorCode::F101, "reading {}: larger than {} bytes", path, limit_bytes);
    }
    room = std::min(limit_bytes + 1, room * 2);
  }
}

Status FileSystem::replace_file(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".tmp";
  const std::unique_ptr<WritableFile> file = TRY(create(temporary));
  TRY(file->append(bytes));
  TRY(file->sync());
  TRY(file->close());
  TRY(rename(temporary, path));
  return sync_directory(parent_directory(path));
}

Status FileSystem::remove_tree(const std::string& path) {
  if (!TRY(exists(path))) return {};
  const FileStatus status = TRY(stat(path));
  if (status.kind == FileKind::kDirectory)
    for (const DirectoryEntry& entry : TRY(list(path))) {
      const std::string child = path + "/" + entry.name;
      TRY(entry.kind == FileKind::kDirectory ? remove_tree(child) : remove(child));
    }
  return remove(path);
}

namespace internal {

std::unexpected<Error> file_error(ErrorCode code, std::string_view attempted, std::string_view path,
                                  int error_number) {
  std::string fix;
  switch (error_number) {
    case ENOENT:
      fix = "check the path";
      break;
    case EACCES:
    case EPERM:
      fix = "check the owner and mode of the file and its folders";
      break;
    case ENOSPC:
    case EDQUOT:
      fix = "free space on this file system";
      break;
    case EMFILE:
    case ENFILE:
      fix = "raise the limit of open files (ulimit -n)";
      break;
    default:
      break;
  }
  return std::unexpected<Error>(
      std::in_place, code,
      fmt::format("{} {}: {}", attempted, path, std::generic_category().message(error_number)),
      std::move(fix));
}

}  // namespace internal
}  // namespace tributary
