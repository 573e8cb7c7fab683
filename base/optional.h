// base/optional.h
// Optional<T>: a field of a record that may be absent. Trivially copyable, unlike std::optional's
// guarantee.
//
// Invariant: an absent value is T{}. Layout is fixed: the flag first, then the value (see
// type_info.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace tributary {

template <typename T>
class Optional {
 public:
  static_assert(std::is_trivially_copyable_v<T>, "Optional<T>: T must be a field type of records");

  constexpr Optional() = default;
  constexpr Optional(const T& value)
      : has_value_(true), value_(value) {}  // NOLINT: implicit by design

  constexpr bool has_value() const { return has_value_; }
  constexpr explicit operator bool() const { return has_value_; }
  // T{} when absent.
  constexpr const T& operator*() const { return value_; }
  constexpr const T* operator->() const { return &value_; }
  constexpr T value_or(const T& otherwise) const { return has_value_ ? value_ : otherwise; }
  constexpr void reset() { *this = {}; }

  friend constexpr bool operator==(const Optional& a, const Optional& b) {
    return a.has_value_ == b.has_value_ && (!a.has_value_ || a.value_ == b.value_);
  }
  friend constexpr bool operator==(const Optional& a, const T& b) {
    return a.has_value_ && a.value_ == b;
  }

  static constexpr std::uint32_t value_offset() { return offsetof(Optional, value_); }

 private:
  bool has_value_ = false;
  T value_{};
};

}  // namespace tributary
