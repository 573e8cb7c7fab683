// tests/jobs/cost_attribution/oracle/dice.h
// Chance for the generator of histories: splitmix64, so that a seed means the same history on every
// machine. A value of one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace tributary::cost_oracle {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  // In [0, n), n > 0.
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }
  // In [from, to], both included.
  std::size_t between(std::size_t from, std::size_t to) { return from + below(to - from + 1); }
  bool percent(std::size_t chance) { return below(100) < chance; }

  template <typename T>
  const T& pick(const std::vector<T>& of) {
    return of[below(of.size())];
  }
  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::uint64_t state_;
};

}  // namespace tributary::cost_oracle
