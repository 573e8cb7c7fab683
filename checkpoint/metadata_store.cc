#include "checkpoint/metadata_store.h"

namespace tributary {
namespace {

bool is_key_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

bool is_key(std::string_view key) {
  if (key.size() > MetadataStore::kKeyBytesMax) return false;
  for (;;) {
    const std::size_t end = key.find('/');
    const std::string_view part = key.substr(0, end);
    if (part.empty() || part == "." || part == "..") return false;
    for (const char c : part)
      if (!is_key_letter(c)) return false;
    if (end == std::string_view::npos) return true;
    key.remove_prefix(end + 1);
  }
}

}  // namespace

Status check_metadata(std::string_view key, std::string_view bytes) {
  if (!is_key(key))
    return fail(ErrorCode::S404, "\"{}\" is no key of a metadata record",
                key.substr(0, MetadataStore::kKeyBytesMax));
  if (bytes.size() > MetadataStore::kRecordBytesMax)
    return fail(ErrorCode::S404, "metadata record {} has {} bytes; at most {} are allowed", key,
                bytes.size(), MetadataStore::kRecordBytesMax);
  return {};
}

}  // namespace tributary
