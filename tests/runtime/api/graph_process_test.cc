#include "runtime/api/graph_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tributary {
namespace {

using ::testing::HasSubstr;

// A shell stands in for the program, so that it can misbehave.
Result<GraphAnswer> ask(const std::string& script, Duration time_limit = seconds(60),
                        const std::string& input = {}) {
  const SystemClock clock;
  return request_graph({.program = "/bin/sh",
                        .arguments = {"-c", script},
                        .input = input,
                        .time_limit = time_limit,
                        .output_bytes_max = 100'000},
                       clock);
}
std::string fault(const Result<GraphAnswer>& answer) {
  if (answer) return "no fault";
  return std::string(error_page(answer.error().code()).code) + " " + answer.error().what();
}

TEST(RequestGraph, SaysThatTheOtherProcessRefused) {
  const Result<GraphAnswer> answer = ask("echo refused; exit 2");
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(answer->refused);
}

TEST(RequestGraph, ReadsTheGraphThatIsPrinted) {
  graph::JobGraph graph;
  graph.set_format(graph::kJobGraphFormat);
  graph.set_name("spend");
  const Result<GraphAnswer> answer = ask("cat", seconds(60), graph::serialize(graph));
  ASSERT_TRUE(answer.has_value()) << fault(answer);
  EXPECT_EQ(answer->graph.name(), "spend");
}

TEST(RequestGraph, NamesTheSignalThatEndedTheProcess) {
  EXPECT_THAT(fault(ask("kill -SEGV $$")),
              HasSubstr("B206 the job's function ended its process by signal 11"));
}

TEST(RequestGraph, StopsAProcessThatDoesNotAnswer) {
  EXPECT_THAT(fault(ask("exec sleep 1000", milliseconds(50))),
              HasSubstr("gave no graph within 50ms"));
}

TEST(RequestGraph, RefusesMoreThanTheLimit) {
  EXPECT_THAT(fault(ask("exec cat /dev/zero")), HasSubstr("larger than 100000 bytes"));
}

TEST(RequestGraph, RefusesWhatIsNoGraph) {
  EXPECT_THAT(fault(ask("echo hello")), HasSubstr("G313"));
}

TEST(RequestGraph, SaysThatTheFunctionEndedItsProcessWhateverTheCode) {
  for (const char* code : {"0", "1", "2", "7"}) {
    EXPECT_THAT(
        fault(ask(std::string("exit ") + code)),
        HasSubstr(std::string("B206 the job's function ended its process with exit code ") + code));
  }
}

TEST(RequestGraph, SurvivesAProcessThatDoesNotReadItsInput) {
  EXPECT_THAT(fault(ask("exit 7", seconds(60), std::string(1 << 20, 'x'))),
              HasSubstr("exit code 7"));
}

}  // namespace
}  // namespace tributary
