// The file sink in a job with checkpoints: FileSink, StagedSink, FileConnector and the
// coordinator's part together, over files in memory.
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/local_file_system.h"
#include "base/memory_file_system.h"
#include "operators/connectors/file_sink.h"
#include "operators/connectors/file_source.h"
#include "tests/operators/connectors/fake_engine.h"
#include "tests/operators/connectors/sample.h"
#include "tests/runtime/exec/sink_world.h"

namespace tributary {
namespace {

using sample::read_file;
using sample::Sale;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::SinkWorld;
using ::testing::SizeIs;

class StagedContext final : public fake::Context {
 public:
  explicit StagedContext(StagedOutput& output) : output_(output) {}
  std::uint32_t parallelism() const override { return 1; }
  StagedOutput* staged_output() override { return &output_; }
  const Clock& clock() const override { return *time; }
  void wake_at(Timestamp at) override { wake = at; }

  const Clock* time = nullptr;
  std::optional<Timestamp> wake;

 private:
  StagedOutput& output_;
};

std::string line(std::string_view tenant, int number) {
  return fmt::format(R"({{"tenant":"{}","number":{},"price":"1"}})", tenant, number) + "\n";
}

class StagedFileSinkTest : public ::testing::Test {
 protected:
  // One attempt of the job: the sink's operator and its machinery.
  struct Run {
    std::unique_ptr<SinkWorld::Attempt> attempt;
    std::unique_ptr<StagedContext> context;
    std::unique_ptr<FileSink> sink;

    StagedSink& staged() { return attempt->sink; }
    void barrier(std::uint64_t epoch) {
      staged().on_barrier({epoch});
      sink->snapshot({epoch});
    }
    // A checkpoint from its barrier to its output.
    void checkpoint(std::uint64_t epoch) {
      barrier(epoch);
      attempt->settle();
      ASSERT_TRUE(attempt->complete(epoch));
      attempt->settle();
    }
  };
  Run start(std::vector<std::string> partition_by = {},
            FileFormat format = FileFormat::kJsonLines) {
    const SinkIdentity identity{SinkWorld::kUid, "out", 1};
    Run run;
    run.attempt = world.start(
        std::make_shared<FileConnector>(FileSink::connector_settings("out", identity), files));
    run.attempt->settle();
    run.context = std::make_unique<StagedContext>(run.staged());
    run.context->time = &world.clock;
    run.sink = std::make_unique<FileSink>(FileSinkOptions{.directory = "out",
                                                          .format = format,
                                                          .partition_by = std::move(partition_by),
                                                          .type = &type_info<Sale>(),
                                                          .files = files});
    EXPECT_TRUE(run.sink->open(*run.context));
    return run;
  }
  std::uint32_t put(Run& to, std::string_view tenant, std::int64_t number,
                    Operation operation = Operation::kInsert) {
    BatchPtr batch = to.context->pool().take(type_info<Sale>());
    *static_cast<Sale*>(batch->append({}, 0, operation)) = {.tenant = Text(tenant, batch->arena()),
                                                            .number = number,
                                                            .price = {Amount::kOne},
                                                            .note = {}};
    fake::Output out{to.context->batches};
    return to.sink->process(0, batch, 0, out);
  }
  // What readers find, below "out": names that begin with "_" are not theirs.
  std::vector<std::string> visible(const std::string& folder = "out") {
    std::vector<std::string> found;
    const auto entries = files->list(folder);
    for (const DirectoryEntry& entry : *entries) {
      if (entry.name.starts_with("_")) continue;
      const std::string path = folder + "/" + entry.name;
      if (entry.kind == FileKind::kDirectory) {
        for (std::string& below : visible(path)) found.push_back(std::move(below));
      } else {
        found.push_back(path.substr(4));
      }
    }
    return found;
  }
  std::string read(const std::string& name) { return read_file(*files, "out/" + name); }
  std::string staging() const { return "out/_tributary/" + SinkWorld::kUid.to_hex() + "/out/0/"; }
  // Names of the rounds that have temporary files.
  std::vector<std::string> staged_rounds() {
    std::vector<std::string> names;
    if (!*files->exists(staging() + "staged")) return names;
    const auto rounds = files->list(staging() + "staged");
    for (const DirectoryEntry& entry : *rounds) names.push_back(entry.name);
    return names;
  }
  void wait(Run& run, Duration time) {
    world.clock.advance(time);
    fake::Output out{run.context->batches};
    if (run.context->wake && *run.context->wake <= world.clock.now()) {
      run.context->wake.reset();
      run.sink->on_processing_time(world.clock.now(), out);
    }
    run.staged().tick();
    run.attempt->settle();
  }

