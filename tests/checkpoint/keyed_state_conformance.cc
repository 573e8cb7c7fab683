#include "tests/checkpoint/keyed_state_conformance.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "base/hash.h"
#include "checkpoint/key_groups.h"

namespace tributary::testing_state {

StateKey address(std::string_view key, std::string_view name_space) {
  return {xxh3_64(key), key, name_space};
}

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Tally& tally(StateEntry& entry) { return *static_cast<Tally*>(entry.value); }

StateEntry& fetch_one(ValueState& state, const StateKey& key) {
  StateEntry* entry = nullptr;
  state.fetch({&key, 1}, {&entry, 1});
  return *entry;
}

std::vector<std::string> keys_of(KeyedState& state, std::size_t limit = 3) {
  std::vector<std::string> keys;
  std::optional<std::string> from = "";
  while (from)
    from = state.keys_from(*from, limit, [&](const StateKey& key) {
      keys.push_back(std::string(key.key) +
                     (key.name_space.empty() ? "" : "/" + std::string(key.name_space)));
    });
  return keys;
}

std::vector<std::string> elements_of(MapState& state, const StateKey& key,
                                     std::string_view from = {}, std::size_t limit = 1000) {
  std::vector<std::string> keys;
  (void)state.scan_from(key, from, limit, [&](const MapElement& element) {
    keys.emplace_back(element.map_key);
    return true;
  });
  return keys;
}

TEST_P(KeyedStateConformance, AnAbsentValueHasTheDefaultsOfItsType) {
  ValueState& tallies = value("tallies", type_info<Tally>());
  StateEntry& entry = fetch_one(tallies, address("a"));
  EXPECT_FALSE(entry.present);
  EXPECT_EQ(tally(entry), (Tally{0, 7}));
}

TEST_P(KeyedStateConformance, AValueChangedInPlaceIsFoundAgain) {
  ValueState& tallies = value("tallies", type_info<Tally>());
  StateEntry& entry = fetch_one(tallies, address("a"));
  tally(entry).count = 3;
  tallies.touch(entry);
  EXPECT_TRUE(fetch_one(tallies, address("a")).present);
  EXPECT_EQ(tally(fetch_one(tallies, address("a"))).count, 3);
  EXPECT_FALSE(fetch_one(tallies, address("b")).present);
}

TEST_P(KeyedStateConformance, KeysAndNamespacesDoNotRunTogether) {
  ValueState& tallies = value("tallies", type_info<Tally>());
  const StateKey one{1, "ab", "c"};
  const StateKey other{1, "a", "bc"};
  const Tally one_tally{1, 1};
  tallies.assign(fetch_one(tallies, one), &one_tally);
  EXPECT_FALSE(fetch_one(tallies, other).present);
  EXPECT_FALSE(fetch_one(tallies, {1, "abc", ""}).present);
  EXPECT_TRUE(fetch_one(tallies, one).present);
}

TEST_P(KeyedStateConformance, KeysOfOneHashAreToldApart) {
  ValueState& tallies = value("tallies", type_info<Tally>());
  for (int i = 0; i < 100; ++i) {
    const Tally made{i, i};
    tallies.assign(fetch_one(tallies, {42, std::to_string(i), ""}), &made);
  }
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(tally(fetch_one(tallies, {42, std::to_string(i), ""})).count, i);
}

TEST_P(KeyedStateConformance, EqualKeysOfABatchGiveOneEntryEvenIfNew) {
  ValueState& tallies = value("tallies", type_info<Tally>());
  std::vector<std::string> names;
  for (int i = 0; i < 20'000; ++i) names.push_back("key-" + std::to_string(i % 10'000));
  std::vector<StateKey> keys;
  for (const std::string& name : names) keys.push_back(address(name));
  std::vector<StateEntry*> entries(keys.size());
  for (int round = 0; round < 2; ++round) {
    tallies.fetch(keys, entries);
    for (std::size_t i = 0; i < 10'000; ++i) ASSERT_EQ(entries[i], entries[i + 10'000]);
  }
}

