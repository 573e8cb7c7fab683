#include "checkpoint/manifest/manifest_store.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/failpoint.h"
#include "checkpoint/store_name.h"

namespace tributary {

using checkpoint::Manifest;
using checkpoint::ManifestRef;

ManifestStore::ManifestStore(FileSystem& files, std::string folder, RandomSource& random)
    : files_(files), random_(random), folders_(files, std::move(folder)) {}

Status ManifestStore::link(const std::string& name, std::string_view bytes) {
  const std::string folder = TRY(folders_.make(""));
  const std::string path = folder + "/" + name;
  const std::string temporary = fmt::format("{}.{}.tmp", path, random_.next_id().to_hex());
  const auto write = [&]() -> Status {
    const auto file = TRY(files_.create(temporary));
    TRY(file->append(bytes));
    TRY(file->sync());
    TRY(file->close());
    TRY(failpoint_status("manifest.written"));
    // False: a try whose answer was lost may have made it; whether it is the same is read below.
    TRY(files_.link_without_replace(temporary, path));
    TRY(failpoint_status("manifest.after_link"));
    return files_.sync_directory(folder);
  };
  const Status written = write();
  (void)files_.remove(temporary);
  return written;
}

Result<ManifestRef> ManifestStore::write(const Manifest& manifest) {
  std::string name = manifest_name(manifest);
  TRY(check_manifest(manifest, name));
  const std::string bytes = encode_manifest({.manifest = manifest});
  if (bytes.size() > ManifestLimits::kFileBytesMax)
    return fail(ErrorCode::S415, "{} would have {} bytes; at most {} are allowed", name,
                bytes.size(), ManifestLimits::kFileBytesMax);
  TRY(link(name, bytes));
  const std::string stored = TRY(read_bytes(name));
  if (stored != bytes)
    return fail(ErrorCode::S415,
                "{} is there already with other content, or was not stored as "
                "it was written",
                folders_.path_of(name));
  return manifest_ref(std::move(name), bytes);
}

Result<std::string> ManifestStore::read_bytes(std::string_view name) {
  const std::string path = folders_.path_of(name);
  if (!is_store_name(name) || name.contains('/'))
    return fail(ErrorCode::S415, "\"{}\" is no name of a manifest",
                name.substr(0, kStoreNameBytesMax));
  auto bytes = files_.read_whole_file(path, ManifestLimits::kFileBytesMax);
  if (!bytes && !TRY(files_.exists(path)))
    return fail(ErrorCode::S414, "there is no file {}", path);
  return bytes;
}

Result<Manifest> ManifestStore::read(const ManifestRef& ref) {
  const std::string bytes = TRY(read_bytes(ref.name()));
  ManifestFile file = TRY(decode_manifest(bytes, folders_.path_of(ref.name())));
  const ManifestRef found = manifest_ref(ref.name(), bytes);
  if (found.size() != ref.size() || found.hash_high() != ref.hash_high() ||
      found.hash_low() != ref.hash_low())
    return fail(ErrorCode::S415, "{} is another manifest than the one that the job's record names",
                folders_.path_of(ref.name()));
  return std::move(file.manifest);
}

Result<Manifest> ManifestStore::read_by_name(std::string_view name) {
  const std::string bytes = TRY(read_bytes(name));
  ManifestFile file = TRY(decode_manifest(bytes, folders_.path_of(name)));
  return std::move(file.manifest);
}

Result<std::vector<std::string>> ManifestStore::list() {
  std::vector<std::string> names;
  const std::string folder = folders_.path_of("");
  if (!TRY(files_.exists(folder))) return names;
  for (const DirectoryEntry& entry : TRY(files_.list(folder)))
    if (entry.kind == FileKind::kFile && entry.name.starts_with("manifest-"))
      names.push_back(entry.name);
  std::ranges::stable_sort(names, std::greater{}, checkpoint_of_manifest);
  return names;
}

Status ManifestStore::remove(std::string_view name) {
  const std::string path = folders_.path_of(name);
  if (!TRY(files_.exists(path))) return {};
  if (const Status removed = files_.remove(path); !removed) {
    if (TRY(files_.exists(path))) return removed;
  }
  return {};
}

}  // namespace tributary
