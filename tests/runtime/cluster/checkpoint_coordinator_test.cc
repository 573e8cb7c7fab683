#include "runtime/cluster/checkpoint_coordinator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoint/publish/lineage.h"

namespace tributary {
namespace {

namespace act = checkpoint_action;
namespace happened = checkpoint_event;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> names(const std::vector<CheckpointAction>& actions) {
  static constexpr const char* kNames[] = {
      "persist", "trigger",   "abort",   "write",   "notify", "delete",       "sweep",
      "copy",    "savepoint", "stopped", "restore", "marks",  "unrecoverable"};
  std::vector<std::string> out;
  for (const CheckpointAction& action : actions) out.emplace_back(kNames[action.index()]);
  return out;
}

checkpoint::TaskSnapshot snapshot(std::uint32_t task, std::string_view bytes,
                                  bool finished = false) {
  checkpoint::TaskSnapshot made;
  made.add_operators("sum");
  made.set_task(task);
  made.set_parallelism(2);
  made.set_finished(finished);
  made.add_operator_states()->set_bytes(std::string(bytes));
  return made;
}

cluster::CheckpointRecord new_job() {
  cluster::CheckpointRecord record;
  record.set_ids_below(1);
  *record.mutable_lineages() = LineageHistory(Hash128{1, 2}).encode();
  // Orphans were looked for; the tests say when the next time is.
  record.set_swept_micros(hours(1'000'000).micros);
  return record;
}

class CheckpointCoordinatorTest : public ::testing::Test {
 protected:
  using Names = std::vector<std::string>;

  CheckpointCoordinator::Settings settings() {
    return {.uid = std::string(16, 'u'), .graph_digest = std::string(16, 'd'), .key_groups = 8};
  }
  void make(CheckpointCoordinator::Settings with, cluster::CheckpointRecord found = new_job()) {
    coordinator_.emplace(std::move(with), std::move(found));
    step(happened::Started{});
  }
  Names step(const CheckpointEvent& event) {
    last_ = coordinator_->step(event, now_);
    for (const CheckpointAction& action : last_)
      if (const auto* persist = std::get_if<act::PersistRecord>(&action))
        written_ = persist->record;
    return names(last_);
  }
  template <typename Action>
  const Action& only() {
    const Action* found = nullptr;
    for (const CheckpointAction& action : last_)
      if (const auto* one = std::get_if<Action>(&action)) found = one;
    TRIBUTARY_CHECK(found != nullptr);
    return *found;
  }
  void start(std::uint32_t attempt = 1, std::uint32_t tasks = 2) {
    happened::AttemptStarted started{.attempt = attempt};
    for (std::uint32_t i = 0; i < tasks; ++i) started.tasks.push_back({attempt, 0, i});
    attempt_ = attempt;
    step(started);
  }
  Names tick(Duration later) {
    now_ = now_ + later;
    return step(happened::Tick{});
  }
  // Until the next checkpoint is triggered: an interval, and the reservation of ids if it is
  // needed.
  CheckpointId trigger() {
    Names got = tick(seconds(10));
    if (got == Names{"persist"}) got = step(happened::RecordPersisted{});
    EXPECT_THAT(got, testing::Contains("trigger"));
    return only<act::TriggerCheckpoint>().id;
  }
  Names ack(CheckpointId id, std::uint32_t task, std::string_view bytes = "state",
            bool finished = false) {
    return step(happened::TaskAcked{
        .task = {attempt_, 0, task}, .id = id, .snapshot = snapshot(task, bytes, finished)});
  }
  Names ack_all(CheckpointId id) {
    ack(id, 0, fmt::format("{}", id.value));
    return ack(id, 1);
  }
  checkpoint::ManifestRef ref(CheckpointId id) {
    checkpoint::ManifestRef made;
    made.set_name(fmt::format("manifest-{}-1-{}", id.value, attempt_));
    return made;
  }
  Names written(CheckpointId id) { return step(happened::ManifestWritten{id, ref(id)}); }
  // A whole checkpoint; gives what the persisted record brought.
  Names complete() {
    const CheckpointId id = trigger();
    EXPECT_THAT(ack_all(id), ElementsAre("write"));
    EXPECT_THAT(written(id), ElementsAre("persist"));
    return step(happened::RecordPersisted{});
  }
  std::vector<std::uint64_t> completed() {
    std::vector<std::uint64_t> ids;
    for (const auto& one : written_.completed()) ids.push_back(one.id());
    return ids;
  }