TEST_P(KeyedStateConformance, EntriesStayInPlaceWhileTheBatchRuns) {
  ValueState& tallies = value("tallies", type_info<Tally>());
  const std::vector<StateKey> keys{address("a"), address("b")};
  std::vector<StateEntry*> entries(2);
  tallies.fetch(keys, entries);
  tallies.touch(*entries[0]);
  tallies.clear(*entries[0]);
  EXPECT_FALSE(entries[0]->present);
  tally(*entries[1]).count = 2;
  tallies.touch(*entries[1]);
  // A later record of the batch sets the key that an earlier one cleared.
  const Tally again{9, 9};
  tallies.assign(*entries[0], &again);
  EXPECT_EQ(tally(fetch_one(tallies, address("a"))), again);
  EXPECT_EQ(tally(fetch_one(tallies, address("b"))).count, 2);
}

TEST_P(KeyedStateConformance, AClearedValueIsAbsentAndHasItsDefaultsAgain) {
  ValueState& tallies = value("tallies", type_info<Tally>());
  const Tally set{5, 5};
  tallies.assign(fetch_one(tallies, address("a")), &set);
  StateEntry& entry = fetch_one(tallies, address("a"));
  tallies.clear(entry);
  EXPECT_EQ(tally(entry), (Tally{0, 7}));
  EXPECT_FALSE(fetch_one(tallies, address("a")).present);
}

TEST_P(KeyedStateConformance, AValueOwnsWhatItRefersTo) {
  ValueState& portraits = value("portraits", type_info<Portrait>());
  {
    Arena arena;
    std::string gone(100, 'x');
    const std::vector<Part> parts{{Text("a label that is long enough", arena), 1},
                                  {Text("short"), 2}};
    const std::vector<Text> words{Text(std::string(50, 'w'), arena), Text("w")};
    const Portrait portrait{Text(gone), List<Part>::copy(parts, arena),
                            List<Text>::copy(words, arena), Optional<Text>(Text(gone))};
    portraits.assign(fetch_one(portraits, address("a")), &portrait);
    std::ranges::fill(gone, '?');
  }
  const auto& kept = *static_cast<const Portrait*>(fetch_one(portraits, address("a")).value);
  EXPECT_EQ(kept.name.view(), std::string(100, 'x'));
  ASSERT_EQ(kept.parts.size(), 2U);
  EXPECT_EQ(kept.parts[0].label, "a label that is long enough");
  EXPECT_EQ(kept.parts[1].weight, 2);
  EXPECT_EQ(kept.words[0].view(), std::string(50, 'w'));
  ASSERT_TRUE(kept.note.has_value());
  EXPECT_EQ(kept.note->view(), std::string(100, 'x'));
}

TEST_P(KeyedStateConformance, AValueMayBeMadeOfItsOwnOldBytes) {
  ValueState& portraits = value("portraits", type_info<Portrait>());
  StateEntry& entry = fetch_one(portraits, address("a"));
  Portrait portrait;
  const std::string name(200, 'n');
  portrait.name = Text(name);
  portraits.assign(entry, &portrait);
  for (int i = 0; i < 100; ++i) {
    Arena arena;
    Portrait next = *static_cast<const Portrait*>(entry.value);
    std::vector<Text> words(next.words.begin(), next.words.end());
    words.push_back(next.name);
    if (words.size() > 5) words.erase(words.begin(), words.begin() + 4);
    next.words = List<Text>(words);
    portraits.assign(entry, &next);
    portraits.assign(entry, entry.value);
  }
  const auto& kept = *static_cast<const Portrait*>(entry.value);
  EXPECT_EQ(kept.name.view(), name);
  for (const Text& word : kept.words) EXPECT_EQ(word.view(), name);
}

