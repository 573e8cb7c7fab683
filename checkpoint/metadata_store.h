// checkpoint/metadata_store.h
// Where the facts lie that decide: small records by key, each with a version, changed by
// compare-and-set only. The commit point of a checkpoint is one such change of the job's record.
//
// Any thread. When a call has returned success, the change is durable as far as the store promises
// that.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "checkpoint/store_name.h"

namespace tributary {

// 0 means that there is no record; the first version is 1, and each change adds 1.
struct MetadataVersion {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(MetadataVersion, MetadataVersion) = default;
};
inline constexpr MetadataVersion kNoRecord{};

struct MetadataRecord {
  MetadataVersion version;
  std::string bytes;
};

// What a compare-and-set did. A conflict is no error: the caller reads again and decides anew.
struct SetOutcome {
  bool stored = false;
  MetadataVersion version;  // stored: the new version; else the one that was found
};

class MetadataStore {
 public:
  // Keys: see is_store_name().
  static constexpr std::size_t kKeyBytesMax = kStoreNameBytesMax;
  static constexpr std::size_t kRecordBytesMax = 1024 * 1024;

  virtual ~MetadataStore() = default;
  // nullopt if there is no record.
  virtual Result<std::optional<MetadataRecord>> get(std::string_view key) = 0;
  // Stores `bytes` if the record's version is `expected` (kNoRecord: if there is none). After an
  // error the outcome is unknown: read again.
  virtual Result<SetOutcome> compare_and_set(std::string_view key, MetadataVersion expected,
                                             std::string_view bytes) = 0;
  // All keys that begin with `prefix`, ascending.
  virtual Result<std::vector<std::string>> list(std::string_view prefix) = 0;
};

// Error S404 if the key or the record's size is not one that every store can hold.
Status check_metadata(std::string_view key, std::string_view bytes);

}  // namespace tributary
