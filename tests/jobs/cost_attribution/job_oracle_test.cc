// The job against an oracle of its own: random histories in any order, in any batches, on any
// number of slots, with rules that arrive before, between and after the charges.
#include <algorithm>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/cost_attribution/job.h"
#include "tests/jobs/cost_attribution/job_fixture.h"
#include "tests/jobs/cost_attribution/oracle/history.h"

namespace tributary::cost {
namespace {

using cost_oracle::Folded;
using cost_oracle::History;
using ::testing::IsEmpty;

constexpr std::size_t kEvents = 200;

testing::JobTestOptions options_of(std::uint64_t seed, std::mt19937_64& dice) {
  constexpr std::uint32_t kBatches[] = {1, 3, 17, 64, 1000};
  return {.slots = static_cast<std::uint32_t>(1 + seed % 4),
          .seed = seed,
          .batch_records = kBatches[dice() % std::size(kBatches)]};
}

// How many of the commands come before the first charge: all, none, or some.
std::size_t commands_at_start(const History& history, std::mt19937_64& dice) {
  switch (dice() % 3) {
    case 0:
      return history.commands.size();
    case 1:
      return 0;
    default:
      return dice() % (history.commands.size() + 1);
  }
}

// Pushes the history in pieces, so that every later command meets charges that are stored already.
void feed(CostJob& job, const History& history, std::mt19937_64& dice) {
  std::size_t command = commands_at_start(history, dice);
  for (std::size_t i = 0; i < command; ++i) job.command(history.commands[i]);
  std::set<std::size_t> cuts;  // before which charges the others come
  while (command + cuts.size() < history.commands.size()) {
    cuts.insert(dice() % (history.charges.size() + 1));
  }
  for (std::size_t i = 0; i <= history.charges.size(); ++i) {
    if (cuts.contains(i)) {
      // Either the walk finds everything at rest, or it goes on while charges arrive.
      if (dice() % 2 == 0) job.run();
      job.command(history.commands[command++]);
      if (dice() % 2 == 0) job.run();
    }
    if (i < history.charges.size()) {
      (dice() % 8 == 0) ? job.bulk(history.charges[i]) : job.charge(history.charges[i]);
    }
    if (dice() % 40 == 0) job.advance(std::chrono::seconds(dice() % 3));
  }
}

// Without what a run may choose: ids, times and the order of lines.
void expect_oracle(std::uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 dice(seed);
  const History original = cost_oracle::random_history(seed, kEvents);
  const History history = cost_oracle::permuted(original, seed);
  const Folded expected = cost_oracle::attribute(original.commands, original.charges);

  CostJob job({}, options_of(seed, dice));
  feed(job, history, dice);
  job.end();
  EXPECT_THAT(cost_oracle::differences(expected, job.folded()), IsEmpty());
  EXPECT_EQ(unpaired_lines(job.lines()), "");
  EXPECT_THAT(job.control("conservation_violation"), IsEmpty());
  EXPECT_THAT(job.refusals(), IsEmpty());
  std::set<std::string> ids;
  for (const CostLine& line : job.lines()) ids.insert(line.line_id.str());
  EXPECT_EQ(ids.size(), job.lines().size());
}

class JobOracle : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(JobOracle, FoldedOutputIsWhatTheOracleComputesOf25RandomHistories) {
  for (std::uint64_t seed = GetParam(); seed < GetParam() + 25; ++seed) {
    expect_oracle(seed);
    if (HasFailure()) return;  // one seed is enough to look at
  }
}

INSTANTIATE_TEST_SUITE_P(From, JobOracle, ::testing::Range<std::uint64_t>(1, 1001, 25),
                         [](const auto& from) { return "Seed" + std::to_string(from.param); });

// The engine's own ways of varying a run: little room between tasks, splits, interleavings.
TEST(JobOraclePermuted, OneHistoryGivesTheSameOutputInTwentyRunsOfOtherShape) {
  const History history = cost_oracle::random_history(7, kEvents);
  testing::JobTest test(cost_attribution, CostSettings{});
  auto commands = test.source<RawLine>("commands");
  auto charges = test.source<RawLine>("charges");
  const auto line = [](const std::string& text) {
    return RawLine{.topic = "t",
                   .partition = "p",
                   .ingest_time = parse_timestamp("2026-09-30").value(),
                   .bytes = text};
  };
  for (const std::string& command : history.commands) commands.push(line(command));
  test.run();
  for (const std::string& charge : history.charges) charges.push(line(charge));
  test.sink<CostLine>("lines")
      .keyed_by(&CostLine::tenant, &CostLine::dimension, &CostLine::element, &CostLine::charge_id,
                &CostLine::service, &CostLine::start, &CostLine::end)
      .summing(&CostLine::billed, &CostLine::effective, &CostLine::list, &CostLine::contracted);
  EXPECT_TRUE(test.same_result_when_permuted(
      20, {.keep_order = true, .ignored_sinks = {"hourly-out", "control", "ledger"}}));
}

}  // namespace
}  // namespace tributary::cost
