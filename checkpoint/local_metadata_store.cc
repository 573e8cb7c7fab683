#include "checkpoint/local_metadata_store.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/bytes.h"
#include "base/failpoint.h"
#include "base/hash.h"

namespace tributary {
namespace {

// A file: magic, XXH3-128 of (key, version, bytes), bytes. Letters that no key has mark our files.
constexpr std::string_view kMagic = "TRBMETA1";
constexpr std::size_t kHeaderBytes = kMagic.size() + 16;
constexpr char kVersionMark = '@';
constexpr char kWaitingMark = '~';
// Left before the first version is deleted: see look().
const std::string_view kDeletedMark = "@00000000000000000000";
// Each try fails only because somebody else made progress.
constexpr int kTriesMax = 1000;

std::string version_name(std::uint64_t version) {
  return fmt::format("{}{:020}", kVersionMark, version);
}

std::optional<std::uint64_t> version_of(std::string_view name) {
  if (name.size() != 21 || name[0] != kVersionMark) return std::nullopt;
  std::uint64_t version = 0;
  const auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), version);
  if (error != std::errc{} || end != name.data() + name.size() || version == 0) return std::nullopt;
  return version;
}

Hash128 hash_of(std::string_view key, std::uint64_t version, std::string_view bytes) {
  std::string whole;
  ByteWriter writer(whole);
  writer.prefixed(key);
  writer.fixed(version);
  writer.raw(bytes);
  return xxh3_128(whole);
}

std::string encode(std::string_view key, std::uint64_t version, std::string_view bytes) {
  std::string file(kMagic);
  ByteWriter writer(file);
  const Hash128 hash = hash_of(key, version, bytes);
  writer.fixed(hash.high);
  writer.fixed(hash.low);
  writer.raw(bytes);
  return file;
}

std::optional<std::string> decode(std::string_view key, std::uint64_t version,
                                  std::string_view file) {
  if (file.size() < kHeaderBytes || !file.starts_with(kMagic)) return std::nullopt;
  ByteReader reader(file.substr(kMagic.size()));
  Hash128 hash;
  hash.high = reader.fixed<std::uint64_t>();
  hash.low = reader.fixed<std::uint64_t>();
  if (hash != hash_of(key, version, reader.rest())) return std::nullopt;
  return std::string(reader.rest());
}

}  // namespace

LocalMetadataStore::LocalMetadataStore(FileSystem& files, std::string root, RandomSource& random)
    : files_(files), random_(random), folders_(files, std::move(root)) {}

// A listing may miss what is linked or deleted while it runs. Versions are deleted in ascending
// order, so if the highest that was seen is still there, none above it has been deleted, and none
// that was there at the start can have been missed.
Result<LocalMetadataStore::Versions> LocalMetadataStore::look(std::string_view key) {
  const std::string folder = folders_.path_of(key);
  for (int i = 0; i < kTriesMax; ++i) {
    Versions found;
    const auto entries = files_.list(folder);
    if (!entries) {
      if (!TRY(files_.exists(folder))) return found;
      return std::unexpected(entries.error());
    }
    for (const DirectoryEntry& entry : *entries) {
      if (entry.name[0] == kWaitingMark) found.waiting.push_back(entry.name);
      const auto version = version_of(entry.name);
      if (!version) continue;
      // Names of equal length: the order of names is the order of versions.
      if (found.highest != 0) found.old.push_back(version_name(found.highest));
      found.highest = *version;
    }
    const bool missed =
        found.highest != 0
            ? !TRY(files_.exists(fmt::format("{}/{}", folder, version_name(found.highest))))
            : TRY(files_.exists(fmt::format("{}/{}", folder, kDeletedMark)));
    if (!missed) return found;
  }
  return fail(ErrorCode::F101, "reading metadata record {}: it changes all the time", key);
}

