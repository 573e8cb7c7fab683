// checkpoint/memory_metadata_store.h
// A metadata store in memory: for tests, and for a cluster inside one process that keeps nothing.
//
// Any thread. Durable as long as the process.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/metadata_store.h"

namespace tributary {

class MemoryMetadataStore final : public MetadataStore {
 public:
  Result<std::optional<MetadataRecord>> get(std::string_view key) override;
  Result<SetOutcome> compare_and_set(std::string_view key, MetadataVersion expected,
                                     std::string_view bytes) override;
  Result<std::vector<std::string>> list(std::string_view prefix) override;

 private:
  std::mutex mutex_;
  std::map<std::string, MetadataRecord, std::less<>> records_;  // under mutex_
};

}  // namespace tributary