  std::shared_ptr<MemoryFileSystem> files = std::make_shared<MemoryFileSystem>();
  SinkWorld world;
};

TEST_F(StagedFileSinkTest, AFileIsVisibleWholeWhenItsCheckpointIsCompleteAndNotBefore) {
  Run run = start();
  put(run, "acme", 1);
  put(run, "acme", 2);
  ASSERT_TRUE(run.sink->flush());
  EXPECT_THAT(visible(), IsEmpty());
  run.barrier(1);
  put(run, "acme", 3);
  run.attempt->settle();
  EXPECT_THAT(visible(), IsEmpty());
  ASSERT_TRUE(run.attempt->complete(1));
  run.attempt->settle();
  EXPECT_THAT(visible(), ElementsAre("part-0-1.jsonl"));
  EXPECT_EQ(read("part-0-1.jsonl"), line("acme", 1) + line("acme", 2));
  run.checkpoint(2);
  EXPECT_THAT(visible(), ElementsAre("part-0-1.jsonl", "part-0-2.jsonl"));
  EXPECT_EQ(read("part-0-2.jsonl"), line("acme", 3));
}

TEST_F(StagedFileSinkTest, AnEpochWithoutRecordsHasNoFile) {
  Run run = start();
  run.checkpoint(1);
  EXPECT_THAT(visible(), IsEmpty());
  put(run, "acme", 1);
  run.checkpoint(2);
  run.checkpoint(3);
  EXPECT_THAT(visible(), ElementsAre("part-0-2.jsonl"));
}

TEST_F(StagedFileSinkTest, Rule10_WhatAnAbortedCheckpointStagedComesWithTheNextOne) {
  Run run = start();
  put(run, "acme", 1);
  run.barrier(1);
  run.attempt->settle();
  put(run, "acme", 2);
  run.checkpoint(2);
  EXPECT_THAT(visible(), ElementsAre("part-0-1.jsonl", "part-0-2.jsonl"));
  EXPECT_EQ(read("part-0-1.jsonl"), line("acme", 1));
  EXPECT_EQ(read("part-0-2.jsonl"), line("acme", 2));
}

TEST_F(StagedFileSinkTest, EpochsThatCloseOutOfOrderAreStagedInOrder) {
  // The pool runs what waits in an order by seed: among these attempts are both orders.
  for (int round = 0; round < 8; ++round) {
    Run run = start();
    const auto first = static_cast<std::uint64_t>(10 * round + 1);
    put(run, "acme", 1);
    run.barrier(first);
    put(run, "acme", 2);
    run.barrier(first + 1);
    put(run, "acme", 3);
    EXPECT_GE(run.attempt->pool.waiting(), 2U);
    // One at a time, so that one answer comes before the other work is done.
    while (run.attempt->pool.run_one()) run.attempt->deliver();
    run.attempt->settle();
    const auto snapshot = run.staged().take_snapshot({first + 1});
    ASSERT_TRUE(snapshot);
    ASSERT_EQ(snapshot->writers(0).units_size(), 2);
    EXPECT_EQ(snapshot->writers(0).units(0).epoch(), first);
    EXPECT_EQ(snapshot->writers(0).units(1).epoch(), first + 1);
    run.checkpoint(first + 2);
    for (std::uint64_t i = 0; i < 3; ++i) {
      EXPECT_EQ(read(fmt::format("part-0-{}.jsonl", first + i)),
                line("acme", static_cast<int>(i) + 1));
    }
  }
}

TEST_F(StagedFileSinkTest, EachFileOfCsvBeginsWithItsHeader) {
  Run run = start({}, FileFormat::kCsv);
  put(run, "acme", 1);
  run.checkpoint(1);
  put(run, "acme", 2);
  run.checkpoint(2);
  EXPECT_EQ(read("part-0-1.csv"), "tenant,number,price,note\nacme,1,1,\n");
  EXPECT_EQ(read("part-0-2.csv"), "tenant,number,price,note\nacme,2,1,\n");
}

TEST_F(StagedFileSinkTest, GivesEachValueItsFolderAndMarksDeletes) {
  Run run = start({"tenant"});
  put(run, "acme", 1);
  put(run, "globex", 1);
  put(run, "acme", 1, Operation::kDelete);
  run.checkpoint(1);
  EXPECT_THAT(visible(), ElementsAre("tenant=acme/part-0-1.jsonl", "tenant=globex/part-0-1.jsonl"));
  EXPECT_THAT(read("tenant=acme/part-0-1.jsonl"), HasSubstr(R"("_deleted":true)"));
  EXPECT_EQ(read("tenant=globex/part-0-1.jsonl"), line("globex", 1));
}

TEST_F(StagedFileSinkTest, WritesMorePartitionsThanItKeepsOpen) {
  Run run = start({"tenant"});
  const int tenants = 2 * static_cast<int>(PartFiles::kOpenFilesMax);
  const std::string large(PartFiles::kBufferBytes / 2, 'x');
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < tenants; ++i) put(run, large + std::to_string(i), round);
  }
  run.checkpoint(1);
  std::size_t bytes = 0;
  for (const std::string& path : visible()) bytes += files->stat("out/" + path)->size;
  std::size_t expected = 0;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < tenants; ++i) expected += line(large + std::to_string(i), round).size();
  }
  EXPECT_THAT(visible(), SizeIs(tenants));
  EXPECT_EQ(bytes, expected);
}

