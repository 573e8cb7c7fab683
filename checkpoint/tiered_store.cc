#include "checkpoint/tiered_store.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/failpoint.h"

namespace tributary {
namespace {

constexpr std::size_t kVisitsAtOnce = 256;
constexpr std::size_t kRestoreBatchBytes = std::size_t{16} << 20;

}  // namespace

TieredStore::TieredStore(const TieredOptions& options, BackingFiles files, DeltaSink* sink,
                         const Clock* clock)
    : options_(options),
      groups_{options.groups.begin,
              options.groups.end != 0 ? options.groups.end : options.key_group_count},
      backing_(std::move(files)),
      chain_(sink != nullptr
                 ? std::make_unique<TieredChain>(sink, groups_.begin, groups_.end, options.hazards)
                 : nullptr),
      shared_{.key_group_count = options.key_group_count,
              .epoch = sink != nullptr ? 1U : 0U,
              .chain = chain_.get(),
              .backing = &backing_,
              .clock = clock,
              .clocks = GroupClocks(options.key_group_count),
              .table_order = options.table_order,
              .hazards = options.hazards,
              .status = {}} {
  TRIBUTARY_CHECK(options.key_group_count >= 1 && options.key_group_count <= kKeyGroupCountMax &&
                      groups_.begin < groups_.end && groups_.end <= options.key_group_count,
                  "key groups [{}, {}) of {}", groups_.begin, groups_.end, options.key_group_count);
  TRIBUTARY_CHECK(options.memory_bytes == 0 || backing_.exists(),
                  "a bound of {} bytes without a store for what is beyond it",
                  options.memory_bytes);
}

TieredStore::~TieredStore() = default;

Result<KeyedState*> TieredStore::operator_state(const std::string& operator_name) {
  const auto known = std::ranges::find(operators_, operator_name, &TieredKeyedState::operator_name);
  if (known != operators_.end()) return known->get();
  const auto& timers =
      *TRY(catalog_.declare(operator_name, checkpoint::StateInCatalog::TIMERS, StateDescriptor{}));
  operators_.push_back(
      std::make_unique<TieredKeyedState>(shared_, catalog_, groups_, operator_name,
                                         StateId{static_cast<std::uint16_t>(timers.state_id())}));
  return operators_.back().get();
}

Status TieredStore::begin_restore(std::span<const checkpoint::StateSnapshot> snapshots,
                                  const LayerPlaces& places) {
  TRIBUTARY_CHECK(operators_.empty(), "a restore into a store that is in use");
  for (const checkpoint::StateSnapshot& snapshot : snapshots) {
    if (snapshot.key_group_count() != options_.key_group_count)
      return fail(ErrorCode::S432, "a job of {} key groups is restored with {}",
                  snapshot.key_group_count(), options_.key_group_count);
    TRY(catalog_.restore(snapshot.catalog()));
    const std::vector<checkpoint::StateLayer> layers(snapshot.layers().begin(),
                                                     snapshot.layers().end());
    std::ranges::move(cut_layers(layers, groups_), std::back_inserter(restored_layers_));
    for (const checkpoint::GroupClock& clock : snapshot.clocks()) {
      if (options_.hazards.clocks_are_not_restored) break;
      const std::uint32_t end = std::min(clock.group_end(), groups_.end);
      for (std::uint32_t group = std::max(clock.group_begin(), groups_.begin); group < end;
           ++group) {
        shared_.clocks.raise({static_cast<std::uint16_t>(group)}, {clock.event_time_micros()});
      }
    }
  }
  restored_from_ = places.blobs;
  if (auto base = TRY(open_bases(places, restored_layers_, backing_.folder()))) {
    TRIBUTARY_CHECK(backing_.exists(), "a base is restored without a store for it");
    backing_.adopt(std::move(base));
  }
  return {};
}

Status TieredStore::finish_restore() {
  if (!restored_layers_.empty()) {
    TRY(restore_timers());
    TRY(restore_deltas());
    if (chain_ != nullptr) chain_->restore(std::exchange(restored_layers_, {}));
  }
  for (const auto& state : operators_) state->end_restore();
  return shared_.status;
}

// Timers are all in memory.
Status TieredStore::restore_timers() {
  if (!backing_.holds_any()) return {};
  for (const auto& state : operators_) {
    for (const checkpoint::StateLayer& layer : restored_layers_) {
      if (layer.base_size() == 0) continue;
      for (std::uint32_t group = layer.group_begin(); group < layer.group_end(); ++group) {
        std::string prefix;
        append_state_prefix({static_cast<std::uint16_t>(group)}, state->timers_id(), prefix);
        Status status;
        TRY(backing_.scan(prefix, end_of_prefix(prefix),
                          [&](std::string_view key, std::string_view) {
                            const auto restored = state->restore({.key = key});
                            if (!restored) status = std::unexpected(restored.error());
                            return status.has_value();
                          }));
        TRY(std::move(status));
      }
    }
  }
  return {};
}

Status TieredStore::restore_deltas() {
  // What goes to the working store; the last one of a key counts.
  std::map<std::string, std::optional<std::string>, std::less<>> writes;
  std::size_t bytes = 0;
  const auto flush = [&]() -> Status {
    if (writes.empty()) return {};
    std::vector<LsmWrite> sorted;
    for (auto& [key, value] : std::exchange(writes, {})) sorted.push_back({key, std::move(value)});
    bytes = 0;
    return backing_.write_now(sorted);
  };
  std::size_t records = 0;
  const auto take = [&](const DeltaRecord& record) -> Status {
    auto restored = TieredKeyedState::Restored::kNotMine;
    for (const auto& state : operators_) {
      restored = TRY(state->restore(record));
      if (restored != TieredKeyedState::Restored::kNotMine) break;
    }
    holds_undeclared_ |= restored == TieredKeyedState::Restored::kNotMine;
    if (restored == TieredKeyedState::Restored::kInMemory && !writes.empty())
      if (const auto older = writes.find(record.key); older != writes.end()) writes.erase(older);
    // What no operator declares is in the chain; nobody here reads it.
    if (restored == TieredKeyedState::Restored::kToStore && backing_.exists()) {
      if (record.kind == DeltaKind::kDeletePrefix) {
        TRY(flush());
        backing_.delete_prefix(std::string(record.key));
        TRY(backing_.write_now({}));
      } else {
        auto& value = writes[std::string(record.key)];
        value.reset();
        if (record.kind == DeltaKind::kPut) value.emplace(record.value);
        bytes += record.key.size() + record.value.size() + 64;
        if (bytes > kRestoreBatchBytes) TRY(flush());
      }
    }
    // What changed since the base may be more than there is memory.
    if (++records % kVisitsAtOnce == 0 && must_wait()) make_room_now();
    return shared_.status;
  };
  TRY(replay_deltas(*restored_from_, restored_layers_, take));
  return flush();
}

void TieredStore::make_room_now() {
  const std::size_t enough = options_.memory_bytes - options_.memory_bytes / 16;
  for (std::size_t before = 0; bytes() > enough && bytes() != before;) {
    before = bytes();
    evict(SIZE_MAX, enough);
    std::vector<TieredCells::Written> written;
    const std::vector<LsmWrite> writes = unwritten(SIZE_MAX, written);
    if (writes.empty()) continue;
    const Status status = backing_.write_now(writes);
    if (!status) return shared_.fail_with(Error(status.error()));
    for (const TieredCells::Written& one : written) one.cells->written(one.number, true);
    evict(SIZE_MAX, enough);
  }
}

void TieredStore::for_each_cells(const std::function<void(TieredCells&)>& visit) {
  for (const auto& state : operators_) state->for_each_cells(visit);
}

std::size_t TieredStore::bytes() const {
  std::size_t total = chain_ != nullptr ? chain_->bytes() : 0;
  for (const auto& state : operators_) total += state->bytes();
  return total;
}

bool TieredStore::must_wait() const {
  return options_.memory_bytes != 0 && bytes() > options_.memory_bytes + options_.slack_bytes;
}

bool TieredStore::maintain(std::size_t visits) {
  const bool renews = renewal_ && !renewal_->last_epoch && !renew(visits);
  return keep_within_bound(visits) || renews;
}

bool TieredStore::keep_within_bound(std::size_t visits) {
  // Answers come last, so that what a parked batch waits for is still there when it goes on.
  const std::size_t before = bytes();
  const bool was_writing = backing_.writing();
  make_room(visits);
  backing_.poll();
  if (options_.memory_bytes == 0 || bytes() <= options_.memory_bytes) {
    fruitless_visits_ = 0;
    return false;
  }
  // What cannot go (indexes, timers, what is being written) is nothing to spin for; an answer of
  // the pool asks for a turn.
  std::size_t entries = 0;
  for_each_cells([&](TieredCells& cells) { entries += cells.table().numbers(); });
  const bool gained = bytes() < before || (!was_writing && backing_.writing());
  fruitless_visits_ = gained ? 0 : fruitless_visits_ + visits;
  return fruitless_visits_ <= 2 * entries + visits;
}

void TieredStore::make_room(std::size_t visits) {
  if (options_.memory_bytes == 0 || bytes() <= options_.memory_bytes) return;
  for (const auto& state : operators_) state->end_batch();
  const std::size_t enough = options_.memory_bytes - options_.memory_bytes / 16;
  evict(visits, enough);
  if (bytes() > enough && !backing_.writing()) {
    std::vector<TieredCells::Written> written;
    std::vector<LsmWrite> writes = unwritten(4 * visits, written);
    if (!writes.empty())
      backing_.write(std::move(writes), [this, written = std::move(written)](const Status& status) {
        if (!status) shared_.fail_with(Error(status.error()));
        for (const TieredCells::Written& one : written)
          one.cells->written(one.number, status.has_value());
      });
  }
}

void TieredStore::evict(std::size_t visits, std::size_t enough) {
  std::vector<TieredCells*> all;
  for_each_cells([&](TieredCells& cells) { all.push_back(&cells); });
  // The first time around takes marks off, the second one finds what has none.
  for (std::size_t around = 0;
       !all.empty() && visits > 0 && bytes() > enough && around <= 2 * all.size();) {
    if (all[evicting_ % all.size()]->evict(std::min(visits, kVisitsAtOnce))) {
      ++evicting_;
      ++around;
    }
    visits -= std::min(visits, kVisitsAtOnce);
  }
}

std::vector<LsmWrite> TieredStore::unwritten(std::size_t visits,
                                             std::vector<TieredCells::Written>& written) {
  std::vector<LsmWrite> writes;
  std::size_t bytes = options_.write_bytes;
  for_each_cells([&](TieredCells& cells) {
    cells.collect_unwritten(std::min<std::size_t>(visits, cells.table().numbers()), bytes, writes,
                            written);
  });
  std::ranges::sort(writes, {}, &LsmWrite::key);
  return writes;
}

Status TieredStore::freeze() {
  TRY(Status(shared_.status));
  chain_->freeze();
  ++shared_.epoch;
  for_each_cells([](TieredCells& cells) { cells.freeze(); });
  for (const auto& state : operators_) state->tiered_timers().freeze();
  frozen_clocks_.clear();
  for (std::uint32_t group = groups_.begin; group < groups_.end; ++group) {
    const std::int64_t time = shared_.clocks.of({static_cast<std::uint16_t>(group)}).micros;
    if (time == Timestamp::min().micros) continue;
    if (!frozen_clocks_.empty() && frozen_clocks_.back().group_end() == group &&
        frozen_clocks_.back().event_time_micros() == time) {
      frozen_clocks_.back().set_group_end(group + 1);
      continue;
    }
    checkpoint::GroupClock& clock = frozen_clocks_.emplace_back();
    clock.set_group_begin(group);
    clock.set_group_end(group + 1);
    clock.set_event_time_micros(time);
  }
  return {};
}

bool TieredStore::sweep(std::size_t limit) {
  if (!sweeping()) return true;
  bool done = true;
  for_each_cells([&](TieredCells& cells) { done &= cells.sweep(limit); });
  for (const auto& state : operators_) done &= state->tiered_timers().sweep(limit);
  if (done) chain_->end_sweep();
  return done;
}

std::optional<checkpoint::StateSnapshot> TieredStore::snapshot() const {
  if (chain_ == nullptr || !chain_->complete() || !shared_.status) return std::nullopt;
  checkpoint::StateSnapshot snapshot;
  snapshot.set_key_group_count(options_.key_group_count);
  snapshot.set_group_begin(groups_.begin);
  snapshot.set_group_end(groups_.end);
  for (checkpoint::StateLayer& layer : chain_->layers()) *snapshot.add_layers() = std::move(layer);
  for (const auto& entry : catalog_.entries()) *snapshot.add_catalog() = entry;
  for (const auto& clock : frozen_clocks_) *snapshot.add_clocks() = clock;
  return snapshot;
}

std::optional<std::vector<checkpoint::StateLayer>> TieredStore::fold_request() {
  if (!chain_->complete()) return std::nullopt;
  if (renewal_) {
    // Not before the snapshot that still names what goes: all that was stored has been in one.
    if (renewal_->last_epoch && *renewal_->last_epoch <= chain_->frozen_epoch()) {
      chain_->begin_at(std::exchange(renewal_, std::nullopt)->first_epoch);
      failpoint("renewal.ended");
    }
    return std::nullopt;
  }
  if (!chain_->fold_is_due(options_.base_bytes_min)) return std::nullopt;
  if (can_renew()) {
    begin_renewal();
    return std::nullopt;
  }
  chain_->fold_began();
  return chain_->layers();
}

// What was encoded waits in memory until it is stored; there must be room for it.
bool TieredStore::can_renew() const {
  if (holds_undeclared_ || backing_.holds_any()) return false;
  const std::size_t held = bytes();
  return held <= options_.renewal_bytes_max &&
         (options_.memory_bytes == 0 || held <= options_.memory_bytes / 4 * 3);
}

void TieredStore::begin_renewal() {
  renewal_ = Renewal{.first_epoch = chain_->epoch(), .last_epoch = {}};
  for_each_cells([](TieredCells& cells) { cells.begin_renewal(); });
  for (const auto& state : operators_) state->tiered_timers().begin_renewal();
}

bool TieredStore::renew(std::size_t visits) {
  bool done = true;
  for_each_cells([&](TieredCells& cells) { done &= cells.renew(visits); });
  for (const auto& state : operators_) done &= state->tiered_timers().renew(visits);
  if (!done) return false;
  // What left memory meanwhile may be in older deltas alone.
  if (backing_.holds_any())
    renewal_.reset();
  else
    renewal_->last_epoch = chain_->epoch();
  failpoint("renewal.marked");
  return true;
}

}  // namespace tributary