TEST_P(KeyedStateConformance, AStateOfAnotherKindOrTypeUnderAKnownNameIsRefused) {
  ValueState* first = *state_->value({.name = "s", .value_type = &type_info<Tally>()});
  EXPECT_EQ(*state_->value({.name = "s", .value_type = &type_info<Tally>()}), first);
  EXPECT_EQ(state_->value({.name = "s", .value_type = &type_info<Part>()}).error().code(),
            ErrorCode::S403);
  EXPECT_EQ(state_->map({.name = "s", .value_type = &type_info<Tally>()}).error().code(),
            ErrorCode::S403);
  EXPECT_FALSE(state_->value({.name = "", .value_type = &type_info<Tally>()}).has_value());
  EXPECT_FALSE(state_->value({.name = "t"}).has_value());
}

TEST_P(KeyedStateConformance, AMapIsOrderedByTheBytesOfItsKeys) {
  MapState& parts = map("parts", type_info<Tally>());
  const std::vector<std::string> keys{"",
                                      std::string("\0", 1),
                                      std::string("\0\0", 2),
                                      "a",
                                      std::string("a\0", 2),
                                      "abcdefgh",
                                      "abcdefghijklmnop",
                                      std::string("abcdefghijklmnop\0", 17),
                                      "abcdefghijklmnopq",
                                      "abcdefghijklmnoq",
                                      "b",
                                      "\x7f",
                                      "\x80",
                                      "\xff\xff"};
  for (std::size_t i = keys.size(); i-- > 0;) {
    const Tally made{static_cast<std::int64_t>(i), 0};
    parts.put(address("k"), keys[i], &made);
  }
  EXPECT_EQ(elements_of(parts, address("k")), keys);
  EXPECT_EQ(parts.size(address("k")), keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const void* found = parts.get(address("k"), keys[i]);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(static_cast<const Tally*>(found)->count, static_cast<std::int64_t>(i));
  }
  EXPECT_EQ(parts.get(address("k"), "abc"), nullptr);
  EXPECT_EQ(parts.get(address("other"), "a"), nullptr);
}

TEST_P(KeyedStateConformance, AScanGoesOnWhereItStoppedWhateverChangesInBetween) {
  MapState& parts = map("parts", type_info<Tally>());
  const Tally one;
  for (const char* key : {"b", "d", "f", "h"}) parts.put(address("k"), key, &one);
  std::vector<std::string> seen;
  const auto visit = [&](const MapElement& element) {
    seen.emplace_back(element.map_key);
    return true;
  };
  auto next = parts.scan_from(address("k"), "", 2, visit);
  ASSERT_TRUE(next.has_value());
  parts.erase(address("k"), "d");  // seen
  parts.erase(address("k"), "f");  // not seen, now never
  parts.put(address("k"), "a", &one);
  parts.put(address("k"), "e", &one);
  parts.put(address("k"), "g", &one);
  next = parts.scan_from(address("k"), *next, 2, visit);
  ASSERT_TRUE(next.has_value());
  next = parts.scan_from(address("k"), *next, 2, visit);
  EXPECT_FALSE(next.has_value());
  EXPECT_THAT(seen, ElementsAre("b", "d", "e", "g", "h"));
}

TEST_P(KeyedStateConformance, AScanStopsWhenItsVisitorSaysSo) {
  MapState& parts = map("parts", type_info<Tally>());
  const Tally one;
  for (const char* key : {"a", "b", "c"}) parts.put(address("k"), key, &one);
  int visits = 0;
  const auto next =
      parts.scan_from(address("k"), "", 10, [&](const MapElement&) { return ++visits < 2; });
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(visits, 2);
  EXPECT_THAT(elements_of(parts, address("k"), *next), ElementsAre("c"));
  EXPECT_FALSE(
      parts.scan_from(address("k"), "c", 1, [](const MapElement&) { return true; }).has_value());
  EXPECT_FALSE(
      parts.scan_from(address("none"), "", 1, [](const MapElement&) { return true; }).has_value());
  EXPECT_EQ(parts.scan_from(address("k"), "b", 0, [](const MapElement&) { return true; }), "b");
}

