// Rule 37: every cell of the table in runtime/exec/README.md.
#include "runtime/exec/barrier_aligner.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tributary {
namespace {

// What a cell shows to the outside: "snapshot 5", "abandoned 4", blocked channels, what it awaits.
std::string shown(const BarrierAligner& aligner, const BarrierAligner::Step& step,
                  std::uint32_t channels = 3) {
  std::string text;
  const auto add = [&](const std::string& word) { text += (text.empty() ? "" : " ") + word; };
  if (step.abandoned) add(fmt::format("abandoned:{}", step.abandoned->value));
  if (step.snapshot) add(fmt::format("snapshot:{}", step.snapshot->id.value));
  if (aligner.aligning()) add(fmt::format("aligning:{}", aligner.aligning()->value));
  if (aligner.holding()) add("holding");
  std::string blocked;
  for (std::uint32_t c = 0; c < channels; ++c)
    if (aligner.blocked(c)) blocked += static_cast<char>('0' + c);
  if (!blocked.empty()) add("blocked:" + blocked);
  return text;
}

// Three channels; barriers up to 3 have passed.
BarrierAligner idle() {
  BarrierAligner aligner(3);
  aligner.on_abort({3});
  return aligner;
}
BarrierAligner ordered() {
  BarrierAligner aligner = idle();
  aligner.on_trigger({{5}});
  return aligner;
}
// 5 on channel 0.
BarrierAligner aligning() {
  BarrierAligner aligner = idle();
  (void)aligner.on_barrier(0, {{5}});
  return aligner;
}
BarrierAligner holding() {
  BarrierAligner aligner = idle();
  for (const std::uint32_t c : {0U, 1U, 2U}) (void)aligner.on_barrier(c, {{5}, true});
  return aligner;
}
// 5 on channel 0, channel 1 has ended: channel 2 is the last.
BarrierAligner one_missing() {
  BarrierAligner aligner = aligning();
  aligner.on_end(1);
  return aligner;
}

struct Cell {
  const char* name;
  BarrierAligner (*state)();
  std::function<BarrierAligner::Step(BarrierAligner&)> event;
  const char* expected;
};

BarrierAligner::Step barrier(BarrierAligner& aligner, std::uint32_t channel, std::uint64_t id,
                             bool hold = false) {
  const auto step = aligner.on_barrier(channel, {{id}, hold});
  EXPECT_TRUE(step.has_value());
  return *step;
}

using Aligner = BarrierAligner;
const Cell kCells[] = {
    {"IdleBarrierPassed", idle, [](Aligner& a) { return barrier(a, 0, 3); }, ""},
    {"IdleBarrierNew", idle, [](Aligner& a) { return barrier(a, 1, 4); }, "aligning:4 blocked:1"},
    {"IdleEnd", idle, [](Aligner& a) { return a.on_end(1); }, ""},
    {"IdleTriggerPassed", idle, [](Aligner& a) { return a.on_trigger({{3}}); }, ""},
    {"IdleTriggerNew", idle, [](Aligner& a) { return a.on_trigger({{4}}); }, ""},
    {"IdleAbort", idle,
     [](Aligner& a) {
       a.on_abort({4});
       return barrier(a, 0, 4);
     },
     ""},
    {"IdleAbortOld", idle,
     [](Aligner& a) {
       a.on_abort({2});
       return barrier(a, 0, 4);
     },
     "aligning:4 blocked:0"},

    {"OrderedBarrierLess", ordered, [](Aligner& a) { return barrier(a, 0, 4); }, ""},
    {"OrderedBarrierSame", ordered, [](Aligner& a) { return barrier(a, 0, 5); },
     "aligning:5 blocked:0"},
    {"OrderedBarrierGreater", ordered, [](Aligner& a) { return barrier(a, 0, 6); },
     "abandoned:5 aligning:6 blocked:0"},
    {"OrderedEndOfSome", ordered, [](Aligner& a) { return a.on_end(0); }, ""},
    {"OrderedEndOfAll", ordered,
     [](Aligner& a) {
       a.on_end(0);
       a.on_end(1);
       return a.on_end(2);
     },
     "snapshot:5"},
    {"OrderedTriggerLess", ordered, [](Aligner& a) { return a.on_trigger({{4}}); }, ""},
    {"OrderedTriggerSame", ordered, [](Aligner& a) { return a.on_trigger({{5}}); }, ""},
    {"OrderedTriggerGreater", ordered, [](Aligner& a) { return a.on_trigger({{6}}); },
     "abandoned:5"},
    {"OrderedAbortLess", ordered,
     [](Aligner& a) {
       a.on_abort({4});
       return barrier(a, 0, 5);
     },
     "aligning:5 blocked:0"},
    {"OrderedAbortSame", ordered,
     [](Aligner& a) {
       a.on_abort({5});
       return barrier(a, 0, 5);
     },
     ""},
    {"OrderedAbortGreater", ordered,
     [](Aligner& a) {
       a.on_abort({6});
       return barrier(a, 0, 6);
     },
     ""},

    {"AligningBarrierLess", aligning, [](Aligner& a) { return barrier(a, 1, 4); },
     "aligning:5 blocked:0"},
    {"AligningBarrierSame", aligning, [](Aligner& a) { return barrier(a, 1, 5); },
     "aligning:5 blocked:01"},
    {"AligningBarrierSameTheLast", one_missing, [](Aligner& a) { return barrier(a, 2, 5); },
     "snapshot:5"},
    {"AligningBarrierGreater", aligning, [](Aligner& a) { return barrier(a, 1, 6); },
     "abandoned:5 aligning:6 blocked:1"},
    {"AligningEndOfOther", aligning, [](Aligner& a) { return a.on_end(1); },
     "aligning:5 blocked:0"},
    {"AligningEndOfTheLast", one_missing, [](Aligner& a) { return a.on_end(2); }, "snapshot:5"},
    {"AligningCloseOfABlockedOne", aligning, [](Aligner& a) { return a.on_end(0); }, "aligning:5"},
    {"AligningEndTwice", one_missing, [](Aligner& a) { return a.on_end(1); },
     "aligning:5 blocked:0"},
    {"AligningTriggerLess", aligning, [](Aligner& a) { return a.on_trigger({{4}}); },
     "aligning:5 blocked:0"},
    {"AligningTriggerSame", aligning, [](Aligner& a) { return a.on_trigger({{5}}); },
     "aligning:5 blocked:0"},
    {"AligningTriggerGreater", aligning, [](Aligner& a) { return a.on_trigger({{6}}); },
     "abandoned:5"},
    {"AligningAbortLess", aligning, [](Aligner& a) { return a.on_abort({4}); },
     "aligning:5 blocked:0"},
    {"AligningAbortSame", aligning, [](Aligner& a) { return a.on_abort({5}); }, ""},
    {"AligningAbortGreater", aligning, [](Aligner& a) { return a.on_abort({6}); }, ""},
    {"AligningReleaseIsNotForIt", aligning,
     [](Aligner& a) {
       a.on_release({5});
       return Aligner::Step{};
     },
     "aligning:5 blocked:0"},

    {"HoldingEnd", holding, [](Aligner& a) { return a.on_end(0); }, "holding blocked:012"},
    {"HoldingTriggerLess", holding, [](Aligner& a) { return a.on_trigger({{4}}); },
     "holding blocked:012"},
    {"HoldingTriggerSame", holding, [](Aligner& a) { return a.on_trigger({{5}}); },
     "holding blocked:012"},
    {"HoldingTriggerGreater", holding, [](Aligner& a) { return a.on_trigger({{6}}); }, ""},
    {"HoldingAbortLess", holding, [](Aligner& a) { return a.on_abort({4}); },
     "holding blocked:012"},
    {"HoldingAbortSame", holding, [](Aligner& a) { return a.on_abort({5}); }, ""},
    {"HoldingReleaseOfAnother", holding,
     [](Aligner& a) {
       a.on_release({4});
       return Aligner::Step{};
     },
     "holding blocked:012"},
    {"HoldingRelease", holding,
     [](Aligner& a) {
       a.on_release({5});
       return barrier(a, 0, 6);
     },
     "aligning:6 blocked:0"},
};

class Rule37_Table : public ::testing::TestWithParam<Cell> {};
INSTANTIATE_TEST_SUITE_P(, Rule37_Table, ::testing::ValuesIn(kCells),
                         [](const auto& of) { return of.param.name; });

TEST_P(Rule37_Table, DoesWhatItsCellSays) {
  BarrierAligner aligner = GetParam().state();
  const BarrierAligner::Step step = GetParam().event(aligner);
  EXPECT_EQ(shown(aligner, step), GetParam().expected);
}

TEST(Rule37_BarrierAligner, ABlockedOrEndedChannelCannotHaveSentABarrier) {
  for (const auto state : {aligning, holding}) {
    BarrierAligner aligner = state();
    for (const std::uint64_t id : {4, 5, 6}) {
      const auto step = aligner.on_barrier(0, {{id}});
      ASSERT_FALSE(step.has_value());
      EXPECT_EQ(step.error().code(), ErrorCode::X901);
    }
  }
  BarrierAligner ended = idle();
  ended.on_end(2);
  EXPECT_FALSE(ended.on_barrier(2, {{9}}).has_value());
}

TEST(Rule37_BarrierAligner, ATaskWithoutInputsAnswersTheOrder) {
  BarrierAligner source(0);
  EXPECT_EQ(source.on_trigger({{1}}).snapshot->id.value, 1U);
  EXPECT_EQ(source.on_trigger({{1}}).snapshot, std::nullopt);
  EXPECT_EQ(source.on_trigger({{2}, true}).snapshot->id.value, 2U);
  EXPECT_TRUE(source.holding());
  source.on_abort({2});
  EXPECT_FALSE(source.holding());
}

TEST(Rule15_BarrierAligner, ATaskWhoseInputsHaveEndedAnswersTheOrder) {
  BarrierAligner aligner(2);
  aligner.on_end(0);
  aligner.on_end(1);
  for (const std::uint64_t id : {1, 2})
    EXPECT_EQ(aligner.on_trigger({{id}}).snapshot->id.value, id);
}

TEST(Rule37_BarrierAligner, OneChannelNeverBlocks) {
  BarrierAligner aligner(1);
  for (const std::uint64_t id : {1, 2, 7}) {
    EXPECT_EQ(barrier(aligner, 0, id).snapshot->id.value, id);
    EXPECT_FALSE(aligner.blocked(0));
  }
}

// Barriers, ends, orders and aborts in any order: no checkpoint is answered twice or backwards, and
// nothing stays blocked that nobody will unblock.
TEST(Rule37_BarrierAligner, AnyOrderOfEventsAnswersEachCheckpointAtMostOnce) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    std::uint64_t state = seed * 0x9E3779B97F4A7C15 + 1;
    const auto below = [&](std::uint64_t n) {
      state = state * 6364136223846793005 + 1442695040888963407;
      return (state >> 33) % n;
    };
    BarrierAligner aligner(3);
    std::uint64_t answered = 0;
    std::vector<std::uint64_t> sent(3, 0);
    std::vector<bool> ended(3, false);
    for (int i = 0; i < 60; ++i) {
      const auto channel = static_cast<std::uint32_t>(below(3));
      BarrierAligner::Step step;
      switch (below(5)) {
        case 0:
        case 1:
          if (ended[channel] || aligner.blocked(channel)) continue;
          sent[channel] += 1 + below(2);
          step = *aligner.on_barrier(channel, {{sent[channel]}});
          break;
        case 2:
          step = aligner.on_trigger({{below(40)}});
          break;
        case 3:
          step = aligner.on_abort({below(20)});
          break;
        default:
          if (below(10) != 0) continue;
          ended[channel] = true;
          step = aligner.on_end(channel);
      }
      if (step.snapshot) {
        EXPECT_GT(step.snapshot->id.value, answered);
        answered = step.snapshot->id.value;
        for (std::uint32_t c = 0; c < 3; ++c) EXPECT_FALSE(aligner.blocked(c));
      }
      bool someone_can_come = false;
      for (std::uint32_t c = 0; c < 3; ++c)
        someone_can_come = someone_can_come || (!ended[c] && !aligner.blocked(c));
      if (aligner.aligning()) {
        EXPECT_TRUE(someone_can_come);
      }
    }
  }
}

}  // namespace
}  // namespace tributary