TEST_F(StagedFileSinkTest, Rule12_AfterACrashWhatWasCompleteComesOutOnceAndTheRestNever) {
  // The process dies after each number of the pool's works; its files stay.
  for (std::uint64_t works = 0;; ++works) {
    files = std::make_shared<MemoryFileSystem>();
    world.snapshot.reset();
    world.record.reset();
    world.restored = {};
    Run run = start();
    put(run, "acme", 1);
    run.barrier(1);
    run.attempt->settle();
    ASSERT_TRUE(run.attempt->complete(1));
    put(run, "acme", 2);
    run.barrier(2);
    std::uint64_t done = 0;
    while (done < works && run.attempt->pool.run_one()) {
      ++done;
      run.attempt->deliver();
    }
    const bool all = done < works;
    run = {};
    Run next = start();
    EXPECT_THAT(visible(), ElementsAre("part-0-1.jsonl")) << "after " << works;
    // A reader takes it away.
    EXPECT_EQ(read("part-0-1.jsonl"), line("acme", 1));
    ASSERT_TRUE(files->remove("out/part-0-1.jsonl"));
    put(next, "acme", 3);
    next.checkpoint(3);
    EXPECT_THAT(visible(), ElementsAre("part-0-3.jsonl")) << "after " << works;
    EXPECT_EQ(read("part-0-3.jsonl"), line("acme", 3));
    if (all) break;
  }
}

TEST_F(StagedFileSinkTest, Rule12_APowerCutAfterTheCheckpointTakesNothing) {
  ASSERT_TRUE(files->make_directories("out"));
  ASSERT_TRUE(files->sync_directory(""));
  Run run = start({"tenant"});
  put(run, "acme", 1);
  put(run, "globex", 2);
  run.barrier(1);
  run.attempt->settle();
  ASSERT_TRUE(run.attempt->complete(1));
  files->drop_unsynced();
  run = {};
  Run next = start({"tenant"});
  EXPECT_EQ(read("tenant=acme/part-0-1.jsonl"), line("acme", 1));
  EXPECT_EQ(read("tenant=globex/part-0-1.jsonl"), line("globex", 2));
}

TEST_F(StagedFileSinkTest, Rule12_AZombieOfAnEarlierRoundCannotPublish) {
  Run zombie = start();
  put(zombie, "acme", 1);
  zombie.barrier(1);
  zombie.attempt->settle();
  Run next = start();
  put(next, "acme", 1);
  zombie.attempt->carry_out(zombie.attempt->coordinator.step(EpochCompleted{{1}}));
  zombie.staged().tick();
  zombie.attempt->pool.run_all();
  zombie.attempt->io.poll();
  EXPECT_THAT(visible(), IsEmpty());
  next.checkpoint(2);
  EXPECT_THAT(visible(), ElementsAre("part-0-2.jsonl"));
  // What it still writes is its own, though its files were swept.
  put(zombie, "acme", 9);
  zombie.barrier(3);
  zombie.attempt->pool.run_all();
  zombie.attempt->io.poll();
  EXPECT_THAT(visible(), ElementsAre("part-0-2.jsonl"));
}