TEST_P(KeyedStateConformance, AMapLosesElementsByEraseAndAllByClear) {
  MapState& parts = map("parts", type_info<Part>());
  const Part part{Text("a label that is long enough to lie elsewhere"), 1};
  for (const char* key : {"a", "b", "c"}) parts.put(address("k"), key, &part);
  EXPECT_TRUE(parts.erase(address("k"), "a"));
  EXPECT_FALSE(parts.erase(address("k"), "a"));
  EXPECT_EQ(static_cast<const Part*>(parts.get(address("k"), "b"))->label, part.label);
  parts.clear(address("k"));
  EXPECT_EQ(parts.size(address("k")), 0U);
  EXPECT_EQ(parts.get(address("k"), "b"), nullptr);
  parts.put(address("k"), "z", &part);
  EXPECT_THAT(elements_of(parts, address("k")), ElementsAre("z"));
}

TEST_P(KeyedStateConformance, TimersFireInTheOrderOfTimeGroupKeyNamespaceAndName) {
  TimerStore& timers = state_->timers();
  const auto set = [&](std::uint64_t hash, std::string_view key, std::string_view name_space,
                       std::string_view name, std::int64_t at) {
    timers.set(TimeDomain::kEvent, {hash, key, name_space}, name, Timestamp{at});
  };
  constexpr std::uint64_t kLast = ~std::uint64_t{0};
  set(0, "b", "", "n", 5);
  set(kLast, "a", "", "n", 5);
  set(0, "a", "w", "n", 5);
  set(0, "a", "w", "m", 5);
  set(0, "a", "v", "z", 5);
  set(kLast, "z", "", "n", -3);
  set(0, "a", "v", "z", 5);  // once only
  EXPECT_EQ(timers.size(TimeDomain::kEvent), 6U);
  EXPECT_EQ(timers.size(TimeDomain::kProcessing), 0U);
  EXPECT_EQ(timers.earliest(TimeDomain::kEvent), Timestamp{-3});
  EXPECT_EQ(timers.earliest(TimeDomain::kProcessing), std::nullopt);
  EXPECT_EQ(timers.pop_due(TimeDomain::kEvent, Timestamp{-4}), std::nullopt);
  std::vector<std::string> fired;
  while (const auto timer = timers.pop_due(TimeDomain::kEvent, Timestamp{5})) {
    fired.push_back(timer->key + timer->name_space + timer->name);
    EXPECT_EQ(timer->key_hash, fired.back() == "zn" || fired.back() == "an" ? kLast : 0);
  }
  EXPECT_THAT(fired, ElementsAre("zn", "avz", "awm", "awn", "bn", "an"));
}

TEST_P(KeyedStateConformance, ACancelledTimerDoesNotFire) {
  TimerStore& timers = state_->timers();
  timers.set(TimeDomain::kProcessing, address("a"), "n", Timestamp{1});
  timers.set(TimeDomain::kProcessing, address("a"), "n", Timestamp{2});
  timers.cancel(TimeDomain::kProcessing, address("a"), "n", Timestamp{1});
  timers.cancel(TimeDomain::kProcessing, address("a"), "other", Timestamp{2});
  timers.cancel(TimeDomain::kEvent, address("a"), "n", Timestamp{2});
  const auto timer = timers.pop_due(TimeDomain::kProcessing, Timestamp::max());
  ASSERT_TRUE(timer.has_value());
  EXPECT_EQ(timer->at, Timestamp{2});
  EXPECT_EQ(timers.size(TimeDomain::kProcessing), 0U);
}

// Keys as keys_from gives them: by key group, key, namespace.
std::vector<std::string> in_key_order(std::vector<std::string> keys) {
  std::ranges::sort(keys, {}, [](const std::string& key) {
    const std::string bytes = key.substr(0, key.find('/'));
    return std::tuple(key_group_of(xxh3_64(bytes), kKeyGroupCountDefault), key);
  });
  return keys;
}

