// `tributary state` as it is called, over a small job's folder on the disk.
#include <functional>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/local_file_system.h"
#include "checkpoint/manifest/checkpoint_copy.h"
#include "checkpoint/manifest/manifest_blobs.h"
#include "runtime/api/command_line.h"
#include "runtime/cluster/job_folder.h"
#include "runtime/cluster/job_record.pb.h"
#include "runtime/graph/job_graph.h"
#include "tests/checkpoint/inspect/stored_job.h"

namespace tributary {
namespace {

using checkpoint::Manifest;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing_state::StoredJob;
using testing_state::TieredWorld;
using Json = nlohmann::ordered_json;

// What is written to a descriptor.
class Captured {
 public:
  Captured() : descriptor_(memfd_create("captured", MFD_CLOEXEC)) {}
  ~Captured() { close(descriptor_); }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;
  int descriptor() const { return descriptor_; }
  std::string text() const {
    std::string text(static_cast<std::size_t>(lseek(descriptor_, 0, SEEK_END)), '\0');
    EXPECT_EQ(pread(descriptor_, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return text;
  }

 private:
  const int descriptor_;
};

struct Ran {
  int exit = -1;
  std::string out;
  std::string err;
};

class StateCommands : public testing::Test {
 protected:
  explicit StateCommands(TieredWorld::Kind kind = TieredWorld::Kind::kRocksDb)
      : world_(kind),
        path_(parent_directory(world_.new_folder())),
        folder_(world_.files(), path_, random_),
        job_(world_) {
    (void)world_.files().make_directories(path_ + "/scratch");
  }

  Ran run(std::vector<std::string> arguments) {
    const Captured out;
    const Captured err;
    const SystemClock clock;
    const Surroundings surroundings{
        .files = world_.files(),
        .clock = clock,
        .random = random_,
        .environment = [this](const std::string& name) -> std::optional<std::string> {
          if (name == "TMPDIR") return path_ + "/scratch";
          return std::nullopt;
        },
        .program = {},
        .out = out.descriptor(),
        .err = err.descriptor()};
    arguments.insert(arguments.begin(), "state");
    const int exit = run_command_line(arguments, surroundings);
    // Nothing of it is left.
    EXPECT_THAT(*world_.files().list(path_ + "/scratch"), IsEmpty());
    return {exit, out.text(), err.text()};
  }

  // Writes a checkpoint's manifest and has the job's record name it.
  void commit(Manifest manifest) {
    graph::JobGraph graph;
    graph.set_format(graph::kJobGraphFormat);
    graph.set_name("costs");
    manifest.set_graph(graph::serialize(graph));
    const auto ref = folder_.manifests().write(manifest);
    ASSERT_TRUE(ref.has_value()) << ref.error().what();
    auto& completed = *record_.mutable_checkpoints()->add_completed();
    completed.set_id(manifest.checkpoint());
    *completed.mutable_manifest() = *ref;
    completed.set_lineage_low(2);
    completed.set_completed_micros(1'788'256'801'000'000);
    record_.set_phase(cluster::RUN);
    save();
  }
  void save() {
    const auto set = folder_.metadata().compare_and_set(JobFolder::kRecordKey, {version_++},
                                                        record_.SerializeAsString());
    ASSERT_TRUE(set.has_value() && set->stored);
  }
  void commit_two() {
    commit(testing_state::small_checkpoint(job_, 7));
    job_.set_account("acme", 1, {.owner = "changed"});
    job_.set_timer("acme", 1, Timestamp{77});
    commit(job_.checkpoint(8));
  }
  std::string read(const std::string& path) {
    return *world_.files().read_whole_file(path, 1 << 24);
  }
  void write(const std::string& path, std::string_view bytes) {
    const auto file = world_.files().create(path);
    ASSERT_TRUE((*file)->append(bytes).has_value());
    ASSERT_TRUE((*file)->close().has_value());
  }

  TieredWorld world_;
  SeededRandomSource random_{5};
  const std::string path_;
  JobFolder folder_;
  cluster::JobRecord record_;
  std::uint64_t version_ = 0;
  StoredJob job_;
};

TEST_F(StateCommands, ListNamesCheckpointsNewestFirst) {
  commit_two();
  const Ran ran = run({"list", path_});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("job is in phase RUN\n"));
  EXPECT_LT(ran.out.find(" 8  2026-09-01T10:00:01Z"), ran.out.find(" 7  2026-09-01T10:00:01Z"));
  EXPECT_THAT(ran.out, HasSubstr("retained"));
  const Ran json = run({"list", path_, "--json"});
  const Json first = Json::parse(json.out.substr(0, json.out.find('\n')));
  EXPECT_EQ(first["checkpoint"], 8);
  EXPECT_EQ(first["retained"], true);
  EXPECT_EQ(first["phase"], "RUN");
  EXPECT_EQ(first["lineage"], Hash128({0, 2}).to_hex());
  EXPECT_GT(first["bytes"], 1000);
}

TEST_F(StateCommands, ListShowsOnesThatAreBeingDeletedAndOnesThatCannotBeRead) {
  commit_two();
  auto& checkpoints = *record_.mutable_checkpoints();
  *checkpoints.add_condemned()->mutable_checkpoint() = checkpoints.completed(0);
  checkpoints.mutable_completed()->DeleteSubrange(0, 1);
  save();
  ASSERT_TRUE(folder_.manifests().remove("manifest-7-3-2").has_value());
  const Ran ran = run({"list", path_});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("being deleted"), HasSubstr("there is no file")));
}

TEST_F(StateCommands, DescribeTellsWhatACheckpointConsistsOf) {
  commit_two();
  const Ran ran = run({"describe", path_, "--checkpoint", "7"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("checkpoint 7 of job costs\n"));
  EXPECT_THAT(ran.out, HasSubstr("by engine 1.2.3, attempt 2"));
  EXPECT_THAT(ran.out, HasSubstr("stage book > ledger, 2 tasks"));
  EXPECT_THAT(ran.out, HasSubstr("book.accounts  value  6 keys, "));
  EXPECT_THAT(ran.out, HasSubstr("book.postings  map  5 keys, 6 elements, "));
  EXPECT_THAT(ran.out, HasSubstr("book.timers  timers  6 keys"));
  EXPECT_THAT(ran.out, HasSubstr("book.seen  value  1 keys"));
  EXPECT_THAT(ran.out, HasSubstr("expires after 1d"));
  EXPECT_THAT(ran.out, HasSubstr("key    AccountKey {tenant: Text, number: int32}"));
  EXPECT_THAT(ran.out, HasSubstr("charges keeps 26 bytes of its own in task 0"));
  EXPECT_THAT(ran.out, HasSubstr("source charges, 1 splits, all listed"));
  EXPECT_THAT(ran.out, HasSubstr("a.jsonl  at 700 of 4096, task 0"));
  EXPECT_THAT(ran.out, HasSubstr("gate before charges: open"));
  EXPECT_THAT(ran.out,
              HasSubstr("sink ledger, 2 writer numbers\n    writer 0, epoch 7: 1 records"));
}

TEST_F(StateCommands, DescribeIsJsonTooAndFastReadsNoState) {
  commit_two();
  const Json json = Json::parse(run({"describe", path_, "--json"}).out);
  EXPECT_EQ(json["checkpoint"], 8);
  EXPECT_EQ(json["job"], "costs");
  EXPECT_EQ(json["stages"][0]["states"][0]["keys"], 6);
  EXPECT_GT(json["stages"][0]["base_bytes"], 100);
  EXPECT_GT(json["stages"][0]["delta_bytes"], 100);
  // A blob of state that is not there is not missed.
  const Manifest manifest = *folder_.manifests().read_by_name("manifest-8-3-2");
  const auto& piece = manifest.tasks(0).keyed_state().layers(0).deltas(0).piece();
  ASSERT_TRUE(folder_.blobs().remove(piece.blob().name()).has_value());
  const Ran fast = run({"describe", path_, "--json", "--fast"});
  EXPECT_EQ(fast.exit, 0);
  EXPECT_FALSE(Json::parse(fast.out)["stages"][0]["states"][0].contains("keys"));
  const Ran whole = run({"describe", path_});
  EXPECT_EQ(whole.exit, 1);
  EXPECT_THAT(whole.err, HasSubstr(piece.blob().name()));
}

TEST_F(StateCommands, GetGivesTheStateOfOneKeyOfEveryKind) {
  commit_two();
  const Ran all = run({"get", path_, "book", "--key", R"({"tenant":"acme","number":1})"});
  EXPECT_EQ(all.exit, 0) << all.err;
  EXPECT_EQ(
      all.out,
      R"({"operator":"book","state":"accounts","key":{"tenant":"acme","number":1},"value":{"owner":"changed","balance":"0","limits":{}}})"
      "\n"
      R"({"operator":"book","state":"accounts","key":{"tenant":"acme","number":1},"namespace":"2026-09-01T10:00:00Z","value":{"owner":"within a window","balance":"0","limits":{}}})"
      "\n"
      R"({"operator":"book","state":"postings","key":{"tenant":"acme","number":1},"size":2,"elements":[{"key":"first","value":{"cents":1}},{"key":"second","value":{"cents":-5}}]})"
      "\n"
      R"({"operator":"book","key":{"tenant":"acme","number":1},"timer":"close","at":"1970-01-01T00:00:00.000077Z","clock":"event"})"
      "\n"
      R"({"operator":"book","key":{"tenant":"acme","number":1},"timer":"close","at":"1970-01-01T00:00:01Z","clock":"event"})"
      "\n");
  const Ran older = run({"get", path_, "book.accounts", "--checkpoint", "7", "--namespace", "0x",
                         "--key", R"({"tenant":"acme","number":1})"});
  EXPECT_THAT(older.out, AllOf(HasSubstr("a new owner of it"), Not(HasSubstr("window"))));
  const Ran list =
      run({"get", path_, "book.history", "--key", R"({"tenant":"globex","number":7})"});
  EXPECT_THAT(list.out,
              HasSubstr(R"("size":2,"elements":[{"key":0,"value":{"cents":10}},{"key":1)"));
  const Ran seen = run({"get", path_, "book.seen", "--key", R"({"tenant":"globex","number":7})"});
  EXPECT_THAT(seen.out, HasSubstr(R"("written":"-inf","value":{"cents":30}})"));
}

TEST_F(StateCommands, GetGivesOneElementOrTheFirstOfAMap) {
  commit_two();
  const std::vector<std::string> get = {"get", path_, "book.postings", "--key",
                                        R"({"tenant":"acme","number":1})"};
  auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), get.begin(), get.end());
    return run(more).out;
  };
  EXPECT_THAT(with({"--map-key", "second"}),
              HasSubstr(R"("map_key":"second","value":{"cents":-5}})"));
  EXPECT_THAT(with({"--limit", "1"}),
              HasSubstr(R"("elements":[{"key":"first","value":{"cents":1}}],"left_out":1})"));
}

