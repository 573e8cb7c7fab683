#include "checkpoint/manifest/checkpoint_copy.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/excerpt.h"
#include "base/failpoint.h"
#include "checkpoint/manifest/manifest_blobs.h"
#include "checkpoint/manifest/manifest_store.h"

namespace tributary {

using checkpoint::BlobRef;
using checkpoint::Manifest;
using checkpoint::ManifestRef;

namespace {
constexpr std::string_view kBlobs = "blobs";
}  // namespace

Status copy_blobs(BlobStore& from, LocalBlobStore& to, std::string_view prefix,
                  Manifest& manifest) {
  std::map<std::string, BlobRef> blobs;
  for_each_blob(std::as_const(manifest),
                [&](const BlobRef& blob) { blobs.emplace(blob.name(), blob); });
  for (auto& [name, blob] : blobs) {
    blob = TRY(to.copy_from(from, blob, prefix));
    TRY(failpoint_status("savepoint.mid_copy"));
  }
  for_each_blob(manifest, [&](BlobRef& blob) { blob.set_name(blobs.at(blob.name()).name()); });
  return {};
}

std::string savepoint_blobs(const std::string& path) { return fmt::format("{}/{}", path, kBlobs); }

namespace {

// What a copy that failed has left may lie there.
Status check_folder(FileSystem& files, const std::string& path) {
  if (!TRY(files.exists(path))) return {};
  for (const DirectoryEntry& entry : TRY(files.list(path))) {
    if (entry.name == kBlobs || entry.name.ends_with(".tmp")) continue;
    return std::unexpected(
        Error(ErrorCode::S419,
              fmt::format("{} is not empty: {} is not of a savepoint", path, excerpt(entry.name)),
              "name a folder that is not there yet, or is empty"));
  }
  return {};
}

}  // namespace

Result<ManifestRef> write_savepoint(FileSystem& files, RandomSource& random,
                                    const std::string& path, BlobStore& from, Manifest manifest,
                                    bool carries_staged) {
  ManifestStore manifests(files, path, random);
  const std::vector<std::string> there = TRY(manifests.list());
  if (!there.empty())
    return fail(ErrorCode::S419, "there is a savepoint in {} already: {}", path, there.front());
  TRY(check_folder(files, path));
  LocalBlobStore blobs(files, savepoint_blobs(path), random);
  TRY(copy_blobs(from, blobs, "savepoint", manifest));
  manifest.set_kind(checkpoint::SAVEPOINT);
  manifest.set_carries_staged(carries_staged);
  TRY(failpoint_status("savepoint.before_manifest"));
  return manifests.write(manifest);
}

Result<Manifest> read_savepoint(FileSystem& files, RandomSource& random, const std::string& path) {
  ManifestStore manifests(files, path, random);
  for (const std::string& name : TRY(manifests.list()))
    if (!name.ends_with(".tmp")) return manifests.read_by_name(name);
  return fail(ErrorCode::S414, "there is no savepoint in {}", path);
}

}  // namespace tributary