TEST_P(KeyedStateConformance, KeysComeInTheOrderOfGroupKeyAndNamespace) {
  ValueState& tallies = value("tallies", type_info<Tally>());
  MapState& parts = map("parts", type_info<Tally>());
  const Tally one{1, 1};
  const auto set = [&](const char* key) { tallies.assign(fetch_one(tallies, address(key)), &one); };
  set("c");
  parts.put(address("a"), "x", &one);
  set("b");
  set("a");
  parts.put(address("c"), "x", &one);
  tallies.assign(fetch_one(tallies, address("c", "window")), &one);
  (void)fetch_one(tallies, address("only-looked-at"));
  EXPECT_EQ(keys_of(*state_), in_key_order({"a", "b", "c", "c/window"}));
  parts.clear(address("a"));
  tallies.clear(fetch_one(tallies, address("b")));
  EXPECT_EQ(keys_of(*state_), in_key_order({"a", "c", "c/window"}));
  tallies.clear(fetch_one(tallies, address("a")));
  set("b");
  EXPECT_EQ(keys_of(*state_, 1), in_key_order({"b", "c", "c/window"}));
}

TEST_P(KeyedStateConformance, KeysMayBeClearedWhileTheyAreVisited) {
  ValueState& tallies = value("tallies", type_info<Tally>());
  const Tally one{1, 1};
  std::vector<std::string> all;
  for (int i = 0; i < 5000; ++i) {
    all.push_back("key-" + std::to_string(i));
    tallies.assign(fetch_one(tallies, address(all.back())), &one);
  }
  std::vector<std::string> visited;
  std::optional<std::string> from = "";
  while (from)
    from = state_->keys_from(*from, 7, [&](const StateKey& key) {
      EXPECT_EQ(key.hash, xxh3_64(key.key));
      visited.emplace_back(key.key);
      tallies.clear(fetch_one(tallies, key));
      (void)fetch_one(tallies, address("other"));
    });
  EXPECT_EQ(visited, in_key_order(all));
  EXPECT_THAT(keys_of(*state_), IsEmpty());
}

TEST_P(KeyedStateConformance, MemoryIsGivenBackByClear) {
  ValueState& portraits = value("portraits", type_info<Portrait>());
  const std::string name(1000, 'n');
  const auto fill = [&] {
    Portrait portrait;
    portrait.name = Text(name);
    for (int i = 0; i < 1000; ++i)
      portraits.assign(fetch_one(portraits, address(std::to_string(i))), &portrait);
    const std::size_t full = state_->bytes();
    for (int i = 0; i < 1000; ++i)
      portraits.clear(fetch_one(portraits, address(std::to_string(i))));
    return full;
  };
  const std::size_t full = fill();
  EXPECT_GT(full, 1'000'000U);
  EXPECT_LT(state_->bytes(), full / 4);
  EXPECT_LE(fill(), full + full / 4);
}

// Random operations by seed, against the containers of the standard library.
class Model {
 public:
  Model(StateUnderTest& subject, std::uint32_t seed) : random_(seed), subject_(subject) {
    declare();
  }

  void step() {
    if (subject_.takes_snapshots()) snapshots();
    change();
    subject_.between_turns(random_);
  }

  void change() {
    switch (random_() % 8) {
      case 0:
      case 1:
      case 2:
        return batch();
      case 3:
      case 4:
        return put();
      case 5:
        return erase();
      case 6:
        return scan();
      default:
        return timers();
    }
  }

