#include "runtime/api/stop_signals.h"

#include <csignal>
#include <cstdlib>

#include <gtest/gtest.h>

namespace tributary {
namespace {

// Each in a process of its own, which ends as the test says.
TEST(StopSignalsDeathTest, ASignalWithNobodyListeningEndsTheProcess) {
  EXPECT_EXIT(
      {
        std::raise(SIGTERM);
        std::exit(0);
      },
      ::testing::KilledBySignal(SIGTERM), "");
}

TEST(StopSignalsDeathTest, TwoAreCountedAndTheThirdEndsTheProcess) {
  EXPECT_EXIT(
      {
        StopSignals signals;
        if (!signals.listen()) std::exit(1);
        std::raise(SIGINT);
        if (signals.take() != 1) std::exit(2);
        std::raise(SIGTERM);
        if (signals.take() != 2) std::exit(3);
        std::raise(SIGTERM);
        std::exit(4);
      },
      ::testing::KilledBySignal(SIGTERM), "");
}

// A run that has finished exits with its own code, whatever is sent to it as it cleans up.
TEST(StopSignalsDeathTest, AfterTheJobNoneChangesTheExitCode) {
  EXPECT_EXIT(
      {
        {
          StopSignals signals;
          if (!signals.listen()) std::exit(1);
        }
        std::raise(SIGTERM);
        std::raise(SIGINT);
        std::exit(0);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace tributary
