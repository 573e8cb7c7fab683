// checkpoint/tiered_catalog.h
// Which states a task has: their ids in keys, their kinds, and the schemas that their keys and
// values have and had (rules 33 to 35).
//
// Owner: TieredStore; its slot's thread only. Invariant: an id is given once, to one operator and
// name; all tasks give the same ids because they restore the same catalog and declare in one order.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/schema.h"
#include "checkpoint/keyed_state.h"
#include "checkpoint/lsm_key.h"
#include "checkpoint/state_snapshot.pb.h"

namespace tributary {

class TieredCatalog {
 public:
  using Kind = checkpoint::StateInCatalog::Kind;

  // S432 if catalogs disagree.
  Status restore(const google::protobuf::RepeatedPtrField<checkpoint::StateInCatalog>& entries);
  // The entry of a state, made if it is new, with today's value schema as its last one. S401 if
  // what was stored cannot be read as it is declared now. `descriptor` has no name for timers.
  Result<const checkpoint::StateInCatalog*> declare(const std::string& operator_name, Kind kind,
                                                    const StateDescriptor& descriptor);
  bool has(const std::string& operator_name, const std::string& name) const;
  const std::vector<checkpoint::StateInCatalog>& entries() const { return entries_; }

 private:
  checkpoint::StateInCatalog* find(const std::string& operator_name, const std::string& name);
  Result<std::uint32_t> next_id(std::uint32_t ids) const;

  std::vector<checkpoint::StateInCatalog> entries_;
};

// The schemas that values of a state may bear, oldest first.
Result<std::vector<Schema>> value_schemas_of(const checkpoint::StateInCatalog& entry);

}  // namespace tributary
