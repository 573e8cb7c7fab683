#include "runtime/cluster/record_writer.h"

#include <cerrno>

#include <gtest/gtest.h>

#include "base/failpoint.h"
#include "base/memory_file_system.h"
#include "checkpoint/local_metadata_store.h"

namespace tributary {
namespace {

class RecordWriterTest : public ::testing::Test {
 protected:
  void write(std::uint64_t attempt) {
    cluster::JobRecord record;
    record.set_attempt(static_cast<std::uint32_t>(attempt));
    writer.write(record, [this](const Status& written) { answers.push_back(written); });
  }
  std::uint32_t stored() {
    cluster::JobRecord record;
    const auto found = store.get("job");
    EXPECT_TRUE(found && *found && record.ParseFromString((*found)->bytes));
    return record.attempt();
  }
  void wait() { clock.advance(seconds(1)); }

  MemoryFileSystem files;
  SeededRandomSource random{1};
  LocalMetadataStore store{files, "record", random};
  ManualClock clock{Timestamp{1'000'000}};
  RecordWriter writer{store, "job", kNoRecord, clock};
  std::vector<Status> answers;
};

TEST_F(RecordWriterTest, AnswersAtOnceAndKnowsTheVersion) {
  write(1);
  write(2);
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_TRUE(answers[0] && answers[1]);
  EXPECT_EQ(stored(), 2U);
  EXPECT_EQ(writer.next_nanos(), INT64_MAX);
}

TEST_F(RecordWriterTest, Rule20_WhileThereIsNoRoomItTriesAgainAndSaysSo) {
  write(1);
  auto broken = std::make_optional<ScopedFailpoints>("metadata.before_link=error");
  write(2);
  write(3);
  EXPECT_EQ(answers.size(), 1U);
  EXPECT_FALSE(writer.step());  // not yet
  wait();
  EXPECT_TRUE(writer.step());
  EXPECT_EQ(answers.size(), 1U);
  ASSERT_TRUE(writer.failure());
  EXPECT_EQ(writer.failures(), 2U);
  EXPECT_EQ(writer.failing_since(), Timestamp{1'000'000});
  broken.reset();
  wait();
  EXPECT_TRUE(writer.step());
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_TRUE(answers[1] && answers[2]);
  EXPECT_FALSE(writer.failure());
  EXPECT_EQ(stored(), 3U);
}

// The record was linked, and then its folder could not be made durable: nobody else wrote it.
TEST_F(RecordWriterTest, Rule69_ATryThatFailedAndYetCountedIsNoOtherCoordinator) {
  write(1);
  files.inject_error("record/job", FileOperation::kSync, EIO);
  for (const std::uint64_t next : {2, 3}) {
    write(next);
    wait();
    writer.step();
  }
  EXPECT_EQ(answers.size(), 1U);
  files.clear_faults();
  wait();
  writer.step();
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_TRUE(answers[2]) << answers[2].error().what();
  EXPECT_EQ(stored(), 3U);
  write(4);
  EXPECT_TRUE(answers.back());
}

TEST_F(RecordWriterTest, Rule64_WhatSomebodyElseWroteIsTheEnd) {
  write(1);
  ASSERT_TRUE(store.compare_and_set("job", {1}, "somebody else's")->stored);
  write(2);
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[1].error().code(), ErrorCode::J601);
}

TEST_F(RecordWriterTest, WhoEndsTheJobHearsOfTheFailure) {
  write(1);
  const ScopedFailpoints broken("metadata.before_link=error");
  write(2);
  EXPECT_EQ(answers.size(), 1U);
  writer.give_up();
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[1].error().code(), ErrorCode::S440);
}

}  // namespace
}  // namespace tributary
