// A simulation is one thread that allocates small things all the time: freed blocks are kept in
// lists by size and given again, which makes schedules a quarter quicker. Sanitizers need to see
// every block, so they get the usual allocator.
//
// Thread: lists are each thread's own. Blocks are never given back to the system.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#include <array>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

constexpr std::size_t kStep = 16;
constexpr std::size_t kLargest = 2048;
constexpr std::size_t kChunk = std::size_t{256} << 10;

struct Free {
  Free* next;
};
// In front of each block: which list it goes back to; 0: none.
struct alignas(16) Header {
  std::size_t list;
};

thread_local std::array<Free*, kLargest / kStep + 1> lists;
thread_local char* fresh = nullptr;
thread_local std::size_t fresh_left = 0;

void* take(std::size_t bytes) {
  const std::size_t list = (bytes + kStep - 1) / kStep;
  if (list >= lists.size()) {
    auto* header = static_cast<Header*>(std::malloc(sizeof(Header) + bytes));
    if (header == nullptr) throw std::bad_alloc();
    header->list = 0;
    return header + 1;
  }
  if (Free* found = lists[list]) {
    lists[list] = found->next;
    return found;
  }
  const std::size_t whole = sizeof(Header) + (list == 0 ? kStep : list * kStep);
  if (fresh_left < whole) {
    fresh = static_cast<char*>(std::malloc(kChunk));
    if (fresh == nullptr) throw std::bad_alloc();
    fresh_left = kChunk;
  }
  auto* header = reinterpret_cast<Header*>(fresh);
  fresh += whole;
  fresh_left -= whole;
  header->list = list + 1;
  return header + 1;
}

void give(void* block) noexcept {
  if (block == nullptr) return;
  Header* header = static_cast<Header*>(block) - 1;
  if (header->list == 0) return std::free(header);
  auto* free = static_cast<Free*>(block);
  free->next = lists[header->list - 1];
  lists[header->list - 1] = free;
}

}  // namespace

void* operator new(std::size_t bytes) { return take(bytes); }
void* operator new[](std::size_t bytes) { return take(bytes); }
void operator delete(void* block) noexcept { give(block); }
void operator delete[](void* block) noexcept { give(block); }
void operator delete(void* block, std::size_t) noexcept { give(block); }
void operator delete[](void* block, std::size_t) noexcept { give(block); }

#endif
