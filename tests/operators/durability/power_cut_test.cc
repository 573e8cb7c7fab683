// The power goes after each change of a file that a small job makes; the machine comes back with
// what was durable, the job goes on: nothing is lost and nothing doubled.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "base/memory_file_system.h"
#include "tests/operators/durability/cut_file_system.h"
#include "tests/operators/durability/durable_job.h"

namespace tributary::testing {
namespace {

struct Machine {
  explicit Machine(int records = 50) {
    world.write_input(2, records);
    expected = world.expected();
  }
  // What was written and not made durable is gone.
  void come_back() {
    disk->drop_unsynced();
    files->on();
  }
  std::shared_ptr<MemoryFileSystem> disk = std::make_shared<MemoryFileSystem>();
  std::shared_ptr<CutFileSystem> files = std::make_shared<CutFileSystem>(*disk);
  DurableWorld world{files};
  DurableOutput expected;
};

// Runs until the power goes or the job is over. Empty, or what is wrong.
std::string run(Machine& machine, const DurableOptions& options) {
  auto attempt = DurableAttempt::open(machine.world, options);
  if (machine.files->is_off()) return {};
  if (!attempt) return "it cannot begin: " + reasons_of(attempt.error());
  if (!(*attempt)->run([&] { return machine.files->is_off(); })) return "it does not end";
  if (machine.files->is_off()) return {};
  const LocalJob::Outcome& outcome = (*attempt)->job().outcome();
  if (outcome.phase != cluster::FINISHED)
    return outcome.error ? outcome.error->to_string() : "it did not finish";
  return {};
}

// A cut after each of `cuts` changes, one attempt after the other, and then the rest.
std::string course(const DurableOptions& options, const std::vector<std::uint64_t>& cuts,
                   bool disk_lies = false) {
  Machine machine;
  machine.files->lie_about_syncs(disk_lies);
  DurableOptions next = options;
  for (const std::uint64_t cut : cuts) {
    machine.files->cut_after(cut);
    if (std::string wrong = run(machine, next); !wrong.empty()) return wrong;
    machine.come_back();
    next.seed += 1000;
    next.slots = 1 + next.slots % 3;
  }
  if (!machine.world.has_finished()) {
    if (std::string wrong = run(machine, next); !wrong.empty()) return "then " + wrong;
  }
  if (!machine.world.has_finished()) return "the record does not say that it has finished";
  return machine.world.difference(machine.expected);
}

TEST(DurableJob, FinishesWithTheOutputOfAPlainRecomputation) {
  Machine machine;
  EXPECT_EQ(run(machine, {}), "");
  EXPECT_EQ(machine.world.difference(machine.expected), "");
  EXPECT_GT(machine.expected.totals.size(), 90U);
  EXPECT_GT(machine.expected.hours.size(), 20U);
}

std::uint64_t changes_of_a_run(const DurableOptions& options) {
  Machine machine;
  const std::uint64_t before = machine.files->changes();
  EXPECT_EQ(run(machine, options), "");
  return machine.files->changes() - before;
}

TEST(PowerCut, AfterAnyChangeOfAFileLosesAndDoublesNothing) {
  const DurableOptions options{.slots = 2, .seed = 1};
  const std::uint64_t changes = changes_of_a_run(options);
  ASSERT_GT(changes, 300U);
  for (std::uint64_t cut = 1; cut <= changes; ++cut)
    ASSERT_EQ(course(options, {cut}), "") << "seed " << options.seed << ", cut after " << cut;
}

// The canary: on a disk that says that bytes are durable and does not make them so, cuts do harm,
// and are seen to.
TEST(PowerCut, OnADiskThatLiesIsNoticed) {
  const DurableOptions options{.slots = 2, .seed = 1};
  const std::uint64_t changes = changes_of_a_run(options);
  int harmed = 0;
  for (std::uint64_t cut = 10; cut <= changes; cut += changes / 12)
    harmed += course(options, {cut}, true).empty() ? 0 : 1;
  EXPECT_GT(harmed, 3);
}

TEST(PowerCuts, InARowLoseAndDoubleNothing) {
  Random random(99);
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    std::vector<std::uint64_t> cuts(2 + random.below(4));
    for (std::uint64_t& cut : cuts) cut = 1 + random.below(random.chance(1, 2) ? 60 : 600);
    ASSERT_EQ(course({.slots = 2, .seed = seed}, cuts), "")
        << "seed " << seed << ", cuts after " << fmt::format("{}", fmt::join(cuts, ", "));
  }
}

}  // namespace
}  // namespace tributary::testing
