// What the sources of the simulated job have, and whether what readers saw is the answer to it: a
// plain recomputation that shares no code with the job.
//
// Judged from outside only: input and output. The output of a key says in which order its records
// were taken, which the input leaves open where they came from several splits; replayed in that
// order it must say the same at each step.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/timestamp.h"

namespace tributary::simulation {

inline constexpr std::uint32_t kKeys = 7;
inline constexpr std::int64_t kWindowMicros = 10'000'000;  // timers are set to whole ones

struct InputRecord {
  std::int64_t key = 0;
  std::int64_t id = 0;  // ascends within a split, unique
  Timestamp at{};       // ascends within a split
};

// What the job does with a record, beside counting it: told to both by its id alone.
struct Change {
  std::int64_t put = 0;      // the map's element that is written
  std::int64_t erased = -1;  // the one that is erased; -1: none
  bool cleared = false;      // the whole map, before that
  bool forgets = false;      // the sum starts again
  Timestamp timer{};         // to be set
};
Change change_of(const InputRecord& record);
// Of the record, in the place of its number.
std::int64_t weight_of(std::int64_t id);

// What the job says after each record and at each timer.
struct Said {
  std::int64_t key = 0;
  std::int64_t record = -1;  // which; -1: a timer
  Timestamp timer{};
  std::int64_t count = 0;      // of the key's records so far
  std::int64_t sum = 0;        // of their weights, since it was forgotten
  std::uint64_t elements = 0;  // digest of the map
  std::string text() const;
  static Said parse(std::string_view text);
};

// One step of the digest of a map, element by element in order of keys.
std::uint64_t mix_element(std::uint64_t digest, std::int64_t key, std::int64_t value);

class History {
 public:
  History(Random& random, std::uint32_t splits, std::uint32_t records);

  const std::vector<std::vector<InputRecord>>& splits() const { return splits_; }
  // Of partitions as read. Empty: it is the answer.
  std::string difference(const std::vector<std::vector<Said>>& seen) const;

 private:
  std::string difference_of(std::int64_t key, const std::vector<Said>& said) const;

  std::vector<std::vector<InputRecord>> splits_;
};

}  // namespace tributary::simulation
