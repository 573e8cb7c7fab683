#include "checkpoint/memory_block.h"

#include <cstdint>
#include <sys/mman.h>

#include "base/error.h"

namespace tributary {
namespace {

constexpr std::size_t kHugePageBytes = 2 * 1024 * 1024;

}  // namespace

MemoryBlock make_memory_block(std::size_t bytes) {
  MemoryBlock block(static_cast<char*>(std::calloc(1, bytes)));
  TRIBUTARY_CHECK(block != nullptr, "no memory for a table of {} bytes", bytes);
  const auto start = reinterpret_cast<std::uintptr_t>(block.get());
  const std::uintptr_t first = (start + kHugePageBytes - 1) & ~(kHugePageBytes - 1);
  const std::uintptr_t last = (start + bytes) & ~(kHugePageBytes - 1);
  // Advice only: a kernel without huge pages refuses, and nothing but speed is lost.
  if (first < last) (void)madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
  return block;
}

}  // namespace tributary
