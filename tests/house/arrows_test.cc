// The checks of arrows.h against planted lines: a check that cannot fail proves nothing.
#include "tests/house/arrows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tributary::house {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::vector<IncludeLine> planted(const std::string& file, const std::string& target) {
  return include_lines(file, "#include " + target + "\n");
}

TEST(IncludeLines, FindsQuotedAndAngledOnesWithTheirLine) {
  const auto lines = include_lines(
      "base/a.cc", "// #include \"no.h\"\n#include \"base/a.h\"\n  # include <span>\n");
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(lines[0].target, "base/a.h");
  EXPECT_EQ(lines[0].line, 2);
  EXPECT_FALSE(lines[0].angled);
  EXPECT_EQ(lines[1].target, "span");
  EXPECT_TRUE(lines[1].angled);
}

TEST(FloorOf, IsTheInnermostFolderOfTheTable) {
  EXPECT_EQ(floor_of("base/error.h"), "base");
  EXPECT_EQ(floor_of("operators/include/tributary/job.h"), "operators");
  EXPECT_EQ(floor_of("operators/testing/job_test.h"), "operators/testing");
  EXPECT_EQ(floor_of("tributary/job.h"), "operators");
  EXPECT_EQ(floor_of("jobs/cost_attribution/core/rates.h"), "jobs/cost_attribution/core");
  EXPECT_EQ(floor_of("jobs/cost_attribution/job.cc"), "jobs/cost_attribution");
  EXPECT_EQ(floor_of("examples/first_job/job.h"), "examples/first_job");
  EXPECT_EQ(floor_of("runtime/elsewhere/x.h"), "");
}

TEST(WrongArrows, RejectsAnIncludeOfAnUpperFloor) {
  EXPECT_THAT(wrong_arrows(planted("checkpoint/manifest.cc", "\"runtime/exec/task.h\"")),
              ElementsAre(HasSubstr("checkpoint/manifest.cc:1: checkpoint may not include")));
  EXPECT_THAT(wrong_arrows(planted("base/error.cc", "\"checkpoint/manifest.h\"")), SizeIs(1));
  EXPECT_THAT(wrong_arrows(planted("runtime/graph/plan.cc", "\"runtime/net/frame.h\"")), SizeIs(1));
  EXPECT_THAT(wrong_arrows(planted("runtime/exec/task.cc", "<tributary/job.h>")), SizeIs(1));
}

TEST(WrongArrows, RejectsOperatorsThatLookAtTheCluster) {
  EXPECT_THAT(wrong_arrows(planted("operators/window.cc", "\"runtime/cluster/worker.h\"")),
              SizeIs(1));
  EXPECT_THAT(wrong_arrows(planted("operators/window.cc", "\"operators/testing/job_test.h\"")),
              SizeIs(1));
  EXPECT_THAT(
      wrong_arrows(planted("operators/testing/job_test.cc", "\"runtime/cluster/worker.h\"")),
      IsEmpty());
}

TEST(WrongArrows, KeepsJobsOnPublicOperators) {
  const std::string job = "jobs/cost_attribution/job.cc";
  EXPECT_THAT(wrong_arrows(planted(job, "<tributary/job.h>")), IsEmpty());
  EXPECT_THAT(wrong_arrows(planted(job, "\"operators/connectors/files.h\"")), IsEmpty());
  EXPECT_THAT(wrong_arrows(planted(job, "\"operators/window_state.h\"")), SizeIs(1));
  EXPECT_THAT(wrong_arrows(planted(job, "\"runtime/exec/task.h\"")), SizeIs(1));
  EXPECT_THAT(wrong_arrows(planted(job, "\"jobs/nexmark/bid.h\"")), SizeIs(1));
}

TEST(WrongArrows, KeepsExamplesOnPublicOperators) {
  const std::string example = "examples/x/job.cc";
  EXPECT_THAT(wrong_arrows(planted(example, "<tributary/job.h>")), IsEmpty());
  EXPECT_THAT(wrong_arrows(planted(example, "\"examples/x/job.h\"")), IsEmpty());
  EXPECT_THAT(wrong_arrows(planted(example, "\"operators/emitter.h\"")), SizeIs(1));
  EXPECT_THAT(wrong_arrows(planted(example, "\"examples/y/job.h\"")), SizeIs(1));
  EXPECT_THAT(wrong_arrows(planted(example, "\"jobs/x/job.h\"")), SizeIs(1));
}

