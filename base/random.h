// base/random.h
// The seam to chance: a seeded generator whose numbers are the same on every machine, and the
// source of seeds and ids.
//
// Thread: a Random belongs to one thread; a RandomSource may be called from any.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>

#include "base/hash.h"

namespace tributary {

// xoshiro256**, seeded by splitmix64. Not for secrets.
class Random {
 public:
  explicit Random(std::uint64_t seed);

  std::uint64_t next();
  // Uniform in [0, n), n > 0, without bias.
  std::uint64_t below(std::uint64_t n);
  // True in `numerator` of `denominator` cases.
  bool chance(std::uint64_t numerator, std::uint64_t denominator) {
    return below(denominator) < numerator;
  }
  // Uniform in [0, 1), 53 bits.
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  std::array<std::uint64_t, 4> state_;
};

// Ranks 0..n-1, rank k with a probability proportional to 1 / (k + 1)^exponent. Rejection-inversion
// (Hörmann and Derflinger 1996): constant time and memory for any n >= 1 and exponent > 0.
class ZipfDistribution {
 public:
  ZipfDistribution(std::uint64_t n, double exponent);

  std::uint64_t operator()(Random& random) const;
  std::uint64_t size() const { return n_; }

 private:
  double integral(double x) const;
  double inverse_integral(double x) const;
  double density(double x) const;

  std::uint64_t n_;
  double exponent_;
  double integral_first_;
  double integral_last_;
  double threshold_;
};

// Where ids, epochs of processes and seeds come from.
class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual std::uint64_t next() = 0;
  // 128 random bits, as names of blobs and ids of runs.
  Hash128 next_id() {
    const std::uint64_t high = next();
    return {high, next()};
  }
};

// The kernel's entropy.
class SystemRandomSource final : public RandomSource {
 public:
  std::uint64_t next() override;
};

// The same numbers in every run of a simulation.
class SeededRandomSource final : public RandomSource {
 public:
  explicit SeededRandomSource(std::uint64_t seed) : random_(seed) {}
  std::uint64_t next() override {
    const std::lock_guard lock(mutex_);
    return random_.next();
  }

 private:
  std::mutex mutex_;
  Random random_;
};

}  // namespace tributary
