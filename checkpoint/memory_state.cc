#include "checkpoint/memory_state.h"

namespace tributary {

MemoryKeyedState::MemoryKeyedState(std::uint32_t key_group_count)
    : store_({.key_group_count = key_group_count}, {}, nullptr, nullptr),
      state_(**store_.operator_state("")) {}

}  // namespace tributary
