#include "base/random.h"

#include <bit>
#include <cerrno>
#include <cmath>
#include <sys/random.h>

#include "base/error.h"

namespace tributary {

Random::Random(std::uint64_t seed) {
  for (std::uint64_t& word : state_) {
    seed += 0x9E3779B97F4A7C15;
    std::uint64_t mixed = seed;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
    word = mixed ^ (mixed >> 31);
  }
}

std::uint64_t Random::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t Random::below(std::uint64_t n) {
  TRIBUTARY_CHECK(n > 0);
  // Lemire 2019: the high half of a product; the few low halves that would favour a value are drawn
  // again.
  unsigned __int128 product = static_cast<unsigned __int128>(next()) * n;
  if (static_cast<std::uint64_t>(product) < n) {
    const std::uint64_t unfair = -n % n;
    while (static_cast<std::uint64_t>(product) < unfair)
      product = static_cast<unsigned __int128>(next()) * n;
  }
  return static_cast<std::uint64_t>(product >> 64);
}

ZipfDistribution::ZipfDistribution(std::uint64_t n, double exponent) : n_(n), exponent_(exponent) {
  TRIBUTARY_CHECK(n >= 1 && exponent > 0, "Zipf of {} ranks, exponent {}", n, exponent);
  integral_first_ = integral(1.5) - 1.0;
  integral_last_ = integral(static_cast<double>(n) + 0.5);
  threshold_ = 2.0 - inverse_integral(integral(2.5) - density(2.0));
}

std::uint64_t ZipfDistribution::operator()(Random& random) const {
  while (true) {
    const double u = integral_last_ + random.unit() * (integral_first_ - integral_last_);
    const double x = inverse_integral(u);
    const double last = static_cast<double>(n_);
    const double k = x + 0.5 < 1.0 ? 1.0 : x + 0.5 > last ? last : std::floor(x + 0.5);
    if (k - x <= threshold_ || u >= integral(k + 0.5) - density(k)) {
      const auto rank = static_cast<std::uint64_t>(k);  // 1-based; `last` may have been rounded up
      return (rank > n_ ? n_ : rank) - 1;
    }
  }
}

// (x^(1 - e) - 1) / (1 - e), which is log x for e = 1; expm1 and log1p keep the digits near it.
double ZipfDistribution::integral(double x) const {
  const double log_x = std::log(x);
  const double t = (1.0 - exponent_) * log_x;
  return (std::abs(t) > 1e-8 ? std::expm1(t) / t : 1.0 + t / 2.0) * log_x;
}

double ZipfDistribution::inverse_integral(double x) const {
  double t = x * (1.0 - exponent_);
  if (t < -1.0) t = -1.0;
  return std::exp((std::abs(t) > 1e-8 ? std::log1p(t) / t : 1.0 - t / 2.0) * x);
}

double ZipfDistribution::density(double x) const { return std::exp(-exponent_ * std::log(x)); }

std::uint64_t SystemRandomSource::next() {
  std::uint64_t value = 0;
  ssize_t got = 0;
  do got = ::getrandom(&value, sizeof value, 0);
  while (got < 0 && errno == EINTR);
  TRIBUTARY_CHECK(got == sizeof value, "getrandom gave {} bytes", got);
  return value;
}

}  // namespace tributary