Result<std::optional<MetadataRecord>> LocalMetadataStore::get(std::string_view key) {
  TRY(check_metadata(key, {}));
  for (int i = 0; i < kTriesMax; ++i) {
    const std::uint64_t version = TRY(look(key)).highest;
    if (version == 0) return std::nullopt;
    // Its writer may have died before this: nobody may act on what a power cut takes back.
    const std::string folder = TRY(folders_.make(key));
    TRY(files_.sync_directory(folder));
    const std::string path = fmt::format("{}/{}", folder, version_name(version));
    const auto file = files_.read_whole_file(path, kHeaderBytes + kRecordBytesMax);
    if (!file) {
      if (!TRY(files_.exists(path))) continue;  // a newer one is there
      return std::unexpected(file.error());
    }
    auto bytes = decode(key, version, *file);
    if (!bytes)
      return fail(ErrorCode::S420, "metadata record {} is not what was written: file {}", key,
                  path);
    return MetadataRecord{{version}, std::move(*bytes)};
  }
  return fail(ErrorCode::F101, "reading metadata record {}: it changes all the time", key);
}

Result<SetOutcome> LocalMetadataStore::compare_and_set(std::string_view key,
                                                       MetadataVersion expected,
                                                       std::string_view bytes) {
  TRY(check_metadata(key, bytes));
  const std::string folder = TRY(folders_.make(key));
  const std::uint64_t next = expected.value + 1;
  const std::string target = fmt::format("{}/{}", folder, version_name(next));
  const std::string file_bytes = encode(key, next, bytes);
  for (int i = 0; i < kTriesMax; ++i) {
    const std::string waiting =
        fmt::format("{}/{}{}", folder, kWaitingMark, random_.next_id().to_hex());
    const auto file = TRY(files_.create(waiting));
    const auto write = [&]() -> Status {
      TRY(file->append(file_bytes));
      TRY(file->sync());
      TRY(file->close());
      return failpoint_status("metadata.before_link");
    };
    if (const Status written = write(); !written) {
      (void)files_.remove(waiting);
      return std::unexpected(written.error());
    }
    // Only now: see the invariant.
    const std::uint64_t highest = TRY(look(key)).highest;
    if (highest != expected.value) {
      (void)files_.remove(waiting);
      return SetOutcome{false, {highest}};
    }
    const auto linked = files_.link_without_replace(waiting, target);
    if (!linked) {
      if (!TRY(files_.exists(waiting))) continue;  // deleted by somebody who set a version
      (void)files_.remove(waiting);
      return std::unexpected(linked.error());
    }
    (void)files_.remove(waiting);
    if (!*linked) continue;  // somebody was faster; look() tells who
    TRY(failpoint_status("metadata.after_link"));
    TRY(files_.sync_directory(folder));
    delete_old(key);
    return SetOutcome{true, {next}};
  }
  return fail(ErrorCode::F102, "writing metadata record {}: it changes all the time", key);
}

void LocalMetadataStore::delete_old(std::string_view key) {
  const auto found = look(key);
  if (!found) return;
  const std::string folder = folders_.path_of(key);
  const auto remove = [&](const std::string& name) {
    const std::string path = folder + "/" + name;
    if (files_.remove(path)) return true;
    const auto there = files_.exists(path);
    return there && !*there;
  };
  for (const std::string& name : found->waiting)
    if (!remove(name)) return;  // its writer could still link it
  if (found->old.empty() || !files_.create(fmt::format("{}/{}", folder, kDeletedMark))) return;
  for (const std::string& name : found->old)
    if (!remove(name)) return;  // ascending: see look()
}

Status LocalMetadataStore::walk(const std::string& folder, std::string_view prefix,
                                std::vector<std::string>& keys) {
  const auto entries = files_.list(folders_.path_of(folder));
  if (!entries) {
    if (!TRY(files_.exists(folders_.path_of(folder)))) return {};
    return std::unexpected(entries.error());
  }
  bool has_version = false;
  for (const DirectoryEntry& entry : *entries) {
    if (entry.name[0] == kVersionMark) has_version = true;
    if (entry.kind != FileKind::kDirectory) continue;
    const std::string name = folder.empty() ? entry.name : folder + "/" + entry.name;
    const std::size_t shorter = std::min(name.size(), prefix.size());
    if (std::string_view(name).substr(0, shorter) == prefix.substr(0, shorter))
      TRY(walk(name, prefix, keys));
  }
  if (has_version && folder.starts_with(prefix)) keys.push_back(folder);
  return {};
}

Result<std::vector<std::string>> LocalMetadataStore::list(std::string_view prefix) {
  std::vector<std::string> keys;
  TRY(walk("", prefix, keys));
  std::ranges::sort(keys);
  return keys;
}

}  // namespace tributary
