// base/arena.h
// Bytes that live and die together: a bump allocator. A batch owns one; Text, List and Map of its
// records point into it. reset() keeps the memory for the next use, and poisons it under ASan so
// that a stale Text is found.
//
// Thread: one at a time; ownership moves with the batch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace tributary {

class Arena {
 public:
  Arena() = default;
  Arena(Arena&&) noexcept;
  Arena& operator=(Arena&&) noexcept;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  // `bytes` of memory aligned to `alignment` (a power of two, at most 16). Never null; 0 bytes are
  // allowed.
  char* allocate(std::size_t bytes, std::size_t alignment = 1) {
    const std::uintptr_t start =
        (reinterpret_cast<std::uintptr_t>(next_) + alignment - 1) & ~(alignment - 1);
    if (next_ == nullptr || start + bytes > reinterpret_cast<std::uintptr_t>(end_)) [[unlikely]]
      return allocate_slow(bytes, alignment);
    next_ = reinterpret_cast<char*>(start + bytes);
    unpoison(reinterpret_cast<char*>(start), bytes);
    return reinterpret_cast<char*>(start);
  }

  // A copy of the bytes in this arena.
  std::string_view copy(std::string_view bytes) {
    char* to = allocate(bytes.size());
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    return {to, bytes.size()};
  }

  // Forgets everything allocated; keeps at most one block of up to kKeptBytes for reuse.
  void reset();

  // Bytes handed out since the last reset (without padding at block ends).
  std::size_t used_bytes() const;
  // Bytes held from the heap.
  std::size_t reserved_bytes() const { return reserved_; }

  static constexpr std::size_t kFirstBlockBytes = 4 * 1024;
  static constexpr std::size_t kKeptBytes = 256 * 1024;

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };
  char* allocate_slow(std::size_t bytes, std::size_t alignment);
  static void unpoison(const char* start, std::size_t bytes);

  char* next_ = nullptr;  // in the last block
  char* end_ = nullptr;
  std::vector<Block> blocks_;
  std::size_t reserved_ = 0;
  std::size_t used_before_ = 0;  // bytes used in blocks before the last one
};

}  // namespace tributary

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TRIBUTARY_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define TRIBUTARY_ASAN 1
#endif
#if defined(TRIBUTARY_ASAN)
#include <sanitizer/asan_interface.h>
inline void tributary::Arena::unpoison(const char* start, std::size_t bytes) {
  ASAN_UNPOISON_MEMORY_REGION(start, bytes);
}
#else
inline void tributary::Arena::unpoison(const char*, std::size_t) {}
#endif