TEST_F(StagedFileSinkTest, SweepsWhatDeadAttemptsLeftWhenAllTheyStagedIsOut) {
  Run dead = start();
  put(dead, "acme", 1);
  dead.barrier(1);
  dead.attempt->settle();
  // Epoch 1 cannot be published at first: its file must stay.
  files->inject_error("out/part-0-1.jsonl", FileOperation::kWrite, EIO);
  ASSERT_TRUE(dead.attempt->complete(1));
  put(dead, "acme", 2);
  dead.barrier(2);
  dead.attempt->pool.run_all();
  dead = {};
  EXPECT_THAT(staged_rounds(), ElementsAre(round_name({1, 1})));
  Run next = start();
  put(next, "acme", 3);
  next.barrier(3);
  next.attempt->settle();
  EXPECT_THAT(staged_rounds(), ElementsAre(round_name({1, 1}), round_name({2, 1})));
  EXPECT_THAT(visible(), IsEmpty());
  files->clear_faults();
  for (int i = 0; i < 10; ++i) next.attempt->tick(kNanosPerSecond);
  EXPECT_THAT(visible(), ElementsAre("part-0-1.jsonl"));
  next.checkpoint(4);
  EXPECT_THAT(visible(), ElementsAre("part-0-1.jsonl", "part-0-3.jsonl"));
  EXPECT_THAT(staged_rounds(), ElementsAre(round_name({2, 1})));
  EXPECT_THAT(*files->list(staging() + "staged/2-1-0000000000000000"), IsEmpty())
      << "what is out left nothing";
}

