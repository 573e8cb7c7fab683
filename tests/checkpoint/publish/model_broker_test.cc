#include "tests/checkpoint/publish/model_broker.h"

#include <gtest/gtest.h>

namespace tributary::model {
namespace {

// The questions that the model answers as Kafka does; a real broker is to answer them alike.
class ModelBrokerTest : public ::testing::Test {
 protected:
  ProducerId init(const std::string& id) {
    for (;;) {
      const auto made = broker_.init_producer(id, 0);
      if (made.answer == Answer::kOk) return made.producer;
      broker_.write_one_marker(random_);
    }
  }
  void write(const std::string& id, ProducerId producer, const std::string& value,
             std::uint64_t sequence) {
    ASSERT_EQ(broker_.add_partition(id, producer, 0, 0), Answer::kOk);
    ASSERT_EQ(
        broker_.produce(id, producer, 0, broker_.leader_epoch(0), sequence, {{"k", value}}).answer,
        Answer::kOk);
    broker_.replicate(0);
  }
  void finish() {
    while (broker_.has_markers()) broker_.write_one_marker(random_);
  }
  std::vector<std::string> committed() const {
    std::vector<std::string> values;
    const auto fetched = broker_.fetch_committed(0, 0);
    for (const ModelBroker::Entry* entry : fetched.entries) values.push_back(entry->message.value);
    return values;
  }
  using Values = std::vector<std::string>;

  Random random_{1};
  ModelBroker broker_{{}};
};

TEST_F(ModelBrokerTest, ReadersSeeATransactionWhenItIsCommittedAndItsMarkerIsWritten) {
  const ProducerId a = init("a");
  write("a", a, "1", 1);
  EXPECT_EQ(committed(), Values{});
  ASSERT_EQ(broker_.end_transaction("a", a, true), Answer::kOk);
  EXPECT_EQ(committed(), Values{}) << "no marker yet";
  finish();
  EXPECT_EQ(committed(), Values{"1"});
}

TEST_F(ModelBrokerTest, Rule2_AnOpenTransactionHidesWhatWasCommittedBehindIt) {
  const ProducerId a = init("a");
  const ProducerId b = init("b");
  write("b", b, "open", 1);
  write("a", a, "done", 1);
  ASSERT_EQ(broker_.end_transaction("a", a, true), Answer::kOk);
  finish();
  EXPECT_EQ(broker_.last_stable_offset(0), 0U);
  EXPECT_EQ(broker_.high_watermark(0), 3U) << "two records and a control record";
  EXPECT_EQ(committed(), Values{});
  (void)init("b");
  EXPECT_EQ(broker_.last_stable_offset(0), broker_.high_watermark(0));
  EXPECT_EQ(committed(), Values{"done"});
}

TEST_F(ModelBrokerTest, AnOlderProducerOfTheSameIdIsFencedAndWhatItLeftIsAborted) {
  const ProducerId old = init("a");
  write("a", old, "old", 1);
  const ProducerId now = init("a");
  EXPECT_GT(now.epoch, old.epoch);
  EXPECT_EQ(broker_.end_transaction("a", old, true), Answer::kFenced);
  EXPECT_EQ(broker_.produce("a", old, 0, 1, 2, {{"k", "late"}}).answer, Answer::kFenced);
  write("a", now, "new", 1);
  ASSERT_EQ(broker_.end_transaction("a", now, true), Answer::kOk);
  finish();
  EXPECT_EQ(committed(), Values{"new"});
}

TEST_F(ModelBrokerTest, ABatchThatArrivesTwiceIsWrittenOnceAlsoAfterTheNextMarker) {
  const ProducerId a = init("a");
  write("a", a, "1", 1);
  ASSERT_EQ(broker_.end_transaction("a", a, true), Answer::kOk);
  finish();
  write("a", a, "2", 2);
  EXPECT_EQ(broker_.produce("a", a, 0, 1, 1, {{"k", "1"}}).answer, Answer::kOk);
  ASSERT_EQ(broker_.end_transaction("a", a, true), Answer::kOk);
  finish();
  EXPECT_EQ(committed(), (Values{"1", "2"}));
}

TEST_F(ModelBrokerTest, EndingATransactionTwiceIsFineAndEndingItOtherwiseIsNot) {
  const ProducerId a = init("a");
  write("a", a, "1", 1);
  ASSERT_EQ(broker_.end_transaction("a", a, true), Answer::kOk);
  EXPECT_EQ(broker_.end_transaction("a", a, true), Answer::kOk);
  EXPECT_EQ(broker_.end_transaction("a", a, false), Answer::kInvalid);
  finish();
  EXPECT_EQ(broker_.end_transaction("a", a, true), Answer::kOk);
}

TEST_F(ModelBrokerTest, ATransactionThatIsOpenForTooLongIsAborted) {
  const ProducerId a = init("a");
  write("a", a, "1", 1);
  broker_.abort_timed_out(30'000'000'000);
  finish();
  EXPECT_EQ(broker_.end_transaction("a", a, true), Answer::kFenced);
  EXPECT_EQ(committed(), Values{});
  EXPECT_EQ(broker_.last_stable_offset(0), broker_.high_watermark(0));
}

TEST_F(ModelBrokerTest, Rule17_WithoutVerificationALateRequestLeavesATransactionThatHangs) {
  for (const bool verifies : {true, false}) {
    broker_ = ModelBroker({.verifies_transactions = verifies});
    const ProducerId a = init("a");
    const auto late = broker_.produce("a", a, 0, 1, 1, {{"k", "late"}});
    broker_.replicate(0);
    EXPECT_EQ(late.answer, verifies ? Answer::kInvalid : Answer::kOk);
    (void)init("a");
    finish();
    EXPECT_EQ(broker_.last_stable_offset(0) == broker_.high_watermark(0), verifies);
  }
}

TEST_F(ModelBrokerTest, WhatIsNotReplicatedMayBeGoneAfterAnElectionAndTheRestIsNot) {
  bool lost = false;
  bool kept = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    broker_ = ModelBroker({});
    Random random(seed);
    const ProducerId a = init("a");
    write("a", a, "1", 1);
    const auto made = broker_.produce("a", a, 0, 1, 2, {{"k", "2"}});
    EXPECT_EQ(broker_.replicated(0, made.offset, 1), false);
    broker_.elect_leader(0, random);
    EXPECT_EQ(broker_.replicated(0, made.offset, 1), std::nullopt);
    EXPECT_EQ(broker_.produce("a", a, 0, 1, 3, {{"k", "3"}}).answer, Answer::kNotLeader);
    EXPECT_GE(broker_.high_watermark(0), 1U);
    (broker_.high_watermark(0) == 1 ? lost : kept) = true;
  }
  EXPECT_TRUE(lost && kept);
}

TEST_F(ModelBrokerTest, Rule16_CompactionKeepsTheNewestOfAKeyAndNeverTouchesTheActiveSegment) {
  const ProducerId a = init("a");
  for (std::uint64_t i = 1; i <= 10; ++i) {
    write("a", a, std::to_string(i), i);
    ASSERT_EQ(broker_.end_transaction("a", a, true), Answer::kOk);
    finish();
  }
  broker_.compact(0);
  const Values left = committed();
  EXPECT_LT(left.size(), 10U);
  EXPECT_EQ(left.back(), "10");
  EXPECT_GT(left.size(), 1U) << "the active segment";
}

}  // namespace
}  // namespace tributary::model
