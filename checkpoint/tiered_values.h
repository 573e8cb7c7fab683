// checkpoint/tiered_values.h
// Value state: the record lies in its cell and is changed in place.
//
// Owner: TieredStore; its slot's thread only. Keys that were fetched and are absent stay in the
// table until the next fetch, so that a batch may clear a key and set it again; after that they
// stay as long as something has to be remembered of them.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "checkpoint/keyed_state.h"
#include "checkpoint/tiered_cells.h"

namespace tributary {

class TieredValues final : public ValueState {
 public:
  TieredValues(TieredShared& shared, const TieredCells::Spec& spec)
      : shared_(shared), cells_(shared, spec) {}

  void fetch(std::span<const StateKey> keys, std::span<StateEntry*> entries) override;
  bool prefetch(std::span<const StateKey> keys, std::function<void()> on_ready) override;
  void assign(StateEntry& entry, const void* value) override;
  void touch(StateEntry& entry) override;
  void clear(StateEntry& entry) override;

  TieredCells& cells() { return cells_; }
  const TieredCells& cells() const { return cells_; }
  bool holds(const StateKey& key);
  // What a restore reads. False, and nothing done, if it is neither in memory nor `stays` there.
  bool restore(const StateKey& key, std::optional<std::string_view> stored, bool stays);
  // Forgets the last batch: no entry of it is used any more.
  void end_batch() { drop_absent(); }

 private:
  void list_absent(TieredCell& cell);
  void drop_absent();

  TieredShared& shared_;
  TieredCells cells_;
  std::vector<TieredCell*> absent_;  // absent at the last fetch or cleared since
  std::vector<TieredCells::Entry*> begun_;
};

}  // namespace tributary
