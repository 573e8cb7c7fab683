// base/text.h
// Text: the string of records. 16 bytes, trivially copyable: up to 12 bytes inline, longer ones a
// view into bytes that someone else owns (the batch's arena, a string literal, a state entry).
//
// Invariant: a Text never outlives the bytes it views. State and tests copy (see type_info.h,
// deep_copy). Comparison and hash are by bytes, without locale.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <ostream>
#include <string>
#include <string_view>

#include "base/arena.h"

namespace tributary {

class Text {
 public:
  static constexpr std::size_t kInlineBytes = 12;

  constexpr Text() = default;
  // A view when longer than 12 bytes: `bytes` must outlive this Text. At most 2^32 - 1 bytes.
  Text(std::string_view bytes)
      : size_(static_cast<std::uint32_t>(bytes.size())) {  // NOLINT: implicit by design
    if (bytes.size() <= kInlineBytes) {
      if (!bytes.empty()) std::memcpy(inline_, bytes.data(), bytes.size());
    } else {
      const char* data = bytes.data();
      std::memcpy(inline_, data, 4);
      std::memcpy(inline_ + 4, &data, sizeof data);
    }
  }
  Text(const char* literal) : Text(std::string_view(literal)) {}     // NOLINT: implicit by design
  Text(const std::string& bytes) : Text(std::string_view(bytes)) {}  // NOLINT: a view, see above
  // A copy of the bytes in the arena.
  Text(std::string_view bytes, Arena& arena)
      : Text(bytes.size() <= kInlineBytes ? bytes : arena.copy(bytes)) {}

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool is_inline() const { return size_ <= kInlineBytes; }
  const char* data() const& {
    if (is_inline()) return inline_;
    const char* data = nullptr;
    std::memcpy(&data, inline_ + 4, sizeof data);
    return data;
  }
  // The view of a short Text points into the Text itself: do not keep it longer than the Text.
  std::string_view view() const& { return {data(), size_}; }
  operator std::string_view() const& { return view(); }  // NOLINT: implicit by design
  std::string str() const { return std::string(data(), size_); }

  // The same content whose long bytes lie in `arena`.
  Text copied_to(Arena& arena) const { return is_inline() ? *this : Text(arena.copy(view())); }

  friend bool operator==(const Text& a, const Text& b) {
    if (std::memcmp(&a, &b, 8) != 0) return false;  // size and first four bytes
    return a.is_inline() ? std::memcmp(a.inline_ + 4, b.inline_ + 4, 8) == 0
                         : std::memcmp(a.data(), b.data(), a.size_) == 0;
  }
  friend std::strong_ordering operator<=>(const Text& a, const Text& b) {
    return a.view().compare(b.view()) <=> 0;
  }
  // With literals, strings and views. Templates, because a std::string converts to Text and to a
  // view equally well.
  template <typename S>
    requires(!std::same_as<S, Text> && std::convertible_to<const S&, std::string_view>)
  friend bool operator==(const Text& a, const S& b) {
    return a.view() == std::string_view(b);
  }
  template <typename S>
    requires(!std::same_as<S, Text> && std::convertible_to<const S&, std::string_view>)
  friend std::strong_ordering operator<=>(const Text& a, const S& b) {
    return a.view().compare(std::string_view(b)) <=> 0;
  }
  friend std::ostream& operator<<(std::ostream& out, const Text& text) {
    return out << text.view();
  }

  template <typename H>
  friend H AbslHashValue(H h, const Text& text) {
    return H::combine(std::move(h), text.view());
  }

 private:
  std::uint32_t size_ = 0;
  char inline_[kInlineBytes] =
      {};  // short: the bytes, zero-filled; long: 4 bytes of prefix and the pointer
};
static_assert(sizeof(Text) == 16);

}  // namespace tributary
