// The joint simulation: schedules by seed in which nothing may be lost, doubled or out of order.
// TRIBUTARY_SIMULATION_SEEDS=N runs more of them, TRIBUTARY_SIMULATION_FIRST=N begins elsewhere.
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <string>

#include <gtest/gtest.h>

#include "tests/simulation/joint_world.h"

namespace tributary::simulation {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t usual) {
  const char* asked = std::getenv(name);
  return asked == nullptr ? usual : std::strtoull(asked, nullptr, 10);
}

TEST(JointSimulationTest, NothingIsLostDoubledOrOutOfOrder) {
  const std::uint64_t first = from_environment("TRIBUTARY_SIMULATION_FIRST", 1);
  const std::uint64_t count = from_environment("TRIBUTARY_SIMULATION_SEEDS", 1000);
  const std::clock_t began = std::clock();
  std::uint64_t events = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const Outcome outcome = JointWorld({.seed = seed}).run();
    events += outcome.events;
    ASSERT_EQ(outcome.violation, "") << "seed " << seed;
  }
  const double took = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
  std::cout << count << " schedules, " << events / count << " events each, "
            << static_cast<std::uint64_t>(static_cast<double>(count) / took)
            << " schedules a second of one core\n";
}

TEST(JointSimulationTest, TheSameSeedGivesTheSameTrace) {
  std::uint64_t different = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Outcome once = JointWorld({.seed = seed}).run();
    const Outcome again = JointWorld({.seed = seed}).run();
    EXPECT_EQ(once.trace, again.trace) << "seed " << seed;
    EXPECT_EQ(once.events, again.events) << "seed " << seed;
    if (once.trace != JointWorld({.seed = seed + 1000}).run().trace) ++different;
  }
  EXPECT_EQ(different, 40U);
}

// The order of tables is the seed's, too; the answer never is.
TEST(JointSimulationTest, Rule77_NothingThatIsSeenDependsOnTheOrderOfTables) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    for (const std::uint64_t order : {11U, 12U, 13U}) {
      EXPECT_EQ(JointWorld({.seed = seed, .table_order = order * seed}).run().violation, "")
          << "seed " << seed << ", order " << order * seed;
    }
  }
}

// A simulation that finds nothing must not pass for one that finds everything: here readers see
// what is not committed, and that has to be a violation soon.
TEST(JointSimulationTest, TheCanaryIsCaught) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    WorldOptions options{.seed = seed};
    options.broker.readers_see_everything = true;
    if (!JointWorld(options).run().violation.empty()) return;
  }
  FAIL() << "nobody minds that readers see what is not committed";
}

}  // namespace
}  // namespace tributary::simulation
