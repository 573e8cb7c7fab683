#include "checkpoint/publish/file_connector.h"

#include <cerrno>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/memory_file_system.h"
#include "checkpoint/publish/file_epoch_writer.h"
#include "tests/checkpoint/publish/watched_file_system.h"

namespace tributary {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr WriterNumber kNumber{2};
constexpr OwnershipRound kOld{1, 1};
constexpr OwnershipRound kNew{2, 1};
constexpr Hash128 kLineage{1, 1};

class FileConnectorTest : public ::testing::Test {
 protected:
  FileConnectorTest() : disk_(std::make_shared<MemoryFileSystem>()) {
    EXPECT_TRUE(disk_->make_directories("sink"));
    EXPECT_TRUE(disk_->sync_directory(""));
  }
  FileConnector connector(std::shared_ptr<FileSystem> files = nullptr) {
    return {settings_, files == nullptr ? disk_ : files};
  }
  // A part of one file for each text, in folders "a", "b", …
  Part part(std::uint64_t sequence, const std::vector<std::string>& texts,
            OwnershipRound round = kOld) {
    Part made{.number = kNumber, .round = round};
    made.mark = {.uid = settings_.uid,
                 .lineage = kLineage,
                 .sequence = sequence,
                 .epoch = {sequence},
                 .progress = {{kLineage, {sequence}, true}}};
    FileEpochWriter writer(settings_, kNumber, {round.attempt, sequence, round.incarnation}, "txt",
                           disk_);
    for (std::size_t i = 0; i < texts.size(); ++i)
      EXPECT_TRUE(writer.append(std::string(1, static_cast<char>('a' + i)), texts[i]));
    const auto all = writer.end_epoch({sequence})->close();
    for (const EndedEpoch::Staged& staged : *all) {
      const auto bytes =
          std::make_shared<const std::string>(staged.path + '\0' + encode_staged_file(staged.file));
      made.segments.push_back(bytes);
      const std::string_view view = *bytes;
      made.records.push_back({.destination = view.substr(0, staged.path.size()),
                              .value = view.substr(staged.path.size() + 1)});
    }
    return made;
  }
  // What readers see: "a/part-2-1.txt=text".
  std::vector<std::string> seen() const {
    std::vector<std::string> found;
    const auto folders = disk_->list("sink");
    for (const DirectoryEntry& folder : *folders) {
      if (folder.name.starts_with("_")) continue;
      const auto files = disk_->list("sink/" + folder.name);
      for (const DirectoryEntry& file : *files) {
        const std::string name = folder.name + "/" + file.name;
        found.push_back(name + "=" + disk_->read_whole_file("sink/" + name, 1000).value());
      }
    }
    return found;
  }
  std::uint64_t marked(FileConnector& from) {
    const auto read = from.published({}, {});
    EXPECT_TRUE(read);
    const auto found = read->marks.find(kNumber);
    return found == read->marks.end() ? 0 : found->second.mark.sequence;
  }
  std::string control(const std::string& name) const {
    return FileConnector::writer_folder(settings_, kNumber) + "/" + name;
  }

