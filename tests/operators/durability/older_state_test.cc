// A state folder that was put back from a copy, while the outputs were not: what it would publish
// counts as published already, so it must not go on.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/memory_file_system.h"
#include "tests/operators/durability/durable_job.h"

namespace tributary::testing {
namespace {

using ::testing::HasSubstr;

class OlderState : public ::testing::Test {
 protected:
  OlderState() { world.write_input(2, 400); }

  void copy(const std::string& from, const std::string& to) {
    ASSERT_TRUE(files->make_directories(to));
    const auto entries = files->list(from);
    ASSERT_TRUE(entries);
    for (const DirectoryEntry& entry : *entries) {
      const std::string source = from + "/" + entry.name;
      const std::string target = to + "/" + entry.name;
      if (entry.kind == FileKind::kDirectory) {
        copy(source, target);
        continue;
      }
      const auto bytes = files->read_whole_file(source, 1 << 24);
      ASSERT_TRUE(bytes);
      ASSERT_TRUE(files->replace_file(target, *bytes));
    }
  }
  void keep_state(const std::string& as) { copy(world.path("state"), world.path(as)); }
  void put_back(const std::string& kept) {
    ASSERT_TRUE(files->remove_tree(world.path("state")));
    copy(world.path(kept), world.path("state"));
  }
  // Until some more checkpoints are complete and out; then it stops.
  void run_on() {
    const auto attempt = DurableAttempt::open(world, {});
    ASSERT_TRUE(attempt) << reasons_of(attempt.error());
    LocalJob& job = (*attempt)->job();
    ASSERT_TRUE((*attempt)->run([&] { return job.checkpoints().completed >= 2; }));
    job.request_stop();
    ASSERT_TRUE((*attempt)->run());
    ASSERT_EQ(job.outcome().phase, cluster::STOPPED);
  }
  LocalJob::Outcome run() {
    const auto attempt = DurableAttempt::open(world, {});
    EXPECT_TRUE(attempt) << reasons_of(attempt.error());
    if (!attempt || !(*attempt)->run()) return {};
    return (*attempt)->job().outcome();
  }

  std::shared_ptr<MemoryFileSystem> files = std::make_shared<MemoryFileSystem>();
  DurableWorld world{files};
};

TEST_F(OlderState, Rule3_IsRefusedAndTheNewerOneGoesOn) {
  run_on();
  keep_state("older");
  run_on();
  keep_state("newer");
  ASSERT_FALSE(world.has_finished());
  const DurableOutput before = world.read_output();

  put_back("older");
  // It counts its attempt as the later run did.
  LocalJob::Outcome outcome = run();
  EXPECT_EQ(outcome.phase, cluster::FAILED);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code(), ErrorCode::S480);
  EXPECT_THAT(outcome.error->what(), HasSubstr("start this one again"));
  for (int again = 0; again < 2; ++again) {
    outcome = run();
    EXPECT_EQ(outcome.phase, cluster::FAILED);
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->code(), ErrorCode::S477) << outcome.error->to_string();
    EXPECT_THAT(outcome.error->what(), HasSubstr("the folder is older than the output"));
  }
  EXPECT_EQ(world.read_output(), before) << "nothing was published";

  put_back("newer");
  for (int starts = 0; starts < 4 && outcome.phase != cluster::FINISHED; ++starts) {
    outcome = run();
    if (outcome.phase != cluster::FINISHED) {
      ASSERT_TRUE(outcome.error);
      EXPECT_EQ(outcome.error->code(), ErrorCode::S480) << "the older one has counted further";
    }
  }
  EXPECT_EQ(outcome.phase, cluster::FINISHED);
  EXPECT_EQ(world.difference(world.expected()), "");
}

TEST_F(OlderState, ACopyOfTheNewestStateGoesOn) {
  run_on();
  keep_state("same");
  put_back("same");
  EXPECT_EQ(run().phase, cluster::FINISHED);
  EXPECT_EQ(world.difference(world.expected()), "");
}

}  // namespace
}  // namespace tributary::testing
