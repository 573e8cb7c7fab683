// What the contexts of user functions stand on: the engine's context, the emitter, and the record
// at hand.
//
// Owner: one operator. Thread: its slot's. Untyped; the typed faces are context.h and process.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tributary/internal/emitter.h>

#include "runtime/exec/operator.h"

namespace tributary::internal {

// Names of the side outputs that somebody reads, in the order of their ports.
using SideNames = std::vector<std::string>;

class CallCore {
 public:
  void open(OperatorContext& engine, std::shared_ptr<const SideNames> sides) {
    engine_ = &engine;
    sides_ = std::move(sides);
  }
  OperatorContext& engine() { return *engine_; }

  // One call of the engine.
  void begin(Output& out) {
    emitter.begin(out);
    now_known_ = false;
  }

  Timestamp processing_time();
  // The port of a side output, 0 if nobody reads it. `name` is a literal.
  std::uint32_t port_of(const char* name);
  void emit_side(const char* name, const TypeInfo& type, const void* record, Timestamp event_time,
                 std::uint64_t key_hash);

  Emitter emitter;

 private:
  OperatorContext* engine_ = nullptr;
  std::shared_ptr<const SideNames> sides_;
  std::vector<std::pair<const char*, std::uint32_t>> known_ports_;
  Timestamp now_;
  bool now_known_ = false;
};

// Ends a kernel's catch block: the engine's failure names the record.
[[noreturn]] void fail_record(std::uint32_t record);

}  // namespace tributary::internal