TEST(WrongArrows, KeepsTheCoreAndTheToolsOfAJobPure) {
  EXPECT_THAT(wrong_arrows(planted("jobs/x/core/a.cc", "\"base/money.h\"")), IsEmpty());
  EXPECT_THAT(wrong_arrows(planted("jobs/x/core/a.cc", "<tributary/job.h>")), SizeIs(1));
  EXPECT_THAT(wrong_arrows(planted("jobs/x/core/a.cc", "\"jobs/x/tools/b.h\"")), SizeIs(1));
  EXPECT_THAT(wrong_arrows(planted("jobs/x/tools/main.cc", "\"jobs/x/core/a.h\"")), IsEmpty());
  EXPECT_THAT(wrong_arrows(planted("jobs/x/tools/main.cc", "\"operators/connectors/files.h\"")),
              SizeIs(1));
}

TEST(WrongArrows, RejectsAFolderThatIsInNoTableAndAPathThatIsNotFromTheRoot) {
  EXPECT_THAT(wrong_arrows(planted("runtime/elsewhere/a.cc", "<span>")), SizeIs(1));
  EXPECT_THAT(wrong_arrows(planted("base/error.cc", "\"error.h\"")), SizeIs(1));
  EXPECT_THAT(wrong_arrows(planted("base/error.cc", "<base/error.h>")), SizeIs(1));
  EXPECT_THAT(wrong_arrows(planted("operators/a.cc", "\"tributary/job.h\"")), SizeIs(1));
}

TEST(WrongDoors, KeepsEachLibraryInItsFolder) {
  EXPECT_THAT(wrong_doors(planted("runtime/exec/task.h", "<rocksdb/db.h>")), SizeIs(1));
  EXPECT_THAT(wrong_doors(planted("checkpoint/store.cc", "<rocksdb/db.h>")), IsEmpty());
  EXPECT_THAT(wrong_doors(planted("operators/window.cc", "<librdkafka/rdkafka.h>")), SizeIs(1));
  EXPECT_THAT(wrong_doors(planted("operators/connectors/kafka.cc", "<librdkafka/rdkafka.h>")),
              IsEmpty());
  EXPECT_THAT(wrong_doors(planted("runtime/cluster/worker.cc", "<boost/asio/post.hpp>")),
              SizeIs(1));
  EXPECT_THAT(wrong_doors(planted("runtime/exec/run_loop.cc", "<boost/asio/post.hpp>")), IsEmpty());
  EXPECT_THAT(wrong_doors(planted("runtime/cluster/worker.cc", "<CLI/CLI.hpp>")), SizeIs(1));
  EXPECT_THAT(wrong_doors(planted("jobs/x/tools/main.cc", "<CLI/CLI.hpp>")), IsEmpty());
  EXPECT_THAT(wrong_doors(planted("jobs/x/job.cc", "<CLI/CLI.hpp>")), SizeIs(1));
  EXPECT_THAT(wrong_doors(planted("jobs/x/tools/digest.cc", "<openssl/evp.h>")), IsEmpty());
  EXPECT_THAT(wrong_doors(planted("base/hash.cc", "<openssl/evp.h>")), Not(IsEmpty()));
}

TEST(WrongDoors, KeepsBaseOnItsFewLibraries) {
  EXPECT_THAT(wrong_doors(planted("base/config.cc", "<yaml-cpp/yaml.h>")), SizeIs(1));
  EXPECT_THAT(wrong_doors(planted("base/error.h", "<fmt/format.h>")), IsEmpty());
  EXPECT_THAT(wrong_doors(planted("base/files.cc", "<sys/stat.h>")), IsEmpty());
}

TEST(FolderCycle, NamesTheFoldersOfACycle) {
  auto lines = planted("base/a.h", "\"checkpoint/b.h\"");
  EXPECT_THAT(folder_cycle(lines), IsEmpty());
  lines.push_back({"checkpoint/b.h", 1, "runtime/graph/c.h", false});
  lines.push_back({"runtime/graph/c.h", 1, "base/a.h", false});
  EXPECT_THAT(folder_cycle(lines), ElementsAre("base", "checkpoint", "runtime/graph", "base"));
}

}  // namespace
}  // namespace tributary::house
