// jobs/nexmark/core/generator.h
// Makes Nexmark's events: event n is a pure function of n and the options, so that every run, on
// any number of tasks and after every restart, sees the same ones.
//
// Decides: proportions (of 50 events 1 person, 3 auctions, 46 bids), ids, which keys are hot,
// sizes, event time. Thread: immutable once made; any thread may call it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/arena.h"
#include "base/random.h"
#include "jobs/nexmark/core/event.h"

namespace tributary::nexmark {

// Which auctions and bidders bids name, and which sellers auctions.
enum class KeyChoice : std::uint8_t {
  // The benchmark's: half of the bids go to one hot auction, three of four come from one hot
  // bidder, three of four auctions from one hot seller; a hot one is hot for 100 of its kind, and
  // the others are recent.
  kHot,
  // Any of the first `key_count` ids, each as often as another.
  kUniform,
  // Of the first `key_count` ids, the k-th with a probability proportional to 1 / k^exponent.
  kZipf,
};
TRIBUTARY_ENUM(KeyChoice, kHot, kUniform, kZipf);

struct GeneratorOptions {
  std::uint64_t seed = 1;
  KeyChoice keys = KeyChoice::kHot;
  std::uint64_t key_count = 10'000;            // at least 1
  double zipf_exponent = 1.0;                  // above 0
  Timestamp base_time{1'767'225'600'000'000};  // 2026-01-01T00:00:00Z
  // How far event time moves: event n happens n / events_per_second after the base time, in whole
  // milliseconds.
  std::int64_t events_per_second = 100'000;
  // Events come shuffled within groups of so many; 1: in order. No multiple of 953.
  std::uint64_t out_of_order_group = 1;
};

class Generator {
 public:
  static constexpr std::uint64_t kPersonsOfCycle = 1;
  static constexpr std::uint64_t kAuctionsOfCycle = 3;
  static constexpr std::uint64_t kCycle = 50;
  static constexpr std::int64_t kFirstId = 1'000;  // of persons and of auctions
  static constexpr std::uint64_t kShuffleStep = 953;

  explicit Generator(const GeneratorOptions& options);

  // Which event comes at a place of the stream. Whole groups only hold the same numbers as places.
  std::uint64_t number_at(std::uint64_t position) const;
  static EventType type_of(std::uint64_t n);
  Timestamp time_of(std::uint64_t n) const;

  // Event n; its texts lie in `arena`.
  Event event(std::uint64_t n, Arena& arena) const;
  // Of the numbers of that type only.
  Person person(std::uint64_t n, Arena& arena) const;
  Auction auction(std::uint64_t n, Arena& arena) const;
  Bid bid(std::uint64_t n, Arena& arena) const;

 private:
  struct Channel {
    std::string name;
    std::string url;
  };

  Random chance_of(std::uint64_t n) const { return Random(mix64(key_ ^ n)); }
  std::int64_t auction_of_bid(std::uint64_t n, Random& random) const;
  std::int64_t bidder_of_bid(std::uint64_t n, Random& random) const;
  std::int64_t seller_of_auction(std::uint64_t n, Random& random) const;
  std::int64_t recent_person(std::uint64_t n, Random& random) const;
  // Of uniform and Zipf keys.
  std::int64_t any_id(Random& random) const;

  GeneratorOptions options_;
  std::uint64_t key_;  // the seed, spread
  ZipfDistribution zipf_;
  std::vector<Channel> hot_channels_;
  std::vector<Channel> channels_;
};

}  // namespace tributary::nexmark
