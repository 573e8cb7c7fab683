// jobs/cost_attribution/core/field_guess.h
// Finds a key in a small table of names, betting that a producer writes its keys in the same order
// every time.
//
// Thread: its owner's. Invariant: a guess only saves time; the answer depends on the key alone.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace tributary::cost {

class FieldGuess {
 public:
  static constexpr std::size_t kUnknown = ~std::size_t{0};

  // `names` must outlive this.
  explicit FieldGuess(std::span<const std::string_view> names) : names_(names) { guesses_.fill(0); }

  // Call at the start of each object.
  void restart() { position_ = 0; }

  // The index of `key` in the names, or kUnknown. The n-th call since restart() tries what the n-th
  // key was last time.
  std::size_t find(std::string_view key) {
    if (position_ == kPositions) return search(key);
    std::uint8_t& guess = guesses_[position_++];
    if (names_[guess] == key) return guess;
    const std::size_t found = search(key);
    if (found != kUnknown) guess = static_cast<std::uint8_t>(found);
    return found;
  }

 private:
  static constexpr std::size_t kPositions = 64;

  std::size_t search(std::string_view key) const {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (names_[i] == key) return i;
    }
    return kUnknown;
  }

  std::span<const std::string_view> names_;
  std::array<std::uint8_t, kPositions> guesses_{};
  std::size_t position_ = 0;
};

}  // namespace tributary::cost
