#include "checkpoint/memory_key_order.h"

#include <algorithm>

namespace tributary {

const MemoryKeyTable::Entry* MemoryKeyOrder::next(std::uint64_t from) const {
  const bool follows = last_found_ < log_.size() && log_[last_found_].sequence < from;
  const auto first = log_.begin() + static_cast<std::ptrdiff_t>(follows ? last_found_ + 1 : 0);
  auto at =
      first != log_.end() && first->sequence >= from
          ? first
          : std::lower_bound(first, log_.end(), from, [](const Item& item, std::uint64_t sequence) {
              return item.sequence < sequence;
            });
  while (at != log_.end() && at->entry->sequence != at->sequence) ++at;
  if (at == log_.end()) return nullptr;
  last_found_ = static_cast<std::size_t>(at - log_.begin());
  return at->entry;
}

void MemoryKeyOrder::drop_dead() {
  std::erase_if(log_, [](const Item& item) { return item.entry->sequence != item.sequence; });
  dead_ = 0;
  last_found_ = 0;
}

}  // namespace tributary
