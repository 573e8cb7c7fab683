#include "checkpoint/memory_metadata_store.h"

namespace tributary {

Result<std::optional<MetadataRecord>> MemoryMetadataStore::get(std::string_view key) {
  TRY(check_metadata(key, {}));
  const std::lock_guard lock(mutex_);
  const auto found = records_.find(key);
  if (found == records_.end()) return std::nullopt;
  return found->second;
}

Result<SetOutcome> MemoryMetadataStore::compare_and_set(std::string_view key,
                                                        MetadataVersion expected,
                                                        std::string_view bytes) {
  TRY(check_metadata(key, bytes));
  const std::lock_guard lock(mutex_);
  const auto found = records_.find(key);
  const MetadataVersion current = found == records_.end() ? kNoRecord : found->second.version;
  if (current != expected) return SetOutcome{false, current};
  const MetadataVersion next{current.value + 1};
  records_.insert_or_assign(std::string(key), MetadataRecord{next, std::string(bytes)});
  return SetOutcome{true, next};
}

Result<std::vector<std::string>> MemoryMetadataStore::list(std::string_view prefix) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> keys;
  for (auto at = records_.lower_bound(prefix);
       at != records_.end() && at->first.starts_with(prefix); ++at)
    keys.push_back(at->first);
  return keys;
}

}  // namespace tributary
