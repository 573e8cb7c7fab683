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
    if (std::getenv("SIM_SEEDS")) std::cout << seed << std::endl;
    const Outcome outcome = JointWorld({.seed = seed}).run();
    events += outcome.events;
    ASSERT_EQ(outcome.violation, "") << "seed " << seed;
  }
  const double took = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
  std::cout << count << " schedules, " << events / count << " events each, "
            << static_cast<std::uint64_t>(static_cast<double>(count) / took)
            << " schedules a second of one core\n";
}

}  // namespace
}  // namespace tributary::simulation
