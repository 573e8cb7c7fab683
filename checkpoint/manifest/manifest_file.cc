#include "checkpoint/manifest/manifest_file.h"

#include <charconv>
#include <limits>
#include <utility>

#include "base/bytes.h"
#include "base/hash.h"

namespace tributary {
namespace {

constexpr std::string_view kMagic = "TRBMANI\n";
constexpr std::string_view kNamePrefix = "manifest-";
constexpr std::size_t kHashBytes = 16;
constexpr std::size_t kSmallest = kMagic.size() + 4 + kHashBytes;

std::unexpected<Error> damaged(std::string_view name, std::string_view how) {
  return fail(ErrorCode::S415, "{}: {}", name, how);
}

}  // namespace

std::string encode_manifest(const ManifestFile& file) {
  std::string body;
  TRIBUTARY_CHECK(file.manifest.SerializeToString(&body), "a manifest has more than 2 GiB");
  std::string bytes(kMagic);
  ByteWriter writer(bytes);
  writer.fixed(kManifestMajor);
  writer.fixed(kManifestMinor);
  writer.prefixed(body);
  writer.prefixed(file.key_id);
  writer.prefixed(file.tag);
  const Hash128 hash = xxh3_128(bytes);
  writer.fixed(hash.high);
  writer.fixed(hash.low);
  return bytes;
}

Result<ManifestFile> decode_manifest(std::string_view bytes, std::string_view name) {
  if (bytes.size() > ManifestLimits::kFileBytesMax)
    return damaged(name, fmt::format("{} bytes are too many for a manifest", bytes.size()));
  if (bytes.size() < kSmallest || !bytes.starts_with(kMagic))
    return damaged(name, "this is no manifest");
  const std::string_view hashed = bytes.substr(0, bytes.size() - kHashBytes);
  ByteReader trailer(bytes.substr(hashed.size()));
  Hash128 hash;
  hash.high = trailer.fixed<std::uint64_t>();
  hash.low = trailer.fixed<std::uint64_t>();
  if (xxh3_128(hashed) != hash)
    return damaged(name, "the file is not what was written: its checksum differs");

  ByteReader reader(hashed.substr(kMagic.size()));
  const auto major = reader.fixed<std::uint16_t>();
  const auto minor = reader.fixed<std::uint16_t>();
  if (major > kManifestMajor)
    return fail(ErrorCode::S416, "{} is a manifest of version {}.{}; this engine reads up to {}.x",
                name, major, minor, kManifestMajor);
  const std::string_view body = reader.prefixed(ManifestLimits::kFileBytesMax);
  ManifestFile file;
  file.key_id = reader.prefixed(ManifestLimits::kNameBytesMax);
  file.tag = reader.prefixed(ManifestLimits::kNameBytesMax);
  // Within one major version, what is behind belongs to a newer minor.
  if (major == 0 || !reader.ok() || (minor <= kManifestMinor && !reader.finished()))
    return damaged(name, "the file is not in the form of a manifest");
  if (body.size() > std::numeric_limits<int>::max() ||
      !file.manifest.ParseFromArray(body.data(), static_cast<int>(body.size())))
    return damaged(name, "the file does not hold a manifest");
  TRY(check_manifest(file.manifest, name));
  return file;
}

checkpoint::ManifestRef manifest_ref(std::string name, std::string_view file_bytes) {
  const Hash128 hash = xxh3_128(file_bytes);
  checkpoint::ManifestRef ref;
  ref.set_name(std::move(name));
  ref.set_size(file_bytes.size());
  ref.set_hash_high(hash.high);
  ref.set_hash_low(hash.low);
  return ref;
}

std::string manifest_name(const checkpoint::Manifest& manifest) {
  return fmt::format("manifest-{}-{}-{}", manifest.checkpoint(), manifest.term(),
                     manifest.attempt());
}

std::uint64_t checkpoint_of_manifest(std::string_view name) {
  std::uint64_t id = 0;
  if (name.starts_with(kNamePrefix))
    std::from_chars(name.data() + kNamePrefix.size(), name.data() + name.size(), id);
  return id;
}

}  // namespace tributary
