// checkpoint/manifest/manifest_file.h
// The bytes of a manifest's file: magic, version, the message, an authentication tag, a checksum
// over all of it. Page: docs/formats/manifest.md.
//
// Pure. Bytes from outside: nothing is parsed before the checksum agrees, and what was parsed is
// checked against the limits below before anybody sees it (rules 46, 70).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "checkpoint/manifest/manifest.pb.h"

namespace tributary {

struct ManifestLimits {
  static constexpr std::uint64_t kFileBytesMax = std::uint64_t{256} << 20;
  static constexpr int kTasksMax = 1 << 16;
  static constexpr std::uint32_t kKeyGroupsMax = 32768;
  static constexpr int kSplitsMax = 1 << 20;  // of one source
  static constexpr std::size_t kNameBytesMax = 1024;
};

// Newer majors are refused by name; a newer minor only adds what may be skipped.
inline constexpr std::uint16_t kManifestMajor = 1;
inline constexpr std::uint16_t kManifestMinor = 0;

struct ManifestFile {
  checkpoint::Manifest manifest;
  // Room for rule 46: who vouches for it, and how. Empty: nobody.
  std::string key_id;
  std::string tag;
};

std::string encode_manifest(const ManifestFile& file);
// S415 naming `name` if the bytes are not what encode_manifest() gave, S416 if they are of a newer
// major version.
Result<ManifestFile> decode_manifest(std::string_view bytes, std::string_view name);

// S415: what no engine writes. A coordinator checks what it is going to write.
Status check_manifest(const checkpoint::Manifest& manifest, std::string_view name);

checkpoint::ManifestRef manifest_ref(std::string name, std::string_view file_bytes);
std::string manifest_name(const checkpoint::Manifest& manifest);
// 0 if it is no such name.
std::uint64_t checkpoint_of_manifest(std::string_view name);

}  // namespace tributary
