// base/list.h
// List<T>: a read-only view of elements that lie in the batch's arena; 16 bytes, trivially
// copyable.
//
// Invariant: a List never outlives the memory it views. Whoever keeps one copies it (List::copy,
// deep_copy).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "base/arena.h"
#include "base/type_info.h"

namespace tributary {

template <typename T>
class List {
 public:
  static_assert(std::is_trivially_copyable_v<T>, "List<T>: T must be a field type of records");
  using value_type = T;

  constexpr List() = default;
  // A view: `elements` must outlive this List. At most 2^32 - 1 elements.
  explicit List(std::span<const T> elements)
      : raw_{elements.data(), static_cast<std::uint32_t>(elements.size())} {}
  // A copy in the arena of the elements and of all that they refer to.
  static List copy(std::span<const T> elements, Arena& arena) {
    const List view(elements);
    List copied;
    deep_copy(type_info<List>(), &view, &copied, arena);
    return copied;
  }

  std::size_t size() const { return raw_.size; }
  bool empty() const { return raw_.size == 0; }
  const T* begin() const { return static_cast<const T*>(raw_.data); }
  const T* end() const { return begin() + raw_.size; }
  const T& operator[](std::size_t index) const { return begin()[index]; }
  std::span<const T> span() const { return {begin(), raw_.size}; }

  friend bool operator==(const List& a, const List& b) { return equal(type_info<List>(), &a, &b); }

 private:
  RawList raw_;
};
static_assert(sizeof(List<int>) == 16);

}  // namespace tributary