  void check_all() {
    subject_.between_turns(random_);
    for (const auto& [at, part] : plain_.values) expect_value(at, &part);
    for (const auto& [at, elements] : plain_.map) {
      ASSERT_EQ(map_->size(key(at)), elements.size());
      auto expected = elements.begin();
      (void)map_->scan_from(key(at), "", elements.size() + 1, [&](const MapElement& element) {
        EXPECT_NE(expected, elements.end());
        if (expected == elements.end()) return false;
        EXPECT_EQ(element.map_key, expected->first);
        expect_equal(element.value, expected->second);
        ++expected;
        return true;
      });
      EXPECT_EQ(expected, elements.end());
    }
    EXPECT_EQ(state_->timers().size(TimeDomain::kEvent), plain_.timers.size());
    std::set<Address> held;
    for (const auto& [at, part] : plain_.values) held.insert(at);
    for (const auto& [at, elements] : plain_.map)
      if (!elements.empty()) held.insert(at);
    std::set<Address> visited;
    std::optional<std::string> from = "";
    while (from)
      from = state_->keys_from(*from, 5, [&](const StateKey& at) {
        EXPECT_TRUE(visited.emplace(at.key, at.name_space).second) << "visited twice: " << at.key;
      });
    EXPECT_EQ(visited, held);
  }

 private:
  using Address = std::pair<std::string, std::string>;
  struct Plain {
    std::string label;
    std::int32_t weight = 0;
  };
  using TimerAt = std::tuple<std::int64_t, std::uint16_t, std::string, std::string, std::string>;

  static StateKey key(const Address& at) { return address(at.first, at.second); }
  Address any_address() {
    // Few enough to meet often, of all lengths.
    const std::uint32_t number = random_() % 60;
    std::string name = std::to_string(number) + std::string(number % 50, 'k');
    return {name, random_() % 3 == 0 ? "window" + std::to_string(random_() % 3) : ""};
  }
  std::string any_map_key() {
    std::string bytes(random_() % 20, 'a');
    for (char& c : bytes)
      c = static_cast<char>(random_() % 3 == 0 ? random_() : 'a' + random_() % 2);
    return bytes;
  }
  Plain any_plain() {
    return {std::string(random_() % 60, static_cast<char>('a' + random_() % 26)),
            static_cast<std::int32_t>(random_())};
  }

  void expect_value(const Address& at, const Plain* expected) {
    const StateEntry& entry = fetch_one(*values_, key(at));
    ASSERT_EQ(entry.present, expected != nullptr);
    if (expected != nullptr) expect_equal(entry.value, *expected);
  }
  static void expect_equal(const void* value, const Plain& expected) {
    EXPECT_EQ(static_cast<const Part*>(value)->label.view(), expected.label);
    EXPECT_EQ(static_cast<const Part*>(value)->weight, expected.weight);
  }

