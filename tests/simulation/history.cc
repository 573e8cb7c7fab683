#include "tests/simulation/history.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "base/error.h"
#include "base/hash.h"

namespace tributary::simulation {

namespace {

// Elements of a key's map.
constexpr std::int64_t kElements = 5;

class KeyFold {
 public:
  void take(const InputRecord& record) {
    const Change change = change_of(record);
    if (change.cleared) elements_.clear();
    elements_[change.put] = record.id;
    if (change.erased >= 0) elements_.erase(change.erased);
    if (change.forgets) sum_ = 0;
    sum_ += weight_of(record.id);
    ++count_;
  }
  // A timer takes the least element away.
  void fire() {
    if (!elements_.empty()) elements_.erase(elements_.begin());
  }
  bool says(const Said& said) const {
    return said.count == count_ && said.sum == sum_ && said.elements == digest();
  }
  std::uint64_t digest() const {
    std::uint64_t digest = 0;
    for (const auto& [key, value] : elements_) digest = mix_element(digest, key, value);
    return digest;
  }
  std::string text() const { return fmt::format("{} {} {:x}", count_, sum_, digest()); }

 private:
  std::int64_t count_ = 0;
  std::int64_t sum_ = 0;
  std::map<std::int64_t, std::int64_t> elements_;
};

}  // namespace

Change change_of(const InputRecord& record) {
  const std::uint64_t chance = mix64(static_cast<std::uint64_t>(record.id) + 77);
  Change change;
  change.put = static_cast<std::int64_t>(chance % kElements);
  if (chance / 8 % 3 == 0) change.erased = static_cast<std::int64_t>(chance / 64 % kElements);
  change.cleared = chance / 512 % 13 == 0;
  change.forgets = chance / 8192 % 7 == 0;
  change.timer = {(record.at.micros / kWindowMicros + 1) * kWindowMicros};
  return change;
}

std::int64_t weight_of(std::int64_t id) {
  return static_cast<std::int64_t>(mix64(static_cast<std::uint64_t>(id)) % 1000);
}

std::uint64_t mix_element(std::uint64_t digest, std::int64_t key, std::int64_t value) {
  return mix64(digest ^ mix64(static_cast<std::uint64_t>(key * 1'000'003 + value)));
}

std::string Said::text() const {
  return fmt::format("{} {} {} {} {} {}", key, record, timer.micros, count, sum, elements);
}

Said Said::parse(std::string_view text) {
  Said said;
  const auto next = [&](auto& field) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), field);
    TRIBUTARY_CHECK(error == std::errc(), "a line that nobody wrote: {}", text);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!text.empty()) text.remove_prefix(1);
  };
  next(said.key), next(said.record), next(said.timer.micros);
  next(said.count), next(said.sum), next(said.elements);
  return said;
}

// Even keys are in one split each, so that their order is given; odd ones come from all.
History::History(Random& random, std::uint32_t splits, std::uint32_t records) : splits_(splits) {
  std::vector<Timestamp> time(splits, Timestamp{1'000'000'000});
  for (std::uint32_t i = 0; i < records; ++i) {
    auto split = static_cast<std::uint32_t>(random.below(splits));
    const auto key = static_cast<std::int64_t>(random.below(kKeys));
    if (key % 2 == 0) split = static_cast<std::uint32_t>(key / 2) % splits;
    time[split] = time[split] + microseconds(static_cast<std::int64_t>(random.below(6'000'000)));
    splits_[split].push_back({.key = key, .id = i, .at = time[split]});
  }
}

std::string History::difference(const std::vector<std::vector<Said>>& seen) const {
  std::map<std::int64_t, std::vector<Said>> by_key;
  for (std::size_t partition = 0; partition < seen.size(); ++partition) {
    for (const Said& said : seen[partition]) {
      if (static_cast<std::size_t>(said.key) % seen.size() != partition)
        return fmt::format("partition {} has key {}", partition, said.key);
      by_key[said.key].push_back(said);
    }
  }
  for (std::int64_t key = 0; key < kKeys; ++key) {
    std::string found = difference_of(key, by_key[key]);
    if (!found.empty()) return fmt::format("key {}: {}", key, found);
  }
  return {};
}

std::string History::difference_of(std::int64_t key, const std::vector<Said>& said) const {
  std::map<std::int64_t, const InputRecord*> left;
  std::set<std::int64_t> timers;
  std::vector<std::size_t> taken(splits_.size());
  for (const auto& split : splits_) {
    for (const InputRecord& record : split) {
      if (record.key != key) continue;
      left[record.id] = &record;
      timers.insert(change_of(record).timer.micros);
    }
  }
  KeyFold fold;
  std::vector<std::int64_t> last(splits_.size(), -1);
  for (std::size_t i = 0; i < said.size(); ++i) {
    const Said& one = said[i];
    if (one.record < 0) {
      if (timers.erase(one.timer.micros) == 0)
        return fmt::format("its timer of {} fired twice, or was never set", one.timer.micros);
      for (const auto& [id, record] : left) {
        if (record->at <= one.timer)
          return fmt::format("its timer of {} fired before record {} of {} was taken",
                             one.timer.micros, id, record->at.micros);
      }
      fold.fire();
    } else {
      const auto found = left.find(one.record);
      if (found == left.end()) return fmt::format("record {} is there twice", one.record);
      for (const auto& [id, record] : left) {
        // Of the same split, and read before it.
        if (id >= one.record) break;
        for (const auto& split : splits_) {
          const auto here = [&](std::int64_t which) {
            return std::ranges::find(split, which, &InputRecord::id) != split.end();
          };
          if (here(id) && here(one.record))
            return fmt::format("record {} comes before record {}", one.record, id);
        }
      }
      fold.take(*found->second);
      left.erase(found);
    }
    if (!fold.says(one))
      return fmt::format("after {} steps it says \"{}\", and its state should be {}", i + 1,
                         one.text(), fold.text());
  }
  if (!left.empty())
    return fmt::format("record {} is lost, and {} others", left.begin()->first, left.size() - 1);
  if (!timers.empty()) return fmt::format("its timer of {} never fired", *timers.begin());
  return {};
}

}  // namespace tributary::simulation
