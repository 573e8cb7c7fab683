#include "checkpoint/inspect/checkpoint_diff.h"

#include <string>

#include <gmock/gmock.h>

#include "tests/checkpoint/inspect/stored_job.h"

namespace tributary::testing_state {
namespace {

using checkpoint::Manifest;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class Diff : public testing::Test {
 protected:
  Result<CheckpointDiff> compare(const Manifest& before, const Manifest& after,
                                 const DiffOptions& options = {}) {
    ScratchFolder scratch(world_.files(), world_.new_folder());
    const InspectPlaces places{world_.places(), &scratch};
    return diff_checkpoints({&before, places}, {&after, places}, options);
  }
  static const StateDiff& of(const CheckpointDiff& diff, std::string_view state) {
    for (const StateDiff& one : diff.states)
      if (one.state == state) return one;
    ADD_FAILURE() << state;
    return diff.states.front();
  }

  TieredWorld world_{TieredWorld::Kind::kModel};
  StoredJob job_{world_};
};

TEST_F(Diff, OfACheckpointAndItselfIsEmpty) {
  const Manifest manifest = small_checkpoint(job_, 7);
  const CheckpointDiff diff = *compare(manifest, manifest);
  EXPECT_THAT(diff.states, SizeIs(5));  // accounts, postings, history, seen, timers
  for (const StateDiff& state : diff.states)
    EXPECT_EQ(state.added + state.removed + state.changed, 0U) << state.state;
  EXPECT_THAT(diff.splits, IsEmpty());
}

TEST_F(Diff, TellsWhatWasAddedRemovedAndChangedInEachState) {
  const Manifest before = small_checkpoint(job_, 7);
  job_.set_account("acme", 4, {.owner = "another owner"});
  job_.clear_account("acme", 5);
  job_.set_account("initech", 1, {.owner = "new"});
  job_.post("acme", 4, "first", 44);
  job_.post("acme", 4, "third", 3);
  job_.set_timer("acme", 4, Timestamp{5});
  const Manifest after = job_.checkpoint(8);
  const CheckpointDiff diff = *compare(before, after);
  const StateDiff& accounts = of(diff, "accounts");
  EXPECT_EQ(accounts.added, 1U);
  EXPECT_EQ(accounts.removed, 1U);
  EXPECT_EQ(accounts.changed, 1U);
  for (const EntryDiff& entry : accounts.examples) {
    if (entry.was_there && entry.is_there) {
      EXPECT_EQ(entry.entry.key, R"({"tenant":"acme","number":4})");
      EXPECT_EQ(entry.before, R"({"owner":"owner","balance":"1.1","limits":{}})");
      EXPECT_EQ(entry.after, R"({"owner":"another owner","balance":"0","limits":{}})");
    } else {
      EXPECT_EQ(entry.entry.key, entry.was_there ? R"({"tenant":"acme","number":5})"
                                                 : R"({"tenant":"initech","number":1})");
    }
  }
  const StateDiff& postings = of(diff, "postings");
  EXPECT_EQ(postings.added, 1U);
  EXPECT_EQ(postings.changed, 1U);
  EXPECT_EQ(postings.examples[0].entry.map_key, R"("first")");
  EXPECT_EQ(postings.examples[0].after, R"({"cents":44})");
  EXPECT_EQ(of(diff, "").added, 1U);
  EXPECT_EQ(of(diff, "").examples[0].entry.timer_at, "1970-01-01T00:00:00.000005Z");
  EXPECT_EQ(of(diff, "history").added, 0U);
  ASSERT_THAT(diff.splits, SizeIs(1));
  EXPECT_EQ(diff.splits[0].split, "a.jsonl");
  EXPECT_EQ(diff.splits[0].before, 700);
  EXPECT_EQ(diff.splits[0].after, 800);
  // The other way round.
  const CheckpointDiff back = *compare(after, before);
  EXPECT_EQ(of(back, "accounts").added, 1U);
  EXPECT_EQ(of(back, "postings").removed, 1U);
}

TEST_F(Diff, ShowsTheFirstOnesAndCountsAll) {
  const Manifest before = small_checkpoint(job_, 7);
  for (int i = 0; i < 20; ++i) job_.set_account("initech", i, {.owner = "new"});
  const CheckpointDiff diff = *compare(before, job_.checkpoint(8), {.examples_max = 3});
  EXPECT_EQ(of(diff, "accounts").added, 20U);
  EXPECT_THAT(of(diff, "accounts").examples, SizeIs(3));
}

TEST_F(Diff, ComparesStatesByNameAlthoughTheirIdsDiffer) {
  const Manifest before = small_checkpoint(job_, 7);
  StoredJob other(world_, true);
  const Manifest after = small_checkpoint(other, 7);
  const auto id_of = [](const Manifest& manifest, std::string_view name) {
    for (const auto& entry : manifest.tasks(0).keyed_state().catalog())
      if (entry.name() == name) return entry.state_id();
    return 0U;
  };
  ASSERT_NE(id_of(before, "accounts"), id_of(after, "accounts"));
  const CheckpointDiff diff = *compare(before, after);
  EXPECT_THAT(diff.states, SizeIs(5));
  for (const StateDiff& state : diff.states)
    EXPECT_EQ(state.added + state.removed + state.changed, 0U) << state.state;
}

TEST_F(Diff, AStateThatOneLacksIsAllRemovedOrAdded) {
  const Manifest before = small_checkpoint(job_, 7);
  Manifest after = before;
  for (auto& task : *after.mutable_tasks())
    for (auto& entry : *task.mutable_keyed_state()->mutable_catalog())
      if (entry.name() == "seen") entry.set_name("was seen");
  const CheckpointDiff diff = *compare(before, after);
  EXPECT_EQ(of(diff, "seen").removed, 1U);
  EXPECT_EQ(of(diff, "was seen").added, 1U);
}

TEST_F(Diff, RefusesWhatCannotBeCompared) {
  const Manifest manifest = small_checkpoint(job_, 7);
  Manifest other = manifest;
  other.set_key_groups(16);
  EXPECT_EQ(compare(manifest, other).error().code(), ErrorCode::S405);
  EXPECT_EQ(compare(manifest, manifest, {.operator_name = "bok"}).error().code(), ErrorCode::C113);
  EXPECT_THAT(compare(manifest, manifest, {.operator_name = "book"})->states, SizeIs(5));
}

}  // namespace
}  // namespace tributary::testing_state
