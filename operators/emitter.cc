#include <cstring>
#include <utility>

#include <tributary/internal/emitter.h>

namespace tributary::internal {

void Emitter::hand_on(std::uint32_t port, BatchPtr batch) {
  if (batch == nullptr || batch->empty()) return;
  out_->emit(port, std::move(batch));
  ask();
}

void Emitter::next_main(const TypeInfo& type, const Batch* lender) {
  hand_on(0, std::move(main_));
  main_ = out_->take(type);
  if (lender != nullptr) main_->borrow(*lender);
}

void Emitter::copy(std::uint32_t port, const TypeInfo& type, const void* record,
                   Timestamp event_time, std::uint64_t key_hash, Operation operation) {
  BatchPtr* batch = &main_;
  if (port > 0) {
    if (sides_.size() < port) sides_.resize(port);
    batch = &sides_[port - 1];
  }
  if (*batch == nullptr || (*batch)->full()) {
    hand_on(port, std::move(*batch));
    *batch = out_->take(type);
  }
  void* slot = (*batch)->append(event_time, key_hash, operation);
  if (type.has_references) {
    deep_copy(type, record, slot, (*batch)->arena());
  } else {
    std::memcpy(slot, record, type.size);
  }
}

void Emitter::end() {
  if (main_ != nullptr) hand_on(0, std::move(main_));
  for (std::uint32_t i = 0; i < sides_.size(); ++i) {
    if (sides_[i] != nullptr) hand_on(i + 1, std::move(sides_[i]));
  }
}

}  // namespace tributary::internal