  FileConnector::Settings settings_{
      .directory = "sink", .uid = {7, 7}, .sink = "out", .numbers = 3, .hazards = {}};
  std::shared_ptr<MemoryFileSystem> disk_;
};

TEST_F(FileConnectorTest, Rule12_FilesGetTheirNamesWhenTheyArePublishedAndNotBefore) {
  FileConnector files = connector();
  ASSERT_TRUE(files.fence(kNumber, kOld));
  const Part first = part(1, {"one", "two"});
  EXPECT_THAT(seen(), IsEmpty());
  ASSERT_TRUE(files.publish(first));
  EXPECT_THAT(seen(), ElementsAre("a/part-2-1.txt=one", "b/part-2-1.txt=two"));
  EXPECT_EQ(marked(files), 1U);
}

// A process that dies before its n-th change, for every n; then the next owner.
TEST_F(FileConnectorTest, Rule12_WhoeverDiesInTheMiddleTheNextOwnerFinishesItOnce) {
  for (int dies_at = 0;; ++dies_at) {
    SCOPED_TRACE(dies_at);
    disk_ = std::make_shared<MemoryFileSystem>();
    ASSERT_TRUE(disk_->make_directories("sink"));
    FileConnector first = connector();
    ASSERT_TRUE(first.fence(kNumber, kOld));
    const Part one = part(1, {"one", "two"});
    int left = dies_at;
    FileConnector dying = connector(
        std::make_shared<model::WatchedFileSystem>(disk_, [&left] { return left-- > 0; }));
    const auto published = dying.publish(one);
    // A reader takes what it sees.
    const std::size_t taken = seen().size();
    for (const char* name : {"sink/a/part-2-1.txt", "sink/b/part-2-1.txt"})
      (void)disk_->remove(name);

    FileConnector next = connector();
    ASSERT_TRUE(next.fence(kNumber, kNew));
    if (marked(next) == 0) {
      EXPECT_EQ(taken, 0U) << "nothing of it was begun";
      Part again = one;
      again.round = kNew;
      ASSERT_TRUE(next.publish(again));
    }
    EXPECT_EQ(taken + seen().size(), 2U) << "each file once";
    if (published) break;
    ASSERT_LT(dies_at, 100);
  }
}

TEST_F(FileConnectorTest, Rule12_AfterAPowerCutThePartIsOutWholeOrNotAtAllUntilItIsReplayed) {
  for (int dies_at = 0;; ++dies_at) {
    SCOPED_TRACE(dies_at);
    disk_ = std::make_shared<MemoryFileSystem>();
    ASSERT_TRUE(disk_->make_directories("sink"));
    ASSERT_TRUE(disk_->sync_directory(""));
    FileConnector first = connector();
    ASSERT_TRUE(first.fence(kNumber, kOld));
    const Part one = part(1, {"one", "two"});
    int left = dies_at;
    FileConnector dying = connector(
        std::make_shared<model::WatchedFileSystem>(disk_, [&left] { return left-- > 0; }));
    const auto published = dying.publish(one);
    disk_->drop_unsynced();
    FileConnector next = connector();
    ASSERT_TRUE(next.fence(kNumber, kNew));
    if (marked(next) == 0) {
      Part again = one;
      again.round = kNew;
      ASSERT_TRUE(next.publish(again));
    }
    EXPECT_THAT(seen(), ElementsAre("a/part-2-1.txt=one", "b/part-2-1.txt=two"));
    if (published) break;
    ASSERT_LT(dies_at, 100);
  }
}

TEST_F(FileConnectorTest, Rule12_AFileThatAReaderTookAwayDoesNotComeAgain) {
  FileConnector files = connector();
  ASSERT_TRUE(files.fence(kNumber, kOld));
  ASSERT_TRUE(files.publish(part(1, {"one"})));
  ASSERT_TRUE(disk_->remove("sink/a/part-2-1.txt"));
  FileConnector next = connector();
  ASSERT_TRUE(next.fence(kNumber, kNew));
  EXPECT_EQ(marked(next), 1U) << "the mark is not in the readers' folder";
  EXPECT_THAT(seen(), IsEmpty());
}

TEST_F(FileConnectorTest, Rule12_TemporaryNamesHoldTheAttemptAndNobodyWritesToAnothers) {
  FileEpochWriter old_writer(settings_, kNumber, kOld, "txt", disk_);
  FileEpochWriter new_writer(settings_, kNumber, kNew, "txt", disk_);
  ASSERT_TRUE(old_writer.append("a", "zombie"));
  ASSERT_TRUE(new_writer.append("a", "owner"));
  const auto staged = new_writer.end_epoch({5})->close();
  ASSERT_TRUE(old_writer.append("a", "zombie"));
  ASSERT_TRUE(old_writer.end_epoch({5})->close());
  EXPECT_EQ(disk_->read_whole_file(staged->at(0).file.temporary, 100).value(), "owner");
}

TEST_F(FileConnectorTest, Rule12_WhoIsNoLongerTheOwnerIsFenced) {
  FileConnector files = connector();
  ASSERT_TRUE(files.fence(kNumber, kOld));
  const Part one = part(1, {"one"});
  ASSERT_TRUE(files.fence(kNumber, kNew));
  EXPECT_EQ(files.publish(one).error().failure, PublishFailure::kFenced);
  EXPECT_EQ(files.fence(kNumber, kOld).error().failure, PublishFailure::kFenced);
  EXPECT_THAT(seen(), IsEmpty());
}

// Two runs from copies of one state folder count their attempts alike.
TEST_F(FileConnectorTest, Rule11_OfTwoRunsThatCountAlikeTheFirstIsTheOwner) {
  constexpr OwnershipRound kFirst{2, 1, 0xa};
  constexpr OwnershipRound kSecond{2, 1, 0xb};
  FileConnector files = connector();
  FileConnector copy = connector();
  ASSERT_TRUE(files.fence(kNumber, kOld));
  ASSERT_TRUE(files.fence(kNumber, kFirst));
  const auto fenced = copy.fence(kNumber, kSecond);
  ASSERT_FALSE(fenced);
  EXPECT_EQ(fenced.error().failure, PublishFailure::kFenced);
  EXPECT_THAT(fenced.error().error.what(), HasSubstr("attempt 2 of another run"));
  EXPECT_EQ(copy.publish(part(1, {"two"}, kSecond)).error().failure, PublishFailure::kFenced);
  ASSERT_TRUE(files.fence(kNumber, kFirst)) << "as often as it likes";
  ASSERT_TRUE(files.publish(part(1, {"one"}, kFirst)));
  EXPECT_THAT(seen(), ElementsAre("a/part-2-1.txt=one"));
  // The next attempt of either takes over.
  ASSERT_TRUE(copy.fence(kNumber, {3, 1, 0xc}));
  EXPECT_EQ(files.fence(kNumber, kFirst).error().failure, PublishFailure::kFenced);
  EXPECT_EQ(files.publish(part(2, {"one"}, kFirst)).error().failure, PublishFailure::kFenced);
}

TEST_F(FileConnectorTest, Rule11_OfTwoRunsThatFenceAtOnceOneIsTheOwner) {
  constexpr OwnershipRound kFirst{2, 1, 0xa};
  constexpr OwnershipRound kSecond{2, 1, 0xb};
  // The second one fences between any two changes of the first.
  for (int at = 0; at < 12; ++at) {
    disk_ = std::make_shared<MemoryFileSystem>();
    ASSERT_TRUE(disk_->make_directories("sink"));
    FileConnector other = connector();
    std::optional<bool> other_owns;
    int left = at;
    FileConnector files = connector(std::make_shared<model::WatchedFileSystem>(disk_, [&] {
      if (left-- == 0) other_owns = other.fence(kNumber, kSecond).has_value();
      return true;
    }));
    const bool owns = files.fence(kNumber, kFirst).has_value();
    if (!other_owns) other_owns = other.fence(kNumber, kSecond).has_value();
    EXPECT_NE(owns, *other_owns) << at;
    EXPECT_EQ(files.publish(part(1, {"one"}, kFirst)).has_value(), owns) << at;
    EXPECT_EQ(other.publish(part(1, {"two"}, kSecond)).has_value(), *other_owns) << at;
  }
}

TEST_F(FileConnectorTest, Rule12_RunsThatCountAlikeStageUnderNamesOfTheirOwn) {
  FileEpochWriter one(settings_, kNumber, {2, 1, 0xa}, "txt", disk_);
  FileEpochWriter two(settings_, kNumber, {2, 1, 0xb}, "txt", disk_);
  ASSERT_TRUE(one.append("a", "one"));
  const auto staged = one.end_epoch({5})->close();
  ASSERT_TRUE(two.append("a", "two"));
  ASSERT_TRUE(two.end_epoch({5})->close());
  EXPECT_EQ(disk_->read_whole_file(staged->at(0).file.temporary, 100).value(), "one");
}

TEST(RoundNameTest, IsReadBack) {
  for (const OwnershipRound round :
       {OwnershipRound{3, 1, 0}, {3, 1, 0xc0ffee}, {1, ~0ULL, ~0ULL}, {0, 0, 1}}) {
    EXPECT_EQ(round_of_name(round_name(round)), round) << round_name(round);
  }
  EXPECT_EQ(round_name({3, 1, 0xc0ffee}), "3-1-0000000000c0ffee");
  EXPECT_EQ(round_of_name("3-1"), (OwnershipRound{3, 1}));
  for (const char* other : {"", "3", "3-", "-1", "3-1-", "3-1-7", "3-1-00000000000000zz",
                            "3-1-0000000000c0ffee-1", "3-1.by-3-1-0000000000c0ffee", "a-b"})
    EXPECT_FALSE(round_of_name(other)) << other;
}

TEST_F(FileConnectorTest, Rule12_OfTwoPartsOfOneSequenceOneCounts) {
  FileConnector files = connector();
  ASSERT_TRUE(files.fence(kNumber, kOld));
  Part zombies = part(1, {"one"});
  // The zombie has written its intent and falls asleep.
  int left = 4;
  FileConnector dying =
      connector(std::make_shared<model::WatchedFileSystem>(disk_, [&left] { return left-- > 0; }));
  EXPECT_FALSE(dying.publish(zombies));
  ASSERT_TRUE(disk_->exists(control("1.intent")).value());
  ASSERT_TRUE(files.fence(kNumber, kNew));
  const Part other = part(1, {"one", "two"}, kNew);
  EXPECT_EQ(files.publish(other).error().failure, PublishFailure::kFatal)
      << "read the marks: that replays it";
  EXPECT_EQ(marked(files), 1U);
  EXPECT_THAT(seen(), ElementsAre("a/part-2-1.txt=one"));
}

TEST_F(FileConnectorTest, Rule12_OnlyTheNewestDoneIsKept) {
  FileConnector files = connector();
  ASSERT_TRUE(files.fence(kNumber, kOld));
  for (std::uint64_t sequence = 1; sequence <= 11; ++sequence)
    ASSERT_TRUE(files.publish(part(sequence, {"x"})));
  EXPECT_EQ(marked(files), 11U);
  EXPECT_FALSE(disk_->exists(control("10.done")).value());
  EXPECT_FALSE(disk_->exists(control("11.intent")).value());
}

TEST_F(FileConnectorTest, Rule14_AFinalNameThatIsTakenIsRefusedBeforeAnythingIsRenamed) {
  FileConnector files = connector();
  ASSERT_TRUE(files.fence(kNumber, kOld));
  const Part one = part(1, {"one", "two"});
  ASSERT_TRUE(disk_->make_directories("sink/b"));
  ASSERT_TRUE((*disk_->create("sink/b/part-2-1.txt"))->close());
  const auto refused = files.publish(one);
  EXPECT_EQ(refused.error().failure, PublishFailure::kRefused);
  EXPECT_EQ(refused.error().error.code(), ErrorCode::S478);
  EXPECT_THAT(seen(), ElementsAre("b/part-2-1.txt="));
  ASSERT_TRUE(disk_->remove("sink/b/part-2-1.txt"));
  EXPECT_TRUE(files.publish(one)) << "sink retry";
}

TEST_F(FileConnectorTest, AStagedFileThatWasChangedIsRefused) {
  FileConnector files = connector();
  ASSERT_TRUE(files.fence(kNumber, kOld));
  const Part one = part(1, {"one"});
  const auto staged = decode_staged_file(*one.records[0].value);
  ASSERT_TRUE(disk_->truncate(staged->temporary, 1));
  EXPECT_EQ(files.publish(one).error().error.code(), ErrorCode::S473);
}

TEST_F(FileConnectorTest, Rule12_AStagedFileThatIsGoneWithoutAnIntentIsLostAndNotOut) {
  FileConnector files = connector();
  ASSERT_TRUE(files.fence(kNumber, kOld));
  const Part one = part(1, {"one"});
  const auto staged = decode_staged_file(*one.records[0].value);
  ASSERT_TRUE(disk_->remove(staged->temporary));
  const auto refused = files.publish(one);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().failure, PublishFailure::kRefused);
  EXPECT_EQ(marked(files), 0U);
}

