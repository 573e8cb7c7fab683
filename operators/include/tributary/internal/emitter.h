// What a kernel writes its results through: one batch under construction per port, handed on when
// full.
//
// Owner: one operator. Thread: its slot's. Valid between begin() and end() of one call of the
// engine; batches never stay here between calls, so nothing is held back.
#pragma once

#include <cstdint>
#include <vector>

#include "base/type_info.h"
#include "runtime/exec/batch.h"
#include "runtime/exec/operator.h"

namespace tributary::internal {

class Emitter {
 public:
  void begin(Output& out) {
    out_ = &out;
    yielding_ = false;
  }
  // Hands on what is not yet full.
  void end();

  // True once the engine asked for the slot back: finish the record at hand and return.
  bool yielding() const { return yielding_; }
  // Asks the engine (a clock reading): once in 64 records.
  bool ask() { return yielding_ = yielding_ || out_->should_yield(); }

  // The slot of a new record at the main output, uninitialised. It is handed on with the next
  // append or end(). `lender`: the batch whose bytes the record may refer to; null if it refers to
  // none.
  void* append(const TypeInfo& type, Timestamp event_time, std::uint64_t key_hash,
               Operation operation, const Batch* lender) {
    if (main_ == nullptr || main_->full()) [[unlikely]]
      next_main(type, lender);
    return main_->append(event_time, key_hash, operation);
  }
  // The main output's batch, with room for a record at least: for kernels that write many records
  // at once.
  Batch& with_room(const TypeInfo& type, const Batch* lender) {
    if (main_ == nullptr || main_->full()) [[unlikely]]
      next_main(type, lender);
    return *main_;
  }
  // append, and a deep copy of `record`.
  void copy(std::uint32_t port, const TypeInfo& type, const void* record, Timestamp event_time,
            std::uint64_t key_hash, Operation operation);
  bool connected(std::uint32_t port) const { return out_->connected(port); }
  Output& output() { return *out_; }
  // Undoes the last append at the main output.
  void drop_last() { main_->drop_last(); }

 private:
  void next_main(const TypeInfo& type, const Batch* lender);
  void hand_on(std::uint32_t port, BatchPtr batch);

  Output* out_ = nullptr;
  BatchPtr main_;
  std::vector<BatchPtr> sides_;  // by port - 1
  bool yielding_ = false;
};

}  // namespace tributary::internal
