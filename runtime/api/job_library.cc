#include "runtime/api/job_library.h"

#include <dlfcn.h>
#include <utility>

#include "runtime/api/job_search.h"

namespace tributary {
namespace {

std::string file_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

}  // namespace

std::optional<Error> descriptor_fault(const JobDescriptor* descriptor, std::string_view path) {
  const std::string file = file_name(path);
  if (descriptor == nullptr)
    return Error(ErrorCode::B203,
                 fmt::format("{} registers no job: its descriptor is empty", file));
  const std::string_view offered =
      descriptor->format == 1 && descriptor->abi != nullptr ? descriptor->abi : "";
  if (offered != job_abi()) {
    return Error(
        ErrorCode::B201,
        fmt::format("{} needs job ABI {}; this program offers {}", file,
                    offered.empty() ? fmt::format("of format {}", descriptor->format)
                                    : std::string(offered),
                    job_abi()),
        fmt::format(
            "rebuild {} with the headers and the compiler of this engine (tributary version)",
            file));
  }
  if (descriptor->name == nullptr || *descriptor->name == '\0' || descriptor->build == nullptr)
    return Error(ErrorCode::B203,
                 fmt::format("{} registers no job: its descriptor lacks a name or function", file));
  return std::nullopt;
}

Result<JobLibrary> load_job_library(FileSystem& files, const std::string& path) {
  const FileStatus status = TRY([&]() -> Result<FileStatus> {
    Result<FileStatus> found = files.stat(path);
    if (found) return found;
    return fail(ErrorCode::B202, "job {} not found: there is no such file", path);
  }());
  if (status.kind != FileKind::kFile) return fail(ErrorCode::B202, "job {}: this is no file", path);
  // With a slash: a bare name would be searched among the system's libraries.
  const std::string exact = path.find('/') == std::string::npos ? "./" + path : path;
  void* library = ::dlopen(exact.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* why = ::dlerror();
    return std::unexpected(
        Error(ErrorCode::B205, fmt::format("{} does not load: {}", file_name(path), why),
              "rebuild it with the headers of this engine; `ldd -r` shows what is missing"));
  }
  void* symbol = ::dlsym(library, kJobDescriptorSymbol);
  if (symbol == nullptr) {
    return fail(ErrorCode::B203,
                "{} registers no job; put TRIBUTARY_JOB(\"name\", function) in one source file",
                file_name(path));
  }
  const JobDescriptor* descriptor = reinterpret_cast<JobDescriptorFunction>(symbol)();
  if (auto fault = descriptor_fault(descriptor, path)) return std::unexpected(std::move(*fault));
  return JobLibrary{.path = path, .descriptor = descriptor};
}

Result<JobLibrary> find_job_library(FileSystem& files, std::string_view job,
                                    const std::vector<std::string>& folders) {
  if (is_job_path(job)) return load_job_library(files, std::string(job));
  const std::vector<JobFile> found = list_job_files(files, folders);
  if (const auto file = match_job_file(found, job)) return load_job_library(files, file->path);
  std::vector<std::string> known;
  for (const JobFile& file : found) {
    Result<JobLibrary> library = load_job_library(files, file.path);
    if (!library) continue;
    if (library->name() == job) return library;
    known.push_back(library->name());
  }
  return std::unexpected(job_not_found(job, folders, known));
}

}  // namespace tributary