  Timestamp now_ = Timestamp{} + hours(1'000'000);
  std::optional<CheckpointCoordinator> coordinator_;
  std::vector<CheckpointAction> last_;
  cluster::CheckpointRecord written_;
  std::uint32_t attempt_ = 1;
};

TEST_F(CheckpointCoordinatorTest, ACheckpointGoesFromTriggerToNotice) {
  make(settings());
  start();
  EXPECT_THAT(tick(seconds(9)), IsEmpty());
  const CheckpointId id = trigger();
  EXPECT_EQ(id.value, 1U);
  EXPECT_EQ(only<act::TriggerCheckpoint>().base.value, 0U);
  EXPECT_THAT(ack(id, 0), IsEmpty());
  EXPECT_THAT(ack(id, 0), IsEmpty());  // repeated
  EXPECT_THAT(ack(id, 1), ElementsAre("write"));
  const checkpoint::Manifest manifest = only<act::WriteManifest>().manifest;
  EXPECT_EQ(manifest.checkpoint(), 1U);
  EXPECT_EQ(manifest.tasks_size(), 2);
  EXPECT_THAT(written(id), ElementsAre("persist"));
  EXPECT_THAT(completed(), ElementsAre(1U));
  EXPECT_THAT(step(happened::RecordPersisted{}), ElementsAre("notify"));
  EXPECT_EQ(coordinator_->health(now_).completed, id);
}

TEST_F(CheckpointCoordinatorTest, Rule3_IdsAreOnRecordBeforeTheyAreUsedAndNeverComeAgain) {
  make(settings());
  start();
  EXPECT_THAT(tick(seconds(10)), ElementsAre("persist"));
  EXPECT_GT(written_.ids_below(), 1U);
  EXPECT_THAT(step(happened::RecordPersisted{}), ElementsAre("trigger"));
  EXPECT_LT(only<act::TriggerCheckpoint>().id.value, written_.ids_below());
  // Another leader does not know which of them were given.
  make(settings(), written_);
  start(2);
  EXPECT_GE(trigger().value, written_.ids_below() - 64);
}

TEST_F(CheckpointCoordinatorTest, Rule29_NoWordBeforeTheRecordIsWritten) {
  make(settings());
  start();
  const CheckpointId id = trigger();
  ack_all(id);
  EXPECT_THAT(written(id), ElementsAre("persist"));
  EXPECT_EQ(coordinator_->health(now_).completed.value, 0U);
  EXPECT_THAT(tick(seconds(70)), IsEmpty());  // no notice, and no abort either
  EXPECT_THAT(step(happened::RecordPersisted{}), testing::Contains("notify"));
}

TEST_F(CheckpointCoordinatorTest, Rule29_AManifestThatCameTooLateDoesNotExist) {
  make(settings());
  start();
  const CheckpointId id = trigger();
  ack_all(id);
  EXPECT_THAT(tick(seconds(61)), testing::Contains("abort"));
  EXPECT_THAT(written(id), IsEmpty());
  EXPECT_THAT(completed(), IsEmpty());
}

TEST_F(CheckpointCoordinatorTest, Rule65_PersistIsTheLastActionOfItsStep) {
  auto with = settings();
  with.retained = 1;
  make(with);
  start();
  for (int i = 0; i < 3; ++i) {
    const CheckpointId id = trigger();
    ack_all(id);
    written(id);
    step(happened::RecordPersisted{});
    for (std::size_t at = 0; at + 1 < last_.size(); ++at)
      EXPECT_FALSE(std::holds_alternative<act::PersistRecord>(last_[at]));
    if (!last_.empty() && std::holds_alternative<act::PersistRecord>(last_.back()))
      step(happened::RecordPersisted{});
  }
}

TEST_F(CheckpointCoordinatorTest, Rule64_WhoWasRefusedOrdersNothingAnyMore) {
  make(settings());
  start();
  const CheckpointId id = trigger();
  ack_all(id);
  written(id);
  EXPECT_THAT(step(happened::PersistFailed{}), IsEmpty());
  EXPECT_THAT(tick(seconds(100)), IsEmpty());
  EXPECT_THAT(step(happened::RestoreWanted{}), IsEmpty());
}

TEST_F(CheckpointCoordinatorTest, AnswersOfOtherAttemptsAndCheckpointsDoNotCount) {
  make(settings());
  start();
  const CheckpointId id = trigger();
  ack(id, 0);
  EXPECT_THAT(step(happened::TaskAcked{.task = {9, 0, 1}, .id = id, .snapshot = snapshot(1, "z")}),
              IsEmpty());
  EXPECT_THAT(ack({id.value + 1}, 1), IsEmpty());
  EXPECT_THAT(step(happened::TaskDeclined{
                  .task = {9, 0, 1}, .id = id, .error = Error(ErrorCode::F102, "zombie")}),
              IsEmpty());
  EXPECT_THAT(ack(id, 1), ElementsAre("write"));
}

TEST_F(CheckpointCoordinatorTest, Rule15_AFinishedTaskAnswersAndStaysFinishedInTheManifest) {
  make(settings());
  start();
  for (int round = 0; round < 2; ++round) {
    const CheckpointId id = trigger();
    ack(id, 0, fmt::format("{}", round), true);
    EXPECT_THAT(ack(id, 1), ElementsAre("write"));
    EXPECT_TRUE(only<act::WriteManifest>().manifest.tasks(0).finished());
    EXPECT_FALSE(only<act::WriteManifest>().manifest.tasks(1).finished());
    written(id);
    step(happened::RecordPersisted{});
  }
}

TEST_F(CheckpointCoordinatorTest, Rule20_AFailedCheckpointLeavesTheJobAloneAndSaysSinceWhen) {
  make(settings());
  start();
  complete();
  const Timestamp completed_at = now_;
  EXPECT_EQ(coordinator_->health(now_).output_held_since, std::nullopt);
  const CheckpointId id = trigger();
  EXPECT_THAT(step(happened::TaskDeclined{
                  .task = {1, 0, 0}, .id = id, .error = Error(ErrorCode::F102, "disk full")}),
              ElementsAre("abort"));
  const auto health = coordinator_->health(now_);
  EXPECT_EQ(health.output_held_since, completed_at);
  EXPECT_EQ(health.failures, 1U);
  EXPECT_EQ(health.last_failure->what(), "disk full");
  complete();
  step(happened::Published{3});
  EXPECT_EQ(coordinator_->health(now_).output_held_since, std::nullopt);
  EXPECT_EQ(coordinator_->health(now_).failures, 0U);
  // Nor is it silent when nothing fails and nothing completes.
  EXPECT_EQ(coordinator_->health(now_ + seconds(31)).output_held_since, now_);
}

TEST_F(CheckpointCoordinatorTest, Rule20_OutputIsHeldTooWhenWhatIsCompleteIsNotPublished) {
  make(settings());
  start();
  complete();
  const Timestamp first = now_;
  for (int i = 0; i < 4; ++i) {
    complete();
    step(happened::RecordPersisted{});
  }
  EXPECT_EQ(coordinator_->health(now_).output_held_since, first);
  step(happened::Published{4});
  EXPECT_EQ(coordinator_->health(now_).output_held_since, std::nullopt);
}

TEST_F(CheckpointCoordinatorTest, Rule20_TheTimeOutIsSixIntervalsAndAtLeastAMinute) {
  make(settings());
  start();
  CheckpointId id = trigger();
  ack(id, 0);
  EXPECT_THAT(tick(seconds(59)), IsEmpty());
  tick(seconds(1));
  EXPECT_EQ(only<act::AbortCheckpoint>().id, id);
  EXPECT_THAT(coordinator_->health(now_).last_failure->what(), HasSubstr("stage 0 task 1"));
  EXPECT_EQ(coordinator_->health(now_).last_failure->code(), ErrorCode::S418);
  auto with = settings();
  with.interval = seconds(20);
  make(with);
  start();
  tick(seconds(20));
  step(happened::RecordPersisted{});
  EXPECT_THAT(tick(seconds(119)), IsEmpty());
  EXPECT_THAT(tick(seconds(1)), testing::Contains("abort"));
}

TEST_F(CheckpointCoordinatorTest, Rule37_OneCheckpointPendsAtATime) {
  make(settings());
  start();
  const CheckpointId id = trigger();
  EXPECT_THAT(tick(seconds(30)), IsEmpty());
  ack_all(id);
  EXPECT_THAT(tick(seconds(10)), IsEmpty());
  written(id);
  // No pause: the next one is due already.
  EXPECT_THAT(step(happened::RecordPersisted{}), ElementsAre("notify", "trigger"));
}

TEST_F(CheckpointCoordinatorTest, Rule9_ASinkAsksForACheckpointNow) {
  make(settings());
  start();
  complete();
  EXPECT_THAT(step(happened::CheckpointWanted{{1}}), ElementsAre("trigger"));
  const CheckpointId id = only<act::TriggerCheckpoint>().id;
  // It has not seen this barrier: what it holds is covered.
  EXPECT_THAT(step(happened::CheckpointWanted{{1}}), IsEmpty());
  ack_all(id);
  written(id);
  EXPECT_THAT(step(happened::RecordPersisted{}), ElementsAre("notify"));
  const CheckpointId next = trigger();
  // It has: what it holds belongs to the epoch after.
  EXPECT_THAT(step(happened::CheckpointWanted{next}), IsEmpty());
  ack_all(next);
  written(next);
  EXPECT_THAT(step(happened::RecordPersisted{}), testing::Contains("trigger"));
}

TEST_F(CheckpointCoordinatorTest, Rule10_CompletedIsSaidAgainUntilAllIsOutAndToEveryNewAttempt) {
  make(settings());
  start();
  complete();
  EXPECT_THAT(tick(seconds(10)), testing::IsSupersetOf({"notify", "trigger"}));
  EXPECT_EQ(only<act::NotifyCompleted>().id.value, 1U);
  EXPECT_THAT(tick(seconds(10)), ElementsAre("notify"));
  step(happened::Published{1});
  EXPECT_THAT(tick(seconds(10)), IsEmpty());
  // A new leader adopts the attempt; it knows of no publishing.
  make(settings(), written_);
  attempt_ = 1;
  EXPECT_THAT(step(happened::AttemptStarted{.attempt = 1, .tasks = {{1, 0, 0}}}),
              ElementsAre("notify"));
}

TEST_F(CheckpointCoordinatorTest, Rule73_WhenNothingChangedNothingIsWritten) {
  make(settings());
  start();
  complete();
  step(happened::Published{1});
  const auto unchanged = [&](CheckpointId id, std::uint32_t task) {
    return step(happened::TaskAcked{.task = {1, 0, task}, .id = id, .unchanged = true});
  };
  for (int i = 0; i < 5; ++i) {
    const CheckpointId id = trigger();
    unchanged(id, 0);
    EXPECT_THAT(unchanged(id, 1), IsEmpty());
  }
  EXPECT_EQ(coordinator_->health(now_).output_held_since, std::nullopt);
  // One of them changed: the other's part is taken from the base.
  const CheckpointId id = trigger();
  unchanged(id, 1);
  EXPECT_THAT(ack(id, 0, "new"), ElementsAre("write"));
  const checkpoint::Manifest manifest = only<act::WriteManifest>().manifest;
  EXPECT_EQ(manifest.tasks(0).operator_states(0).bytes(), "new");
  EXPECT_EQ(manifest.tasks(1).operator_states(0).bytes(), "state");
}

TEST_F(CheckpointCoordinatorTest, Rule73_ATableThatChangedIsWrittenAlthoughNoTaskChanged) {
  make(settings());
  start();
  complete();
  const CheckpointId id = trigger();
  ManifestFrame frame;
  frame.sources.emplace_back().set_source("in");
  step(happened::FrameChanged{frame});
  step(happened::TaskAcked{.task = {1, 0, 0}, .id = id, .unchanged = true});
  EXPECT_THAT(step(happened::TaskAcked{.task = {1, 0, 1}, .id = id, .unchanged = true}),
              ElementsAre("write"));
  EXPECT_EQ(only<act::WriteManifest>().manifest.sources(0).source(), "in");
}

TEST_F(CheckpointCoordinatorTest, UnchangedSinceACheckpointThatTheTaskNeverMadeIsRefused) {
  make(settings());
  start();
  complete();
  step(happened::AttemptEnded{1});
  start(2);
  const CheckpointId id = trigger();
  step(happened::TaskAcked{.task = {2, 0, 0}, .id = id, .unchanged = true});
  EXPECT_THAT(step(happened::TaskAcked{.task = {2, 0, 1}, .id = id, .unchanged = true}),
              ElementsAre("abort"));
}

TEST_F(CheckpointCoordinatorTest, Rule43_DifferentCopiesOfABroadcastStateFailTheCheckpoint) {
  make(settings());
  start();
  const CheckpointId id = trigger();
  for (const std::uint32_t task : {0U, 1U}) {
    checkpoint::TaskSnapshot made = snapshot(task, "");
    auto& copy = *made.add_broadcast();
    copy.set_operator_("attribute");
    copy.set_state("rules");
    copy.set_hash_low(task);
    step(happened::TaskAcked{.task = {1, 0, task}, .id = id, .snapshot = made});
  }
  EXPECT_THAT(names(last_), ElementsAre("abort"));
  EXPECT_THAT(coordinator_->health(now_).last_failure->what(), HasSubstr("rules"));
}

TEST_F(CheckpointCoordinatorTest, Rule44_TheManifestSaysWhichGatesWereOpenAtTheTrigger) {
  make(settings());
  start();
  ManifestFrame closed;
  closed.gates.emplace_back().set_source("charges");
  step(happened::FrameChanged{closed});
  const CheckpointId id = trigger();
  ManifestFrame open = closed;
  open.gates[0].set_open(true);
  step(happened::FrameChanged{open});
  ack_all(id);
  EXPECT_FALSE(only<act::WriteManifest>().manifest.gates(0).open());
}

// ---- deletion ----

TEST_F(CheckpointCoordinatorTest, Rule28_ACheckpointIsCondemnedOnRecordBeforeItIsDeleted) {
  auto with = settings();
  with.retained = 1;
  make(with);
  start();
  complete();
  EXPECT_THAT(complete(), ElementsAre("notify", "persist"));
  ASSERT_EQ(written_.condemned_size(), 1);
  EXPECT_EQ(written_.condemned(0).checkpoint().id(), 1U);
  EXPECT_THAT(completed(), ElementsAre(2U));
  EXPECT_THAT(step(happened::RecordPersisted{}), ElementsAre("delete"));
  const auto& order = only<act::DeleteCheckpoint>();
  EXPECT_EQ(order.condemned.id(), 1U);
  ASSERT_EQ(order.kept.size(), 1U);
  EXPECT_EQ(order.kept[0].id(), 2U);
  EXPECT_THAT(step(happened::CheckpointDeleted{{1}}), ElementsAre("persist"));
  EXPECT_EQ(written_.condemned_size(), 0);
}

TEST_F(CheckpointCoordinatorTest, Rule28_AFailedDeletionIsTriedAgain) {
  auto with = settings();
  with.retained = 1;
  make(with);
  start();
  complete();
  complete();
  step(happened::RecordPersisted{});
  step(happened::DeletionFailed{{1}, Error(ErrorCode::F102, "EIO")});
  step(happened::Published{2});
  EXPECT_THAT(tick(seconds(10)), testing::Contains("delete"));
}

// Neither whether 3 is complete nor whether 2 is condemned is certain before the answer.
TEST_F(CheckpointCoordinatorTest, Rule28_ADeletionSparesWhatIsBeingCondemned) {
  auto with = settings();
  with.retained = 1;
  make(with);
  start();
  complete();
  complete();
  step(happened::RecordPersisted{});
  step(happened::Published{3});
  EXPECT_THAT(complete(), ElementsAre("notify", "persist"));
  step(happened::DeletionFailed{{1}, Error(ErrorCode::F102, "EIO")});
  EXPECT_THAT(tick(seconds(10)), testing::Contains("delete"));
  std::vector<std::uint64_t> kept;
  for (const auto& one : only<act::DeleteCheckpoint>().kept) kept.push_back(one.id());
  EXPECT_THAT(kept, testing::UnorderedElementsAre(2U, 3U));
}

TEST_F(CheckpointCoordinatorTest, Rule28_ALeaderDeletesOnlyWhatItCondemnedItself) {
  cluster::CheckpointRecord found = new_job();
  found.add_completed()->set_id(5);
  auto& condemned = *found.add_condemned();
  condemned.mutable_checkpoint()->set_id(4);
  condemned.set_term(1);
  found.set_ids_below(100);
  auto with = settings();
  with.term = 2;
  coordinator_.emplace(with, found);
  EXPECT_THAT(step(happened::Started{}), ElementsAre("persist"));
  EXPECT_EQ(written_.condemned(0).term(), 2U);
  EXPECT_THAT(step(happened::RecordPersisted{}), ElementsAre("delete"));
}

TEST_F(CheckpointCoordinatorTest, Rule28_OrphansOfEarlierAttemptsAreLookedForOnceADay) {
  make(settings());
  start();
  complete();
  step(happened::Published{1});
  now_ = now_ + hours(24);
  const auto got = step(happened::Tick{});
  EXPECT_THAT(got, testing::Contains("sweep"));
  EXPECT_EQ(only<act::SweepOrphans>().below.value, 1U);
  EXPECT_EQ(only<act::SweepOrphans>().attempt, 1U);
  step(happened::RecordPersisted{});
  EXPECT_THAT(tick(seconds(10)), testing::Not(testing::Contains("sweep")));
}

// ---- savepoints ----

TEST_F(CheckpointCoordinatorTest, Rule4_ASavepointIsACopyOfACheckpointThatIsOut) {
  make(settings());
  start();
  const CheckpointId before = trigger();
  step(happened::SavepointRequested{7, "/sp"});
  ack_all(before);
  written(before);
  // The one that pended was too old; the next one follows at once.
  EXPECT_THAT(step(happened::RecordPersisted{}), ElementsAre("notify", "trigger"));
  const CheckpointId id = only<act::TriggerCheckpoint>().id;
  ack_all(id);
  written(id);
  EXPECT_THAT(step(happened::RecordPersisted{}), ElementsAre("notify"));
  EXPECT_THAT(step(happened::Published{before.value}), IsEmpty());
  EXPECT_THAT(step(happened::Published{id.value}), ElementsAre("copy"));
  const auto& copy = only<act::WriteSavepoint>();
  EXPECT_EQ(copy.checkpoint.id(), id.value);
  EXPECT_EQ(copy.path, "/sp");
  EXPECT_FALSE(copy.carries_staged);
  EXPECT_THAT(step(happened::SavepointWritten{7}), ElementsAre("savepoint"));
  EXPECT_EQ(only<act::SavepointDone>().error, std::nullopt);
}

TEST_F(CheckpointCoordinatorTest, Rule4_AfterAMinuteASavepointCarriesWhatIsStaged) {
  make(settings());
  start();
  step(happened::SavepointRequested{7, "/sp"});
  step(happened::RecordPersisted{});
  const CheckpointId id = only<act::TriggerCheckpoint>().id;
  ack_all(id);
  written(id);
  step(happened::RecordPersisted{});
  EXPECT_THAT(tick(seconds(59)), testing::Not(testing::Contains("copy")));
  EXPECT_THAT(tick(seconds(1)), testing::Contains("copy"));
  EXPECT_TRUE(only<act::WriteSavepoint>().carries_staged);
}

TEST_F(CheckpointCoordinatorTest, Rule28_ACheckpointThatIsBeingCopiedIsPinned) {
  auto with = settings();
  with.retained = 1;
  make(with);
  start();
  complete();
  step(happened::Published{1});
  step(happened::SavepointRequested{7, "/sp"});
  const CheckpointId id = only<act::TriggerCheckpoint>().id;
  ack_all(id);
  written(id);
  step(happened::RecordPersisted{});
  step(happened::RecordPersisted{});
  step(happened::Published{id.value});
  complete();
  complete();
  EXPECT_THAT(completed(), testing::Contains(id.value));
  EXPECT_THAT(step(happened::SavepointWritten{7}), testing::Contains("persist"));
  EXPECT_THAT(completed(), testing::Not(testing::Contains(id.value)));
}

TEST_F(CheckpointCoordinatorTest, ASavepointIsRefusedWhileThereIsAnotherOrNoJob) {
  make(settings());
  step(happened::SavepointRequested{1, "/a"});
  EXPECT_EQ(only<act::SavepointDone>().error->code(), ErrorCode::S419);
  start();
  step(happened::SavepointRequested{2, "/a"});
  step(happened::SavepointRequested{3, "/b"});
  EXPECT_EQ(only<act::SavepointDone>().request, 3U);
  step(happened::RecordPersisted{});
  const CheckpointId id = only<act::TriggerCheckpoint>().id;
  step(happened::TaskDeclined{.task = {1, 0, 0}, .id = id, .error = Error(ErrorCode::F102, "x")});
  EXPECT_EQ(only<act::SavepointDone>().request, 2U);
  EXPECT_EQ(only<act::SavepointDone>().error->what(), "x");
}

// ---- the end ----

TEST_F(CheckpointCoordinatorTest, Rule15_AStopIsOverWhenItsCheckpointIsCompleteAndOut) {
  make(settings());
  start();
  complete();
  EXPECT_THAT(step(happened::StopRequested{cluster::DRAIN, {}}), ElementsAre("persist"));
  EXPECT_EQ(written_.stop(), cluster::DRAIN);
  EXPECT_THAT(step(happened::RecordPersisted{}), ElementsAre("trigger"));
  EXPECT_EQ(only<act::TriggerCheckpoint>().stop, cluster::DRAIN);
  const CheckpointId id = only<act::TriggerCheckpoint>().id;
  ack_all(id);
  written(id);
  EXPECT_EQ(written_.last(), id.value);
  EXPECT_THAT(step(happened::RecordPersisted{}), ElementsAre("notify"));
  EXPECT_THAT(tick(seconds(60)), ElementsAre("notify"));  // and no other checkpoint
  EXPECT_THAT(step(happened::Published{id.value}), ElementsAre("stopped"));
  EXPECT_EQ(only<act::StopDone>().error, std::nullopt);
}

TEST_F(CheckpointCoordinatorTest, Rule15_AfterACrashAStoppedJobComesBackOnlyToPublish) {
  make(settings());
  start();
  step(happened::StopRequested{cluster::STOP, {}});
  step(happened::RecordPersisted{});
  if (last_.size() == 1 && names(last_)[0] == "persist") step(happened::RecordPersisted{});
  const CheckpointId id = only<act::TriggerCheckpoint>().id;
  ack_all(id);
  written(id);
  step(happened::RecordPersisted{});
  make(settings(), written_);
  EXPECT_THAT(step(happened::RestoreWanted{}), ElementsAre("restore"));
  EXPECT_EQ(only<act::RestoreFrom>().checkpoint->id(), id.value);
  attempt_ = 2;
  EXPECT_THAT(step(happened::AttemptStarted{.attempt = 2, .tasks = {{2, 0, 0}}}),
              ElementsAre("notify"));
  EXPECT_THAT(tick(seconds(100)), testing::Not(testing::Contains("trigger")));
  EXPECT_THAT(step(happened::Published{id.value}), ElementsAre("stopped"));
}

TEST_F(CheckpointCoordinatorTest, Rule15_AStopWhoseCheckpointFailsLetsTheJobGoOn) {
  make(settings());
  start();
  complete();
  step(happened::StopRequested{cluster::STOP, happened::SavepointRequested{5, "/sp"}});
  step(happened::RecordPersisted{});
  const CheckpointId id = only<act::TriggerCheckpoint>().id;
  EXPECT_THAT(step(happened::TaskDeclined{
                  .task = {1, 0, 0}, .id = id, .error = Error(ErrorCode::F102, "full")}),
              ElementsAre("abort", "savepoint", "stopped", "persist"));
  EXPECT_EQ(only<act::StopDone>().error->what(), "full");
  EXPECT_EQ(written_.stop(), cluster::GO_ON);
  step(happened::RecordPersisted{});
  complete();
}

TEST_F(CheckpointCoordinatorTest, Rule15_ADrainWhoseCheckpointFailsIsTriedAgain) {
  make(settings());
  start();
  complete();
  step(happened::StopRequested{cluster::DRAIN, {}});
  step(happened::RecordPersisted{});
  const CheckpointId id = only<act::TriggerCheckpoint>().id;
  EXPECT_THAT(step(happened::TaskDeclined{
                  .task = {1, 0, 0}, .id = id, .error = Error(ErrorCode::F102, "full")}),
              ElementsAre("abort"));
  trigger();
  EXPECT_EQ(only<act::TriggerCheckpoint>().stop, cluster::DRAIN);
}

TEST_F(CheckpointCoordinatorTest, Rule15_ABoundedJobEndsWithALastCheckpointThatIsPublished) {
  make(settings());
  start();
  complete();
  EXPECT_THAT(step(happened::AllTasksFinished{}), ElementsAre("trigger"));
  const CheckpointId id = only<act::TriggerCheckpoint>().id;
  // Restarted before it is complete, its tasks read again: nothing says yet that it ended.
  EXPECT_EQ(written_.stop(), cluster::GO_ON);
  ack(id, 0, "end", true);
  ack(id, 1, "end", true);
  written(id);
  EXPECT_EQ(written_.stop(), cluster::END_OF_INPUT);
  step(happened::RecordPersisted{});
  EXPECT_THAT(step(happened::Published{id.value}), ElementsAre("stopped"));
}

TEST_F(CheckpointCoordinatorTest, Rule15_AnEndThatChangesNothingEndsWithTheNewestCheckpoint) {
  make(settings());
  start();
  complete();
  step(happened::AllTasksFinished{});
  const CheckpointId id = only<act::TriggerCheckpoint>().id;
  for (const std::uint32_t task : {0U, 1U})
    step(happened::TaskAcked{.task = {1, 0, task}, .id = id, .unchanged = true});
  EXPECT_THAT(names(last_), ElementsAre("persist"));
  EXPECT_EQ(written_.last(), 1U);
  EXPECT_THAT(step(happened::RecordPersisted{}), IsEmpty());
  EXPECT_THAT(step(happened::Published{1}), ElementsAre("stopped"));
}

// Asked for while the last checkpoint pends: no later one will come.
TEST_F(CheckpointCoordinatorTest, Rule4_ASavepointThatComesLateIsACopyOfTheLastCheckpoint) {
  make(settings());
  start();
  complete();
  EXPECT_THAT(step(happened::AllTasksFinished{}), ElementsAre("trigger"));
  const CheckpointId id = only<act::TriggerCheckpoint>().id;
  step(happened::SavepointRequested{7, "/sp"});
  ack_all(id);
  written(id);
  EXPECT_THAT(step(happened::RecordPersisted{}), ElementsAre("notify"));
  EXPECT_THAT(step(happened::Published{id.value}), ElementsAre("copy"));
  EXPECT_EQ(only<act::WriteSavepoint>().checkpoint.id(), id.value);
  EXPECT_THAT(step(happened::SavepointWritten{7}), ElementsAre("savepoint", "stopped"));
}

TEST_F(CheckpointCoordinatorTest, Rule4_AStopWithASavepointIsOverWhenTheSavepointIsThere) {
  make(settings());
  start();
  complete();
  step(happened::StopRequested{cluster::STOP, happened::SavepointRequested{5, "/sp"}});
  step(happened::RecordPersisted{});
  const CheckpointId id = only<act::TriggerCheckpoint>().id;
  ack_all(id);
  written(id);
  step(happened::RecordPersisted{});
  EXPECT_THAT(step(happened::Published{id.value}), ElementsAre("copy"));
  EXPECT_EQ(only<act::WriteSavepoint>().checkpoint.id(), id.value);
  EXPECT_THAT(step(happened::SavepointWritten{5}), ElementsAre("savepoint", "stopped"));
}

// ---- restore ----

TEST_F(CheckpointCoordinatorTest, Rule1_ARestoreWaitsUntilItIsKnownWhetherTheLastIsComplete) {
  make(settings());
  start();
  complete();
  const CheckpointId id = trigger();
  ack_all(id);
  written(id);
  EXPECT_THAT(step(happened::AttemptEnded{1}), IsEmpty());
  EXPECT_THAT(step(happened::RestoreWanted{}), IsEmpty());
  EXPECT_THAT(step(happened::RecordPersisted{}), ElementsAre("restore"));
  EXPECT_EQ(only<act::RestoreFrom>().checkpoint->id(), id.value);
}

TEST_F(CheckpointCoordinatorTest, AJobWithoutACheckpointStartsFromNothing) {
  make(settings());
  EXPECT_THAT(step(happened::RestoreWanted{}), ElementsAre("restore"));
  EXPECT_EQ(only<act::RestoreFrom>().checkpoint, std::nullopt);
}

class DamagedCheckpointTest : public CheckpointCoordinatorTest {
 protected:
  DamagedCheckpointTest() {
    make(settings());
    start();
    complete();
    complete();
    step(happened::AttemptEnded{1});
    step(happened::RestoreWanted{});
  }
  Names damage(std::uint64_t id) {
    return step(happened::CheckpointDamaged{{id}, Error(ErrorCode::S411, "blob x is damaged")});
  }
};

TEST_F(DamagedCheckpointTest, Rule1_AnOlderOneIsUsedWhenNothingOfTheDamagedOneIsOut) {
  EXPECT_THAT(damage(2), ElementsAre("marks"));
  // Condemned first.
  EXPECT_THAT(step(happened::MarksRead{{{"out", 0, 1}, {"out", 1, 0}}}), ElementsAre("persist"));
  EXPECT_THAT(completed(), ElementsAre(1U));
  EXPECT_EQ(written_.condemned(0).checkpoint().id(), 2U);
  EXPECT_THAT(step(happened::RecordPersisted{}), ElementsAre("delete", "restore"));
  EXPECT_EQ(only<act::RestoreFrom>().checkpoint->id(), 1U);
  start(2);
  EXPECT_GT(trigger().value, 2U);
}

TEST_F(DamagedCheckpointTest, Rule1_NoOlderOneIsUsedWhenAWriterHasPublishedBeyondIt) {
  damage(2);
  EXPECT_THAT(step(happened::MarksRead{{{"out", 0, 1}, {"out", 3, 2}}}),
              ElementsAre("unrecoverable"));
  const Error& error = only<act::JobUnrecoverable>().error;
  EXPECT_EQ(error.code(), ErrorCode::S417);
  for (const char* named : {"blob x", "writer 3", "sink out", "epoch 2"})
    EXPECT_THAT(error.what(), HasSubstr(named));
}

TEST_F(DamagedCheckpointTest, Rule1_WhenAllAreDamagedTheJobStartsAnewOnlyIfNothingIsOut) {
  damage(2);
  step(happened::MarksRead{});
  step(happened::RecordPersisted{});
  damage(1);
  EXPECT_THAT(step(happened::MarksRead{{{"out", 0, 1}}}), ElementsAre("unrecoverable"));
  damage(1);
  EXPECT_THAT(step(happened::MarksRead{}), ElementsAre("persist"));
  EXPECT_THAT(step(happened::RecordPersisted{}), testing::Contains("restore"));
  EXPECT_EQ(only<act::RestoreFrom>().checkpoint, std::nullopt);
}

// The condemnation of 1 is on its way to the record: it may be gone tomorrow.
TEST_F(CheckpointCoordinatorTest, Rule1_ACheckpointThatIsBeingCondemnedIsNoFallback) {
  auto with = settings();
  with.retained = 1;
  make(with);
  start();
  step(happened::SavepointRequested{7, "/sp"});
  step(happened::RecordPersisted{});
  const CheckpointId pinned = only<act::TriggerCheckpoint>().id;
  ack_all(pinned);
  written(pinned);
  step(happened::RecordPersisted{});
  step(happened::Published{pinned.value});
  complete();
  step(happened::RestoreWanted{});
  ASSERT_EQ(only<act::RestoreFrom>().checkpoint->id(), pinned.value + 1);
  EXPECT_THAT(step(happened::SavepointWritten{7}), ElementsAre("savepoint", "persist"));
  step(happened::CheckpointDamaged{{pinned.value + 1}, Error(ErrorCode::S411, "x")});
  EXPECT_THAT(step(happened::MarksRead{{{"out", 0, pinned.value}}}), ElementsAre("unrecoverable"));
}

TEST_F(CheckpointCoordinatorTest, Rule1_AnEndThatWasDamagedIsReachedAgain) {
  make(settings());
  start();
  complete();
  step(happened::AllTasksFinished{});
  const CheckpointId end = only<act::TriggerCheckpoint>().id;
  ack_all(end);
  written(end);
  step(happened::RecordPersisted{});
  step(happened::RestoreWanted{});
  EXPECT_TRUE(only<act::RestoreFrom>().only_publish);
  step(happened::CheckpointDamaged{end, Error(ErrorCode::S411, "x")});
  step(happened::MarksRead{});
  EXPECT_EQ(written_.stop(), cluster::GO_ON);
  EXPECT_EQ(written_.last(), 0U);
  step(happened::RecordPersisted{});
  EXPECT_FALSE(only<act::RestoreFrom>().only_publish);
}

TEST_F(CheckpointCoordinatorTest, AJobThatStagesNothingFallsBackWithoutAskingForMarks) {
  auto with = settings();
  with.stages_output = false;
  make(with);
  start();
  complete();
  complete();
  step(happened::RestoreWanted{});
  EXPECT_THAT(step(happened::CheckpointDamaged{{2}, Error(ErrorCode::S411, "x")}),
              ElementsAre("persist"));
  EXPECT_THAT(step(happened::RecordPersisted{}), testing::Contains("restore"));
}

}  // namespace
}  // namespace tributary
