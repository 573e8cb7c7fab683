// checkpoint/memory_block.h
// Zeroed memory for tables: an owner that asks for huge pages where the block is big enough to gain
// by them.
//
// Owner: one table. Comes from the heap, so that the process's memory count sees it; fresh pages of
// a big block are untouched until used.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

namespace tributary {

struct FreeBlock {
  void operator()(char* bytes) const { std::free(bytes); }
};
using MemoryBlock = std::unique_ptr<char, FreeBlock>;

// Aligned to 16. Stops the process when there is no memory.
MemoryBlock make_memory_block(std::size_t bytes);

}  // namespace tributary
