// What a function of map, filter and flat_map may ask for as its last argument. The whole list of
// legal forms: docs/authors/functions.md.
//
// Thread: the slot's; a Context is valid during the call only.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include <tributary/internal/call_core.h>
#include <tributary/side_output.h>

#include "base/record.h"

namespace tributary {

class Context {
 public:
  // Of the record at hand.
  Timestamp event_time() const { return batch_->event_time(row_); }
  // The engine's clock, the same within one call of the engine.
  Timestamp processing_time() const { return core_->processing_time(); }
  Timestamp watermark() const { return core_->engine().watermark(); }

  // A copy of the bytes that lives as long as the output.
  Text text(std::string_view bytes) { return Text(bytes, batch_->arena()); }
  // For List::copy and Map::copy.
  Arena& arena() { return batch_->arena(); }

  // Adds to a counter of this operator. Counters have fixed names, never user text.
  void count(std::string_view counter, std::int64_t n = 1) { core_->engine().count(counter, n); }

  // To a side output; read it with .side_output(tag) of the stream that this function makes.
  template <typename T>
  void emit(const SideOutput<T>& tag, const T& record) {
    core_->emit_side(tag.name, type_info<T>(), &record, event_time(), batch_->key_hash(row_));
  }

 private:
  friend class ContextAccess;
  internal::CallCore* core_ = nullptr;
  Batch* batch_ = nullptr;
  std::uint32_t row_ = 0;
};

// For kernels: moves a Context along a batch.
class ContextAccess {
 public:
  static void attach(Context& context, internal::CallCore& core, Batch& batch) {
    context.core_ = &core;
    context.batch_ = &batch;
  }
  static void move_to(Context& context, std::uint32_t row) { context.row_ = row; }
};

// Where flat_map's function puts its results.
template <typename U>
class Collector {
 public:
  explicit Collector(internal::CallCore& core, Batch& batch) : core_(core), batch_(batch) {}
  // Texts of `record` may be views of the input record's, or made by ctx.text().
  void emit(const U& record) {
    if (next_ == end_) [[unlikely]]
      make_room();
    *next_++ = record;
    *next_row_++ = row_;
  }

  // For the kernel: the record at hand, and its last word.
  void move_to(std::uint32_t row) { row_ = static_cast<std::uint16_t>(row); }
  void settle() {
    if (out_ != nullptr && next_row_ != rows_.data()) {
      out_->append_columns(batch_, {rows_.data(), next_row_});
      next_row_ = rows_.data();
    }
    next_ = end_ = nullptr;
    out_ = nullptr;
  }

 private:
  // Whatever is written here belongs to the emitter's batch only once it is settled.
  void make_room() {
    settle();
    out_ = &core_.emitter.with_room(type_info<U>(), &batch_);
    next_ = static_cast<U*>(out_->record(out_->size()));
    end_ = next_ + (out_->capacity() - out_->size());
  }

  internal::CallCore& core_;
  Batch& batch_;
  std::uint16_t row_ = 0;
  Batch* out_ = nullptr;
  U* next_ = nullptr;
  U* end_ = nullptr;
  std::array<std::uint16_t, Batch::kMaxRecords> rows_;  // where each record came from
  std::uint16_t* next_row_ = rows_.data();
};

}  // namespace tributary
