// The untyped half of keyed processes: where their handles point, and what their contexts stand on.
//
// Decides: value state of a chunk's keys is fetched before the user's function sees the first
// record of it; records of a key are seen in the order of arrival. Owner: one ProcessOperator.
// Thread: its slot's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tributary/internal/call_core.h>
#include <tributary/internal/graph_builder.h>
#include <tributary/internal/user_code.h>
#include <tributary/ttl.h>

#include "base/arena.h"
#include "base/key_codec.h"
#include "checkpoint/keyed_state.h"
#include "runtime/exec/operator.h"

namespace tributary::internal {

class BroadcastTable;
class ProcessCore;
struct FiredTimer;

enum class SlotKind : std::uint8_t { kValue, kMap, kList, kBroadcast };

// One declared state. Its address is stable: handles point to it.
struct StateSlot {
  StateSlot();
  ~StateSlot();

  SlotKind kind = SlotKind::kValue;
  std::string name;
  const TypeInfo* value_type = nullptr;
  const TypeInfo* map_key_type = nullptr;
  std::optional<Ttl> expires;
  ProcessCore* core = nullptr;  // null at graph-build time

  // kValue: the entries of the chunk at hand, by row.
  ValueState* values = nullptr;
  std::vector<StateEntry*> entries;
  bool stale = false;  // an entry was cleared: fetch again before the next use

  // kMap, kList
  MapState* map = nullptr;
  std::unique_ptr<KeyCodec> map_codec;
  std::string map_key;  // scratch

  // kBroadcast
  std::unique_ptr<BroadcastTable> broadcast;
};

// Base of every process class; made once when the graph is built (to learn its states) and once in
// each task.
class ProcessBase {
 public:
  ProcessBase(const ProcessBase&) = delete;
  ProcessBase& operator=(const ProcessBase&) = delete;

  std::vector<std::unique_ptr<StateSlot>>& slots() { return slots_; }

 protected:
  ProcessBase();
  ~ProcessBase();
  StateSlot* declare(SlotKind kind, std::string_view name, const TypeInfo& value,
                     const TypeInfo* map_key, std::optional<Ttl> expires);

 private:
  std::vector<std::unique_ptr<StateSlot>> slots_;
};

// What the engine calls of a process class P, made by templates in process.h.
struct ProcessKernels {
  CodePtr (*make)(const void* factory) = nullptr;  // a P
  ProcessBase& (*base)(void* process) = nullptr;
  // Records [from, to), of input 0; returns the first not consumed.
  std::uint32_t (*on_records)(void* process, Batch& batch, std::uint32_t from, std::uint32_t to,
                              ProcessCore& core) = nullptr;
  void (*on_timer)(void* process, const FiredTimer& timer,
                   ProcessCore& core) = nullptr;                    // may be null
  Progress (*on_wake)(void* process, ProcessCore& core) = nullptr;  // may be null
  std::uint32_t (*on_broadcast)(void* process, Batch& batch, std::uint32_t from, std::uint32_t to,
                                ProcessCore& core) = nullptr;  // may be null
  // With a key at hand, and no way to emit.
  void (*on_restored)(void* process, ProcessCore& core) = nullptr;  // may be null
};

struct FiredTimer {
  Timestamp at;
  TimeDomain domain = TimeDomain::kEvent;
  std::string_view name;
};

using KeyPredicate = std::function<bool(const void* key)>;

class ProcessCore : public CallCore {
 public:
  virtual ~ProcessCore() = default;

  // Before a record of the chunk, whose row is its place in the chunk.
  void begin_record(Batch& batch, std::uint32_t i, std::uint32_t row) {
    row_ = row;
    event_time_ = batch.event_time(i);
  }

  Timestamp event_time() const { return event_time_; }
  virtual const void* key() const = 0;
  virtual const StateKey& address() const = 0;
  // While timers fire: what event time advances to.
  virtual Timestamp watermark() const = 0;
  StateEntry& entry(StateSlot& slot) {
    if (slot.stale || !has_key_) [[unlikely]]
      refetch(slot);
    return *slot.entries[row_];
  }
  void clear(StateSlot& slot);

  void emit(const TypeInfo& type, const void* record, Timestamp event_time, Operation operation) {
    emitter.copy(0, type, record, event_time, has_key_ ? address().hash : 0, operation);
  }
  void emit_to_side(const char* name, const TypeInfo& type, const void* record) {
    emit_side(name, type, record, event_time_, has_key_ ? address().hash : 0);
  }

  virtual void set_timer(TimeDomain domain, std::string_view name, Timestamp at) = 0;
  virtual void cancel_timer(TimeDomain domain, std::string_view name, Timestamp at) = 0;
  virtual void wake_keys(KeyPredicate predicate) = 0;

  // Bytes that live until the call of the user's function returns to the engine.
  Arena& scratch() { return scratch_; }

 protected:
  // Stops the process when there is no key at hand.
  virtual void refetch(StateSlot& slot) = 0;

  Arena scratch_;
  Timestamp event_time_;
  std::uint32_t row_ = 0;
  bool has_key_ = false;
};

// `prototype` is a P made at graph-build time: its declared states.
std::vector<StateDeclaration> declared_states(ProcessBase& prototype, const TypeInfo& key_type);
Status check_ttls(ProcessBase& prototype, std::string_view process);

// Adds a process to the graph; input 0 is connected.
StreamRef add_process_node(const StreamRef& from, Name name, const ProcessKernels& kernels,
                           std::shared_ptr<const void> factory, const KeySpec& key,
                           const InputSpec& input, const TypeInfo& output);
OperatorFactory make_process(const ProcessKernels& kernels, std::shared_ptr<const void> factory,
                             KeySpec key);

// Map and list handles.
const void* map_get(StateSlot& slot, const void* map_key);
void map_put(StateSlot& slot, const void* map_key, const void* value);
bool map_erase(StateSlot& slot, const void* map_key);
void map_clear(StateSlot& slot);
std::size_t map_size(StateSlot& slot);
// Copies up to `limit` elements from the cursor on, then gives each to `visit`, which may change
// the map and returns false to stop. Returns the cursor of the first element not visited; nothing
// at the end.
std::optional<std::string> map_scan(
    StateSlot& slot, std::string_view cursor, std::size_t limit,
    const std::function<bool(const void* map_key, const void* value)>& visit);
// The cursor that stands at a key.
std::string map_cursor(StateSlot& slot, const void* map_key);
// The oldest elements of a list that expires go first; the others keep their places behind them.
std::size_t list_size(StateSlot& slot);
void list_append(StateSlot& slot, const void* value);
const void* list_at(StateSlot& slot, std::uint64_t index);
void list_for_each(StateSlot& slot, const std::function<void(const void* value)>& visit);

// Broadcast handles.
const void* broadcast_get(const StateSlot& slot, const void* map_key);
void broadcast_put(StateSlot& slot, const void* map_key, const void* value);
bool broadcast_erase(StateSlot& slot, const void* map_key);
void broadcast_for_each(const StateSlot& slot,
                        const std::function<void(const void* map_key, const void* value)>& visit);
std::size_t broadcast_size(const StateSlot& slot);

[[noreturn]] void used_outside_a_call(const StateSlot& slot);

}  // namespace tributary::internal