  void batch() {
    std::vector<Address> at(1 + random_() % 40);
    for (Address& one : at) one = any_address();
    std::vector<StateKey> keys;
    for (const Address& one : at) keys.push_back(key(one));
    std::vector<StateEntry*> entries(keys.size());
    values_->fetch(keys, entries);
    for (std::size_t i = 0; i < at.size(); ++i) {
      const auto expected = plain_.values.find(at[i]);
      ASSERT_EQ(entries[i]->present, expected != plain_.values.end());
      if (entries[i]->present) expect_equal(entries[i]->value, expected->second);
      if (random_() % 3 == 0) {
        values_->clear(*entries[i]);
        plain_.values.erase(at[i]);
      } else if (random_() % 3 != 0) {
        const Plain plain = any_plain();
        const Part part{Text(plain.label), plain.weight};
        values_->assign(*entries[i], &part);
        plain_.values[at[i]] = plain;
      }
    }
  }
  void put() {
    const Address at = any_address();
    const std::string map_key = any_map_key();
    const Plain plain = any_plain();
    const Part part{Text(plain.label), plain.weight};
    map_->put(key(at), map_key, &part);
    plain_.map[at][map_key] = plain;
    expect_equal(map_->get(key(at), map_key), plain);
  }
  void erase() {
    const Address at = any_address();
    auto& elements = plain_.map[at];
    if (random_() % 10 == 0) {
      map_->clear(key(at));
      elements.clear();
      return;
    }
    const std::string map_key =
        !elements.empty() && random_() % 2 == 0 ? elements.begin()->first : any_map_key();
    EXPECT_EQ(map_->erase(key(at), map_key), elements.erase(map_key) == 1);
  }
  void scan() {
    const Address at = any_address();
    const auto& elements = plain_.map[at];
    std::string from = any_map_key();
    auto expected = elements.lower_bound(from);
    std::optional<std::string> next = from;
    while (next)
      next = map_->scan_from(key(at), *next, 1 + random_() % 3, [&](const MapElement& element) {
        EXPECT_NE(expected, elements.end());
        EXPECT_EQ(element.map_key, expected->first);
        expect_equal(element.value, expected->second);
        ++expected;
        return random_() % 5 != 0;
      });
    EXPECT_EQ(expected, elements.end());
  }
  void timers() {
    const Address at = any_address();
    const std::int64_t time = random_() % 20;
    const std::string name(random_() % 2, 't');
    const StateKey where = key(at);
    const TimerAt timer{time, key_group_of(where.hash, kKeyGroupCountDefault).value, at.first,
                        at.second, name};
    TimerStore& store = state_->timers();
    switch (random_() % 4) {
      case 0:
        store.cancel(TimeDomain::kEvent, where, name, Timestamp{time});
        plain_.timers.erase(timer);
        break;
      case 1:
        while (const auto due = store.pop_due(TimeDomain::kEvent, Timestamp{time / 4})) {
          ASSERT_FALSE(plain_.timers.empty());
          EXPECT_EQ(due->at.micros, std::get<0>(*plain_.timers.begin()));
          EXPECT_EQ(due->key, std::get<2>(*plain_.timers.begin()));
          EXPECT_EQ(due->name_space, std::get<3>(*plain_.timers.begin()));
          EXPECT_EQ(due->name, std::get<4>(*plain_.timers.begin()));
          plain_.timers.erase(plain_.timers.begin());
        }
        break;
      default:
        store.set(TimeDomain::kEvent, where, name, Timestamp{time});
        plain_.timers.insert(timer);
    }
    ASSERT_EQ(store.size(TimeDomain::kEvent), plain_.timers.size());
    const auto earliest = store.earliest(TimeDomain::kEvent);
    ASSERT_EQ(earliest.has_value(), !plain_.timers.empty());
    if (earliest) {
      EXPECT_EQ(earliest->micros, std::get<0>(*plain_.timers.begin()));
    }
  }

  // What must be held, in the containers of the standard library.
  struct Contents {
    std::map<Address, Plain> values;
    std::map<Address, std::map<std::string, Plain>> map;
    std::set<TimerAt> timers;
  };

  void declare() {
    state_ = &subject_.state();
    values_ = *state_->value({.name = "values", .value_type = &type_info<Part>()});
    map_ = *state_->map({.name = "map", .value_type = &type_info<Part>()});
  }

  void snapshots() {
    switch (random_() % 30) {
      case 0:
        if (frozen_) break;
        subject_.freeze();
        frozen_ = plain_;
        break;
      case 1:
        if (!frozen_) break;
        if (subject_.finish(random_)) complete_ = std::move(frozen_);
        frozen_.reset();
        break;
      case 2:
        if (!complete_ || random_() % 3 != 0) break;
        subject_.restore(random_);
        declare();
        plain_ = *complete_;
        frozen_.reset();
        check_all();
        break;
      default:
        break;
    }
  }

  std::mt19937 random_;
  StateUnderTest& subject_;
  KeyedState* state_ = nullptr;
  ValueState* values_ = nullptr;
  MapState* map_ = nullptr;
  Contents plain_;
  std::optional<Contents> frozen_;    // at the last barrier
  std::optional<Contents> complete_;  // at that of the last snapshot
};

TEST_P(KeyedStateConformance, BehavesLikeTheModelUnderRandomOperations) {
  for (std::uint32_t seed = 1; seed <= GetParam().seeds; ++seed) {
    SCOPED_TRACE(seed);
    subject_ = GetParam().make();
    Model model(*subject_, seed);
    for (int i = 0; i < 4000 && !testing::Test::HasFailure(); ++i) {
      model.step();
      if (i % 500 == 0) model.check_all();
    }
    model.check_all();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace tributary::testing_state