TEST_F(StagedFileSinkTest, AFullDiskHoldsTheSinkUntilThereIsRoom) {
  Run run = start();
  put(run, "acme", 0);
  run.checkpoint(1);
  files->inject_error(staging() + "staged/1-1-0000000000000000/1/0", FileOperation::kWrite, ENOSPC);
  // The lines gather in memory first.
  int taken = 1;
  while (run.staged().held() == nullptr) {
    ASSERT_EQ(put(run, "acme", taken), 1U);
    ++taken;
    ASSERT_LT(taken, 100'000);
  }
  EXPECT_THAT(run.staged().held()->what(), HasSubstr("No space left"));
  EXPECT_EQ(run.context->counters["write_failures"], 1);
  EXPECT_EQ(put(run, "acme", taken), 0U) << "not taken";
  ASSERT_TRUE(run.context->wake);
  wait(run, seconds(2));
  EXPECT_EQ(put(run, "acme", taken), 0U) << "still full";
  files->clear_faults();
  wait(run, seconds(2));
  EXPECT_EQ(run.staged().held(), nullptr);
  EXPECT_EQ(put(run, "acme", taken), 1U);
  run.checkpoint(2);
  std::string expected;
  for (int i = 1; i <= taken; ++i) expected += line("acme", i);
  EXPECT_EQ(read("part-0-2.jsonl"), expected) << "nothing lost, nothing twice";
  EXPECT_FALSE(run.staged().failure());
}

TEST_F(StagedFileSinkTest, AFullDiskAtTheBarrierFailsTheCheckpointAndTheNextHoldsEverything) {
  Run run = start();
  put(run, "acme", 1);
  files->inject_error(staging() + "staged/1-1-0000000000000000/0/0", FileOperation::kWrite, ENOSPC);
  run.barrier(1);
  run.attempt->settle();
  EXPECT_FALSE(run.staged().take_snapshot({1}));
  ASSERT_NE(run.staged().held(), nullptr);
  EXPECT_FALSE(run.staged().failure());
  EXPECT_EQ(put(run, "acme", 2), 0U);
  // The next checkpoint tries again, and so does the time.
  run.barrier(2);
  run.attempt->settle();
  EXPECT_FALSE(run.staged().take_snapshot({2}));
  EXPECT_EQ(put(run, "acme", 2), 0U);
  files->clear_faults();
  wait(run, seconds(2));
  EXPECT_EQ(run.staged().held(), nullptr);
  EXPECT_TRUE(run.attempt->complete(2)) << "late, but there";
  EXPECT_EQ(put(run, "acme", 2), 1U);
  run.checkpoint(3);
  EXPECT_THAT(visible(), ElementsAre("part-0-1.jsonl", "part-0-3.jsonl"));
  EXPECT_EQ(read("part-0-1.jsonl"), line("acme", 1));
  EXPECT_EQ(read("part-0-3.jsonl"), line("acme", 2));
}

TEST_F(StagedFileSinkTest, AFinishedTaskTriesAgainAtTheNextBarrier) {
  Run run = start();
  put(run, "acme", 1);
  fake::Output out{run.context->batches};
  ASSERT_EQ(run.sink->on_end(out), Progress::kDone);
  ASSERT_TRUE(run.sink->flush());
  ASSERT_TRUE(run.sink->close(true));
  files->inject_error(staging() + "staged/1-1-0000000000000000/0/0", FileOperation::kWrite, EIO);
  run.barrier(1);
  run.attempt->settle();
  EXPECT_FALSE(run.staged().take_snapshot({1}));
  files->clear_faults();
  run.checkpoint(2);
  EXPECT_THAT(visible(), ElementsAre("part-0-1.jsonl"));
  EXPECT_EQ(read("part-0-1.jsonl"), line("acme", 1));
}

TEST_F(StagedFileSinkTest, AFailedSyncFailsTheTaskBecauseNobodyKnowsWhatTheFileHolds) {
  Run run = start();
  put(run, "acme", 1);
  files->inject_error(staging() + "staged/1-1-0000000000000000/0/0", FileOperation::kSync, EIO);
  run.barrier(1);
  run.attempt->settle();
  ASSERT_TRUE(run.staged().failure());
  EXPECT_THAT(run.staged().failure()->what(), HasSubstr("epoch 1"));
  files->clear_faults();
  run.barrier(2);
  run.attempt->settle();
  EXPECT_FALSE(run.staged().take_snapshot({2}));
  EXPECT_THAT(visible(), IsEmpty());
}

TEST_F(StagedFileSinkTest, AFileOfAnotherWriterInThePlaceIsRefusedAndNotTouched) {
  sample::write_file(*files, "out/part-0-1.jsonl", "precious\n");
  Run run = start();
  put(run, "acme", 1);
  run.checkpoint(1);
  EXPECT_EQ(read("part-0-1.jsonl"), "precious\n");
  ASSERT_EQ(run.attempt->coordinator.blocked().size(), 1U);
  EXPECT_EQ(run.attempt->coordinator.blocked().begin()->second.error.code(), ErrorCode::S478);
  EXPECT_TRUE(run.staged().input_stopped());
}

TEST(StagedFileSinkOnDiskTest, WhatIsPublishedIsReadBackAndNothingElse) {
  std::string folder = std::filesystem::temp_directory_path() / "tributary-staged-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const auto disk = std::make_shared<LocalFileSystem>();
  const std::string out = folder + "/out";
  SinkWorld world;
  const auto attempt = world.start(std::make_shared<FileConnector>(
      FileSink::connector_settings(out, {SinkWorld::kUid, "out", 1}), disk));
  attempt->settle();
  StagedContext context(attempt->sink);
  context.time = &world.clock;
  FileSink sink({.directory = out,
                 .format = FileFormat::kJsonLines,
                 .partition_by = {},
                 .type = &type_info<Sale>(),
                 .files = disk});
  ASSERT_TRUE(sink.open(context));
  fake::Output output{context.batches};
  int number = 0;
  for (std::uint64_t epoch = 1; epoch <= 3; ++epoch) {
    for (int i = 0; i < 5'000; ++i) {
      BatchPtr batch = context.pool().take(type_info<Sale>());
      *static_cast<Sale*>(batch->append({})) = {
          .tenant = "acme", .number = number++, .price = {Amount::kOne * 3 / 2}, .note = {}};
      ASSERT_EQ(sink.process(0, batch, 0, output), 1U);
    }
    attempt->sink.on_barrier({epoch});
    sink.snapshot({epoch});
    attempt->settle();
    // The third checkpoint is not complete.
    ASSERT_TRUE(epoch == 3 || attempt->complete(epoch));
    attempt->settle();
  }
  FileLister lister({.path = out, .type = &type_info<Sale>(), .files = disk});
  const auto listed = lister.list();
  ASSERT_TRUE(listed) << listed.error().what();
  EXPECT_THAT(*listed, SizeIs(2));
  EXPECT_EQ(read_file(*disk, out + "/part-0-1.jsonl"), sample::sales(0, 5'000));
  EXPECT_EQ(read_file(*disk, out + "/part-0-2.jsonl"), sample::sales(5'000, 10'000));
  EXPECT_TRUE(disk->remove_tree(folder));
}

}  // namespace
}  // namespace tributary