TEST_F(StateCommands, GetSaysWhenThereIsNothing) {
  commit_two();
  const Ran ran = run({"get", path_, "book", "--key", R"({"tenant":"nobody","number":1})"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, HasSubstr("nothing under this key"));
  // Neither what was cleared.
  EXPECT_EQ(run({"get", path_, "book.accounts", "--key", R"({"tenant":"acme","number":2})"}).exit,
            1);
}

TEST_F(StateCommands, GetListsKeysUpToALimit) {
  commit_two();
  const Ran ran = run({"get", path_, "book.accounts", "--keys", "--limit", "4"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(std::ranges::count(ran.out, '\n'), 4);
  EXPECT_THAT(ran.out,
              HasSubstr(R"({"operator":"book","state":"accounts","key":{"tenant":"acme")"));
  EXPECT_THAT(ran.err, HasSubstr("and 2 more"));
}

TEST_F(StateCommands, GetRefusesWhatDoesNotExistAndWhatDoesNotFit) {
  commit_two();
  const auto refusal = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"get", path_});
    const Ran ran = run(more);
    EXPECT_EQ(ran.exit, 2);
    EXPECT_EQ(ran.out, "");
    return ran.err;
  };
  EXPECT_THAT(refusal({"bok", "--key", "1"}), HasSubstr("error C113 there is no operator"));
  EXPECT_THAT(refusal({"book.acounts", "--key", "1"}), HasSubstr("did you mean accounts?"));
  EXPECT_THAT(refusal({"book", "--key", "acme"}),
              HasSubstr("error C114 'acme': expected AccountKey {tenant: Text, number: int32}"));
  EXPECT_THAT(refusal({"book", "--key", R"({"tenant":"acme","number":1})", "--namespace", "noon"}),
              HasSubstr("error C114 'noon'"));
  EXPECT_THAT(refusal({"book"}), HasSubstr("error C105"));
  EXPECT_THAT(refusal({"book", "--keys", "--key", "x"}), HasSubstr("error C105"));
  EXPECT_THAT(refusal({"book", "--keys", "--checkpoint", "5"}),
              HasSubstr("error C112 there is no checkpoint 5"));
}

