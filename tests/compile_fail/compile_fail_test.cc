// Mistakes in graphs and what their authors read: run.sh compiles each case and checks the stored
// text.
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

namespace tributary {
namespace {

TEST(CompileErrors, NameTheAuthorsLineAndSayWhatIsWrongInAtMostEightLines) {
  const std::string script = std::string(TRIBUTARY_SOURCE_DIR) + "/tests/compile_fail/run.sh";
  EXPECT_EQ(std::system(script.c_str()), 0);
}

}  // namespace
}  // namespace tributary
