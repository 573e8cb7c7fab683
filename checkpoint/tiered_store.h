// checkpoint/tiered_store.h
// All keyed state of one stateful task: decoded objects in memory under a byte budget, over an
// ordered store of the task's own (rule 23), with snapshots in constant time (rule 24).
//
// How it is wired. One store per task, all calls on its slot's thread, except what is said to
// block.
//  1. Make it. For a restore: begin_restore() with the snapshots of all old tasks whose groups it
//     takes; blocks.
//  2. operator_state(name) per stateful operator, each operator's open() declares its states, in
//  the
//     same order in every task.
//  3. finish_restore(), also when there was nothing to restore; blocks. Then records.
//  4. Between two turns of the task: maintain(), and while it gives true, often. must_wait(): the
//     task takes no records, but turns go on; counted as waiting for state. status() failed: the
//     task fails. No StateEntry or element of before is used after any of these.
//  5. Before a batch is processed, ValueState::prefetch(); if it says false, the batch is parked
//     until on_ready, which maintain() calls. `BackingFiles::wake` asks, from any thread, for a
//     turn.
//  6. Barrier n: freeze(), then the barrier goes on. Then sweep(limit) between batches until it
//  says
//     true. Chunks come to the DeltaSink from freeze to the end of the sweep, and before, for what
//     left memory; who stores them packs neighbours of an epoch into pieces and calls
//     chunks_stored or chunks_lost. An aborted checkpoint needs no call: go on sweeping (rule 26).
//  7. snapshot() is there when everything is swept and stored: it goes into the manifest. If its
//     bytes are those of the last completed one, the task is unchanged.
//  8. When a checkpoint is complete, fold_request(): fold_layers() on the I/O pool, and
//  fold_ended()
//     back on the slot. Where all state is in memory there is nothing to fold: maintain() renews
//     it, and a later fold_request() forgets what that made superfluous.
//  9. In-place rollback: a new store in a new folder. Folders of stores that are gone belong to the
//     one who gave them.
//
// Thread: its slot's only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "checkpoint/keyed_state.h"
#include "checkpoint/state_hazards.h"
#include "checkpoint/state_layers.h"
#include "checkpoint/state_snapshot.pb.h"
#include "checkpoint/tiered_backing.h"
#include "checkpoint/tiered_catalog.h"
#include "checkpoint/tiered_chain.h"
#include "checkpoint/tiered_keyed_state.h"
#include "checkpoint/tiered_shared.h"

namespace tributary {

struct TieredOptions {
  std::uint32_t key_group_count = kKeyGroupCountDefault;
  // The task's groups; all of them if `end` is 0.
  GroupRange groups;
  // What it may use of memory: entries, indexes, timers, and encoded bytes that wait for being
  // stored. 0: without bound. Needs a working store.
  std::size_t memory_bytes = 0;
  // How far beyond it may go before the task must wait: a turn's work and what is being written.
  std::size_t slack_bytes = std::size_t{8} << 20;
  // A write to the working store.
  std::size_t write_bytes = std::size_t{1} << 20;
  // Deltas are folded or renewed when they are more than this and than half the base (rule 25).
  std::uint64_t base_bytes_min = std::uint64_t{64} << 20;
  // State in memory up to this is renewed: a restore reads all of it. More gets a base.
  std::size_t renewal_bytes_max = std::size_t{1} << 30;
  // Of simulations.
  std::uint64_t table_order = 0;
  StateHazards hazards;
};

class TieredStore {
 public:
  // Without a sink there are no snapshots, and nothing is noted. `clock` is for what expires by
  // processing time. Both may be null and must outlive the store.
  TieredStore(const TieredOptions& options, BackingFiles files, DeltaSink* sink,
              const Clock* clock);
  ~TieredStore();
  TieredStore(const TieredStore&) = delete;
  TieredStore& operator=(const TieredStore&) = delete;

  // The same object for the same name; lives as long as the store.
  Result<KeyedState*> operator_state(const std::string& operator_name);

  Status begin_restore(std::span<const checkpoint::StateSnapshot> snapshots,
                       const LayerPlaces& places);
  Status finish_restore();

  // Gives answers of the I/O pool, lets go what memory has no room for; looks at up to `visits`
  // entries. True if there is more to do.
  bool maintain(std::size_t visits = 4096);
  bool must_wait() const;
  const Status& status() const { return shared_.status; }
  std::size_t bytes() const;

  // The task's event-time clock, which TTL and lateness count on; never goes back.
  void advance_event_time(Timestamp to) { shared_.clocks.advance(to); }
  Timestamp event_time(KeyGroup group) const { return shared_.clocks.of(group); }

  // Constant time. Not while a sweep goes on. A store that failed refuses.
  Status freeze();
  // Encodes up to `limit` frozen entries; true when there are none left.
  bool sweep(std::size_t limit = 2000);
  bool sweeping() const { return chain_ != nullptr && chain_->sweeping(); }
  void chunks_stored(std::uint64_t epoch, std::uint64_t first, std::uint64_t last,
                     const checkpoint::PieceRef& piece) {
    chain_->chunks_stored(epoch, first, last, piece);
  }
  void chunks_lost(std::uint64_t epoch, std::uint64_t first, std::uint64_t last) {
    chain_->chunks_lost(epoch, first, last);
  }
  std::optional<checkpoint::StateSnapshot> snapshot() const;
  GroupRange groups() const { return groups_; }

  // What to fold now, after a snapshot() that is complete; nothing if it is not time, or if there
  // is a renewal instead.
  std::optional<std::vector<checkpoint::StateLayer>> fold_request();
  // `base` is what fold_layers gave, or null if it failed: it is tried again after a later
  // snapshot.
  void fold_ended(const checkpoint::StateLayer* base) { chain_->fold_ended(base); }

 private:
  Status restore_timers();
  Status restore_deltas();
  void for_each_cells(const std::function<void(TieredCells&)>& visit);
  bool keep_within_bound(std::size_t visits);
  bool can_renew() const;
  void begin_renewal();
  // True when there is nothing left to look at.
  bool renew(std::size_t visits);
  void make_room(std::size_t visits);
  // Lets go what is clean and was not used lately, all states in turn.
  void evict(std::size_t visits, std::size_t enough);
  // Encodes a batch of what is not in the working store, sorted.
  std::vector<LsmWrite> unwritten(std::size_t visits, std::vector<TieredCells::Written>& written);
  void make_room_now();

  const TieredOptions options_;
  const GroupRange groups_;
  TieredCatalog catalog_;
  TieredBacking backing_;
  std::unique_ptr<TieredChain> chain_;
  TieredShared shared_;
  std::vector<std::unique_ptr<TieredKeyedState>> operators_;

  // Between begin_restore() and finish_restore().
  std::vector<checkpoint::StateLayer> restored_layers_;
  BlobStore* restored_from_ = nullptr;
  bool holds_undeclared_ = false;  // the chain has state that no operator declares

  // Of the last freeze.
  std::vector<checkpoint::GroupClock> frozen_clocks_;

  // All that is in memory comes into the deltas of these epochs (docs/formats/state-snapshots.md).
  struct Renewal {
    std::uint64_t first_epoch = 0;
    std::optional<std::uint64_t> last_epoch;  // when everything has been looked at
  };
  std::optional<Renewal> renewal_;

  std::size_t fruitless_visits_ = 0;  // since something left memory
  std::size_t evicting_ = 0;          // which state's turn it is to let go
};

}  // namespace tributary