TEST_F(StateCommands, DiffShowsWhatLiesBetweenTwoCheckpoints) {
  commit_two();
  const Ran ran = run({"diff", path_ + "@7", path_});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("book.accounts: 0 added, 0 removed, 1 changed\n"));
  EXPECT_THAT(ran.out, HasSubstr(R"("change":"changed","before":{"owner":"a new owner of it")"));
  EXPECT_THAT(ran.out, HasSubstr("book.timers: 1 added, 0 removed, 0 changed\n"));
  EXPECT_THAT(ran.out, HasSubstr("source charges, split a.jsonl: 700 -> 800\n"));
  EXPECT_EQ(run({"diff", path_ + "@7", path_ + "@7"}).out, "no difference\n");
  const Ran few = run({"diff", path_ + "@7", path_ + "@8", "--limit", "0", "--json"});
  EXPECT_THAT(Json::parse(few.out)["states"][0]["entries"], IsEmpty());
  EXPECT_EQ(run({"diff", path_ + "@9", path_}).exit, 2);
  EXPECT_EQ(run({"diff", path_, path_, "--operator", "none"}).exit, 2);
}

TEST_F(StateCommands, VerifySaysThatAllIsWhole) {
  commit_two();
  const Ran one = run({"verify", path_});
  EXPECT_EQ(one.exit, 0) << one.out << one.err;
  EXPECT_THAT(one.out, AllOf(HasSubstr("checkpoint 8: whole"), Not(HasSubstr("checkpoint 7"))));
  const Ran all = run({"verify", path_, "--all"});
  EXPECT_EQ(all.exit, 0);
  EXPECT_THAT(all.out, AllOf(HasSubstr("checkpoint 8: whole"), HasSubstr("checkpoint 7: whole")));
  const Json json = Json::parse(run({"verify", path_, "--checkpoint", "7", "--json"}).out);
  EXPECT_EQ(json["whole"], true);
  EXPECT_EQ(run({"verify", path_, "--all", "--checkpoint", "7"}).exit, 2);
}

