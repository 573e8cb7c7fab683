// operators/testing/job_test_failure.h
// What JobTest throws: the job failed where the test did not ask for its failure, or the test uses
// JobTest wrongly (a source that does not exist, a record of another type, the wrong fold).
// GoogleTest shows the text and fails the test.
#pragma once

#include <stdexcept>
#include <string>

#include <fmt/core.h>

namespace tributary::testing {

class JobTestFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <typename... Args>
[[noreturn]] void fail_test(fmt::format_string<Args...> text, Args&&... args) {
  throw JobTestFailure(fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace tributary::testing
