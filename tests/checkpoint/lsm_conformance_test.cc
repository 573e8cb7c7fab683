// What both ordered stores must do.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "base/random.h"
#include "checkpoint/lsm.h"
#include "tests/checkpoint/tiered_task.h"

namespace tributary::testing_state {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class LsmConformance : public testing::TestWithParam<TieredWorld::Kind> {
 protected:
  std::unique_ptr<Lsm> open(const std::string& folder) {
    auto opened = world_.lsm().open(folder);
    EXPECT_TRUE(opened.has_value()) << opened.error().what();
    return *std::move(opened);
  }
  static std::vector<std::string> contents(Lsm& lsm, std::string_view from = {},
                                           std::string_view to = {}) {
    std::vector<std::string> found;
    const Status status = lsm.scan(from, to, [&](std::string_view key, std::string_view value) {
      found.push_back(std::string(key) + "=" + std::string(value));
      return true;
    });
    EXPECT_TRUE(status.has_value());
    return found;
  }
  static void apply(Lsm& lsm, const std::vector<LsmWrite>& writes,
                    const std::vector<std::string>& prefixes = {}) {
    const Status status = lsm.apply(prefixes, writes);
    ASSERT_TRUE(status.has_value()) << status.error().what();
  }

  TieredWorld world_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Over, LsmConformance,
                         testing::Values(TieredWorld::Kind::kModel, TieredWorld::Kind::kRocksDb),
                         [](const auto& kind) {
                           return kind.param == TieredWorld::Kind::kModel ? "Model" : "RocksDb";
                         });

TEST_P(LsmConformance, FindsWhatWasPutAndNotWhatWasDeleted) {
  const auto lsm = open(world_.new_folder());
  apply(*lsm, {{"a", "1"}, {"b", ""}, {"c", "3"}});
  apply(*lsm, {{"a", std::nullopt}, {"c", "4"}});
  const std::vector<std::string> keys{"a", "b", "c", "d"};
  std::vector<std::optional<std::string>> values(4, "old");
  ASSERT_TRUE(lsm->multi_get(keys, values).has_value());
  EXPECT_THAT(values, ElementsAre(std::nullopt, "", "4", std::nullopt));
  EXPECT_THAT(contents(*lsm), ElementsAre("b=", "c=4"));
  EXPECT_THAT(contents(*lsm, "c"), ElementsAre("c=4"));
  EXPECT_THAT(contents(*lsm, "a", "c"), ElementsAre("b="));
}

TEST_P(LsmConformance, DeletesPrefixesBeforeItWrites) {
  const auto lsm = open(world_.new_folder());
  apply(*lsm,
        {{"a", "1"}, {"ab", "2"}, {"abc", "3"}, {"b", "4"}, {"\xff", "5"}, {"\xff\xff", "6"}});
  apply(*lsm, {{"abd", "7"}}, {"ab"});
  EXPECT_THAT(contents(*lsm), ElementsAre("a=1", "abd=7", "b=4", "\xff=5", "\xff\xff=6"));
}

TEST_P(LsmConformance, ACheckpointIsOfItsInstantAndTheStoreGoesOn) {
  const auto lsm = open(world_.new_folder());
  apply(*lsm, {{"a", "1"}, {"b", "1"}});
  const std::string folder = world_.new_folder();
  ASSERT_TRUE(lsm->checkpoint(folder).has_value());
  apply(*lsm, {{"a", "2"}, {"b", std::nullopt}});
  EXPECT_FALSE(lsm->checkpoint(folder).has_value()) << "the folder exists";
  EXPECT_THAT(contents(*open(folder)), ElementsAre("a=1", "b=1"));
  EXPECT_THAT(contents(*lsm), ElementsAre("a=2"));
}

TEST_P(LsmConformance, AStoreOpenedFromACheckpointDoesNotChangeIt) {
  const std::string made = world_.new_folder();
  const std::string folder = world_.new_folder();
  {
    const auto lsm = open(made);
    apply(*lsm, {{"a", "1"}});
    ASSERT_TRUE(lsm->checkpoint(folder).has_value());
  }
  const std::string again = world_.new_folder();
  {
    const auto lsm = open(folder);
    apply(*lsm, {{"a", "2"}});
    ASSERT_TRUE(lsm->checkpoint(again).has_value());
  }
  EXPECT_THAT(contents(*open(again)), ElementsAre("a=2"));
  EXPECT_THAT(contents(*open(made)), testing::AnyOf(IsEmpty(), ElementsAre("a=1")));
}

TEST_P(LsmConformance, BehavesLikeAMapThroughCheckpointsAndReopens) {
  Random random(3);
  auto lsm = open(world_.new_folder());
  std::map<std::string, std::string> model;
  for (int round = 0; round < 40; ++round) {
    std::map<std::string, std::optional<std::string>> batch;
    std::vector<std::string> prefixes;
    if (random.chance(1, 5)) {
      prefixes.push_back("k" + std::to_string(random.below(10)));
      std::erase_if(model, [&](const auto& entry) { return entry.first.starts_with(prefixes[0]); });
    }
    // A batch that is large enough becomes a file of its own.
    const bool large = round % 8 == 7;
    for (int i = large ? 600 : 30; i > 0; --i) {
      auto& value = batch["k" + std::to_string(random.below(1000))];
      value.reset();
      if (random.chance(4, 5))
        value = std::to_string(random.next()) + std::string(large ? 16'000 : 1, 'v');
    }
    std::vector<LsmWrite> writes;
    for (const auto& [key, value] : batch) {
      writes.push_back({key, value});
      if (value)
        model[key] = *value;
      else
        model.erase(key);
    }
    apply(*lsm, writes, prefixes);
    if (random.chance(1, 6)) {
      const std::string folder = world_.new_folder();
      ASSERT_TRUE(lsm->checkpoint(folder).has_value());
      lsm = open(folder);
    }
    std::vector<std::string> expected;
    for (const auto& [key, value] : model) expected.push_back(key + "=" + value);
    ASSERT_EQ(contents(*lsm), expected) << round;
  }
}

TEST(EndOfPrefix, IsTheLeastStringAboveAllThatBeginWithIt) {
  EXPECT_EQ(end_of_prefix("ab"), "ac");
  EXPECT_EQ(end_of_prefix("a\xff\xff"), "b");
  EXPECT_EQ(end_of_prefix("\xff"), "");
  EXPECT_EQ(end_of_prefix(""), "");
}

}  // namespace
}  // namespace tributary::testing_state