TEST_F(StateCommands, VerifyNamesADamagedBlobAndWhatIsLost) {
  commit_two();
  const Manifest manifest = *folder_.manifests().read_by_name("manifest-8-3-2");
  const std::string blob =
      manifest.tasks(1).keyed_state().layers(0).deltas(0).piece().blob().name();
  std::string bytes = read(path_ + "/blobs/" + blob);
  bytes[bytes.size() / 2] ^= 1;
  write(path_ + "/blobs/" + blob, bytes);
  const Ran ran = run({"verify", path_});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, HasSubstr("checkpoint 8: damaged\n  S411 blob " + blob));
  EXPECT_THAT(ran.out, HasSubstr("lost: state of book > ledger (task 1 of 2)"));
}

// Files in memory, for what never comes as far as opening a store.
class StateCommandsInMemory : public StateCommands {
 protected:
  StateCommandsInMemory() : StateCommands(TieredWorld::Kind::kModel) {}
};

// The manifest and the record: each byte, by the program as it is called.
TEST_F(StateCommandsInMemory,
       Rule46_VerifyFindsEachFlippedByteAndEachTruncationOfManifestAndRecord) {
  commit(testing_state::small_checkpoint(job_, 7));
  const std::string record = path_ + "/record/job/@00000000000000000001";
  for (const std::string& file : {path_ + "/manifests/manifest-7-3-2", record}) {
    const std::string good = read(file);
    const std::string name = file == record ? "@0000" : "manifest-7-3-2";
    const auto is_found = [&](std::string_view bad, std::size_t at) {
      write(file, bad);
      const Ran ran = run({"verify", path_});
      ASSERT_EQ(ran.exit, 1) << file << " at " << at;
      ASSERT_THAT(ran.out + ran.err, HasSubstr(name)) << file << " at " << at;
    };
    for (std::size_t at = 0; at < good.size(); ++at) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
      ASSERT_NO_FATAL_FAILURE(is_found(bad, at));
      ASSERT_NO_FATAL_FAILURE(is_found(good.substr(0, at), at));
    }
    write(file, good);
  }
  EXPECT_THAT(run({"describe", path_, "--fast"}).out, HasSubstr("checkpoint 7 of job costs"));
}

