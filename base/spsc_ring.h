// base/spsc_ring.h
// A bounded queue from one thread to another, without locks. Capacity is fixed; a push to a full
// ring fails.
//
// Thread: one producer calls try_push, one consumer calls try_pop; they may be the same. Each side
// keeps a cached copy of the other's index, so that the shared lines move only when the cache runs
// out.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <utility>

namespace tributary {

template <typename T>
class SpscRing {
 public:
  // Room for at least `capacity` elements.
  explicit SpscRing(std::size_t capacity)
      : mask_(std::bit_ceil(capacity < 2 ? std::size_t{2} : capacity) - 1),
        cells_(new T[mask_ + 1]) {}

  [[nodiscard]] bool try_push(T&& value) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - cached_head_ > mask_) {
      cached_head_ = head_.load(std::memory_order_acquire);
      if (tail - cached_head_ > mask_) return false;
    }
    cells_[tail & mask_] = std::move(value);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  [[nodiscard]] bool try_pop(T& value) {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head == cached_tail_) {
      cached_tail_ = tail_.load(std::memory_order_acquire);
      if (head == cached_tail_) return false;
    }
    value = std::move(cells_[head & mask_]);
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

  std::size_t capacity() const { return mask_ + 1; }

 private:
  static constexpr std::size_t kLine = 64;
  const std::size_t mask_;
  const std::unique_ptr<T[]> cells_;
  alignas(kLine) std::atomic<std::size_t> tail_{0};  // producer's
  std::size_t cached_head_ = 0;
  alignas(kLine) std::atomic<std::size_t> head_{0};  // consumer's
  std::size_t cached_tail_ = 0;
};

}  // namespace tributary
