#include "checkpoint/metadata_store.h"

#include "checkpoint/store_name.h"

namespace tributary {

Status check_metadata(std::string_view key, std::string_view bytes) {
  if (!is_store_name(key))
    return fail(ErrorCode::S404, "\"{}\" is no key of a metadata record",
                key.substr(0, MetadataStore::kKeyBytesMax));
  if (bytes.size() > MetadataStore::kRecordBytesMax)
    return fail(ErrorCode::S404, "metadata record {} has {} bytes; at most {} are allowed", key,
                bytes.size(), MetadataStore::kRecordBytesMax);
  return {};
}

}  // namespace tributary