TEST_F(StateCommands, ASavepointIsReadAsACheckpointIs) {
  Manifest manifest = testing_state::small_checkpoint(job_, 7);
  const std::string savepoint = path_ + "/saved";
  ASSERT_TRUE(write_savepoint(world_.files(), random_, savepoint, folder_.blobs(), manifest, true)
                  .has_value());
  EXPECT_THAT(run({"list", savepoint}).out, AllOf(HasSubstr(" 7 "), HasSubstr("savepoint")));
  EXPECT_THAT(run({"describe", savepoint}).out,
              AllOf(HasSubstr("savepoint 7"), HasSubstr("output of it may not be out")));
  EXPECT_EQ(run({"verify", savepoint, "--all"}).exit, 0);
  EXPECT_EQ(run({"get", savepoint, "book", "--key", R"({"tenant":"acme","number":1})"}).exit, 0);
  job_.set_account("acme", 1, {.owner = "changed"});
  commit(job_.checkpoint(8));
  EXPECT_THAT(run({"diff", savepoint, path_}).out,
              HasSubstr("book.accounts: 0 added, 0 removed, 1"));
  ASSERT_TRUE(world_.files().remove(savepoint + "/manifest-7-3-2").has_value());
  EXPECT_THAT(run({"verify", savepoint}).err, HasSubstr("error C111"));
}

TEST_F(StateCommands, RefuseAFolderWithoutState) {
  for (const char* verb : {"list", "describe", "verify"}) {
    const Ran ran = run({verb, path_ + "/nothing"});
    EXPECT_EQ(ran.exit, 2);
    EXPECT_THAT(ran.err, HasSubstr("error C111 there is no checkpoint and no savepoint in"));
  }
  EXPECT_FALSE(*world_.files().exists(path_ + "/nothing"));
  // A job that has a record and no checkpoint yet.
  save();
  EXPECT_THAT(run({"list", path_}).err, HasSubstr("error C111"));
}

TEST_F(StateCommands, AreRefusedWithTheNearestOptionAndHaveHelp) {
  EXPECT_THAT(run({"list", path_, "--jsn"}).err, HasSubstr("did you mean --json?"));
  EXPECT_THAT(run({}).err, HasSubstr("error C105 state which verb? There are list, describe"));
  EXPECT_THAT(run({"lst", path_}).err, HasSubstr("unknown verb 'lst'; did you mean list?"));
  EXPECT_THAT(run({"get", "--help"}).out,
              AllOf(HasSubstr("--map-key"), HasSubstr("tributary state")));
}

}  // namespace
}  // namespace tributary
