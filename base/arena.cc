#include "base/arena.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace tributary {
namespace {

// Blocks double up to this size, so that a big batch takes few calls of the heap.
constexpr std::size_t kLargestStepBytes = 1024 * 1024;

#ifdef TRIBUTARY_ASAN
void poison(const char* start, std::size_t bytes) { ASAN_POISON_MEMORY_REGION(start, bytes); }
#else
void poison(const char*, std::size_t) {}
#endif

}  // namespace

Arena::Arena(Arena&& other) noexcept
    : next_(std::exchange(other.next_, nullptr)),
      end_(std::exchange(other.end_, nullptr)),
      blocks_(std::exchange(other.blocks_, {})),
      reserved_(std::exchange(other.reserved_, 0)),
      used_before_(std::exchange(other.used_before_, 0)) {}

Arena& Arena::operator=(Arena&& other) noexcept {
  if (this == &other) return *this;
  for (const Block& block : blocks_) unpoison(block.bytes.get(), block.size);
  next_ = std::exchange(other.next_, nullptr);
  end_ = std::exchange(other.end_, nullptr);
  blocks_ = std::exchange(other.blocks_, {});
  reserved_ = std::exchange(other.reserved_, 0);
  used_before_ = std::exchange(other.used_before_, 0);
  return *this;
}

Arena::~Arena() {
  // The heap gets its bytes back as it gave them.
  for (const Block& block : blocks_) unpoison(block.bytes.get(), block.size);
}

char* Arena::allocate_slow(std::size_t bytes, std::size_t alignment) {
  TRIBUTARY_CHECK(alignment <= 16 && (alignment & (alignment - 1)) == 0, "alignment {}", alignment);
  const std::size_t step =
      blocks_.empty()
          ? kFirstBlockBytes
          : std::min(std::max(blocks_.back().size * 2, kFirstBlockBytes), kLargestStepBytes);
  const std::size_t size = std::max(bytes, step);
  used_before_ = used_bytes();
  blocks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
  reserved_ += size;
  char* start = blocks_.back().bytes.get();  // aligned to 16 by operator new
  poison(start, size);
  unpoison(start, bytes);
  next_ = start + bytes;
  end_ = start + size;
  return start;
}

void Arena::reset() {
  used_before_ = 0;
  if (blocks_.empty()) return;
  std::size_t kept = blocks_.size();
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    if (blocks_[i].size > kKeptBytes) continue;
    if (kept == blocks_.size() || blocks_[i].size > blocks_[kept].size) kept = i;
  }
  for (std::size_t i = 0; i < blocks_.size(); ++i)
    if (i != kept) unpoison(blocks_[i].bytes.get(), blocks_[i].size);
  if (kept == blocks_.size()) {
    blocks_.clear();
    next_ = end_ = nullptr;
    reserved_ = 0;
    return;
  }
  if (kept != 0) std::swap(blocks_[0], blocks_[kept]);
  blocks_.resize(1);
  next_ = blocks_[0].bytes.get();
  end_ = next_ + blocks_[0].size;
  reserved_ = blocks_[0].size;
  poison(next_, blocks_[0].size);
}

std::size_t Arena::used_bytes() const {
  if (blocks_.empty()) return 0;
  return used_before_ + static_cast<std::size_t>(next_ - blocks_.back().bytes.get());
}

}  // namespace tributary
