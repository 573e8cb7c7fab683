#include "checkpoint/manifest/blob_deletion.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "base/failpoint.h"
#include "checkpoint/manifest/manifest_blobs.h"

namespace tributary {

using checkpoint::Manifest;

namespace {

std::set<std::string> names_of(const std::vector<Manifest>& manifests) {
  std::set<std::string> names;
  for (const Manifest& manifest : manifests) names.merge(blob_names(manifest));
  return names;
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

// The third part of "<uid>/<lineage>/<attempt>/<checkpoint>/<name>".
std::optional<std::uint64_t> attempt_of(std::string_view name) {
  for (int part = 0; part < 2; ++part) {
    const std::size_t slash = name.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    name.remove_prefix(slash + 1);
  }
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  std::uint64_t attempt = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + slash, attempt);
  if (error != std::errc{} || end != name.data() + slash) return std::nullopt;
  return attempt;
}

}  // namespace

Status delete_condemned(BlobStore& store, const Manifest& condemned,
                        const std::vector<Manifest>& kept) {
  const std::set<std::string> needed = names_of(kept);
  TRY(failpoint_status("deletion.before_first"));
  for (const std::string& name : blob_names(condemned)) {
    if (needed.contains(name)) continue;
    TRY(store.remove(name));
    TRY(failpoint_status("deletion.between"));
  }
  return failpoint_status("deletion.after_last");
}

std::string blob_prefix(std::string_view uid, std::string_view lineage_hex, std::uint32_t attempt,
                        std::uint64_t checkpoint) {
  return fmt::format("{}/{}/{}/{}", hex(uid), lineage_hex, attempt, checkpoint);
}

Result<std::uint64_t> sweep_orphans(BlobStore& store, std::string_view uid, std::uint32_t attempt,
                                    const std::vector<Manifest>& kept) {
  const std::set<std::string> needed = names_of(kept);
  std::uint64_t deleted = 0;
  for (const ListedBlob& blob : TRY(store.list(hex(uid) + "/"))) {
    const auto by = attempt_of(blob.name);
    if (!by || *by >= attempt || needed.contains(blob.name)) continue;
    TRY(store.remove(blob.name));
    ++deleted;
  }
  return deleted;
}

Result<std::uint64_t> sweep_manifests(ManifestStore& store, std::uint64_t below,
                                      const std::vector<checkpoint::ManifestRef>& kept) {
  std::uint64_t deleted = 0;
  for (const std::string& name : TRY(store.list())) {
    const bool named = std::ranges::any_of(
        kept, [&](const checkpoint::ManifestRef& ref) { return ref.name() == name; });
    if (named || checkpoint_of_manifest(name) >= below) continue;
    TRY(store.remove(name));
    ++deleted;
  }
  return deleted;
}

}  // namespace tributary
