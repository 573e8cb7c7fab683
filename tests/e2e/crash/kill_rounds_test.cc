// Rounds of kills at random times. Everything of a round follows from its seed but the moment at
// which the operating system does what it is told: a round that fails is run again with
// SOAK_SEED=<seed> SOAK_ROUNDS=1, and its folder is kept.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <signal.h>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/failpoint.h"
#include "base/random.h"
#include "tests/e2e/crash/cost_course.h"

namespace tributary::testing {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kRoundsInTests = 3;
constexpr std::uint64_t kStartsMax = 6;
constexpr int kKilled = 128 + SIGKILL;  // of a failpoint's crash too

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class Round {
 public:
  explicit Round(std::uint64_t seed) : random_(seed) {}

  // Empty if nothing was wrong.
  std::string run() {
    const std::uint64_t interruptions = 1 + random_.below(kStartsMax - 1);
    for (std::uint64_t i = 0; i < interruptions && !finished_ && wrong_.empty(); ++i) interrupt();
    if (!finished_ && wrong_.empty()) {
      note("to the end");
      take(course_.run(draw_start()));
      if (!finished_ && wrong_.empty()) wrong_ = "it did not finish\n";
    }
    if (wrong_.empty()) wrong_ = course_.complaints();
    if (wrong_.empty()) return {};
    course_.keep();
    return fmt::format("{}{}kept: {}\n", told_, wrong_, course_.dir().string());
  }

 private:
  // Slots and with them the tasks of each stage, the interval, whether bases are written or state
  // is renewed.
  CourseStart draw_start() {
    CourseStart start;
    start.slots = static_cast<int>(1 + random_.below(3));
    start.checkpoint_ms = static_cast<int>(20 + random_.below(281));
    if (random_.chance(1, 2)) start.more = {"--base-bytes", "1000"};
    if (random_.chance(1, 2)) start.more.insert(start.more.end(), {"--renewal-bytes", "0"});
    if (random_.chance(1, 3)) start.more.insert(start.more.end(), {"--retain", "1"});
    note(fmt::format("{} slots, {} ms", start.slots, start.checkpoint_ms));
    return start;
  }
  void interrupt() {
    CourseStart start = draw_start();
    const std::uint64_t way = random_.below(10);
    if (way == 0) {
      const FailpointEntry& point = kFailpoints[random_.below(kFailpoints.size())];
      start.failpoints = fmt::format("{}=crash@{}", point.name, 1 + random_.below(6));
      note(start.failpoints);
      take(course_.run(start));
      return;
    }
    ProgramRun run = course_.start(start);
    if (way == 1) refuse_second(run, start);
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + random_.below(381)));
    const int number = way <= 3 ? SIGTERM : SIGKILL;
    note(number == SIGTERM ? "SIGTERM" : "SIGKILL");
    run.signal(number);
    take(CostCourse::ended(run));
  }
  // Nobody else runs the job while somebody does, and the one who does is not disturbed.
  void refuse_second(ProgramRun& first, const CourseStart& start) {
    note("a second one");
    if (!first.wait_for_output("\"started\"")) return;
    const auto second = course_.run(start);
    if (second.code != 2 || second.err.find("J605") == std::string::npos) {
      // The first one may have ended meanwhile: then its end is what counts.
      if (second.event == "finished" || second.found_it_finished())
        finished_ = true;
      else
        wrong_ = "a second one was not refused: " + second.last_words();
    }
  }
  void take(const CostCourse::Ended& ended) {
    note(fmt::format("-> {} {}; ", ended.code, ended.event));
    if (ended.event == "finished" || ended.found_it_finished()) finished_ = true;
    const bool is_fine =
        ended.code == 0 || ended.code == kKilled || ended.found_it_finished() ||
        // Told to stop before it listens to that.
        (ended.code == 128 + SIGTERM && ended.out.find("\"started\"") == std::string::npos);
    if (!is_fine) wrong_ = ended.last_words() + "\n";
  }
  void note(const std::string& what) { told_ += what + " "; }

  Random random_;
  CostCourse course_;
  bool finished_ = false;
  std::string told_;
  std::string wrong_;
};

TEST(KillRounds, EndAsIfNothingHadHappened) {
  const std::uint64_t rounds = number_from("SOAK_ROUNDS", kRoundsInTests);
  const std::uint64_t first = number_from("SOAK_SEED", 1);
  std::uint64_t failed = 0;
  for (std::uint64_t seed = first; seed < first + rounds; ++seed) {
    const std::string wrong = Round(seed).run();
    if (!wrong.empty()) {
      ++failed;
      ADD_FAILURE() << "SOAK_SEED=" << seed << " SOAK_ROUNDS=1:\n" << wrong;
    }
    if ((seed - first + 1) % 10 == 0)
      std::cout << seed - first + 1 << " rounds, " << failed << " failed" << std::endl;
  }
}

}  // namespace
}  // namespace tributary::testing