TEST_F(FileConnectorTest, AMarkThatWasChangedIsRefused) {
  FileConnector files = connector();
  ASSERT_TRUE(files.fence(kNumber, kOld));
  ASSERT_TRUE(files.publish(part(1, {"one"})));
  ASSERT_TRUE(disk_->truncate(control("1.done"), 20));
  const auto read = files.published({}, {});
  EXPECT_EQ(read.error().failure, PublishFailure::kRefused);
  EXPECT_EQ(read.error().error.code(), ErrorCode::S472);
}

TEST_F(FileConnectorTest, AFullDiskBeforeTheIntentLeavesNothingAndAfterItIsUnknown) {
  FileConnector files = connector();
  ASSERT_TRUE(files.fence(kNumber, kOld));
  const Part one = part(1, {"one"});
  disk_->inject_error("sink/a/part-2-1.txt", FileOperation::kWrite, ENOSPC);
  EXPECT_EQ(files.publish(one).error().failure, PublishFailure::kFatal);
  disk_->clear_faults();
  EXPECT_EQ(marked(files), 1U) << "its intent is replayed";
  EXPECT_THAT(seen(), ElementsAre("a/part-2-1.txt=one"));
}

TEST(FileIntentTest, ComesBackFromItsBytesAndFromNothingElse) {
  FileIntent intent;
  intent.mark.sequence = 4;
  intent.renames = {{{"tmp/1", 5, {1, 2}}, "final"}, {{"tmp/2", 0, {}}, "other"}};
  const std::string bytes = encode_intent(intent);
  EXPECT_EQ(decode_intent(bytes).value(), intent);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    EXPECT_FALSE(decode_intent(bytes.substr(0, at))) << at;
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    EXPECT_FALSE(decode_intent(flipped)) << at;
  }
  EXPECT_EQ(decode_done(encode_done(intent.mark)).value(), intent.mark);
  EXPECT_FALSE(decode_done(bytes));
}

}  // namespace
}  // namespace tributary
