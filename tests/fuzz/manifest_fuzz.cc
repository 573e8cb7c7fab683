// Any bytes either decode to a manifest, or are refused. The input is a whole file, or a message
// that is put into one (then its first byte is 0), so that the search gets past the checksum.
#include <cstdint>
#include <string>
#include <string_view>

#include "checkpoint/manifest/manifest_blobs.h"
#include "checkpoint/manifest/manifest_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tributary;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::string file;
  if (!input.empty() && input[0] == 0) {
    ManifestFile made;
    if (!made.manifest.ParseFromArray(input.data() + 1, static_cast<int>(size - 1))) return 0;
    file = encode_manifest(made);
    input = file;
  }
  const auto decoded = decode_manifest(input, "input");
  if (!decoded) return 0;
  if (!check_manifest(decoded->manifest, "input")) __builtin_trap();
  (void)blob_names(decoded->manifest);
  const auto again = decode_manifest(encode_manifest(*decoded), "again");
  if (!again) __builtin_trap();
  return 0;
}
