// What every metadata store must do, and what the one on files must do besides.
#include "checkpoint/metadata_store.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/local_file_system.h"
#include "base/memory_file_system.h"
#include "checkpoint/local_metadata_store.h"
#include "checkpoint/memory_metadata_store.h"
#include "tests/checkpoint/forwarding_file_system.h"

namespace tributary {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

struct Subject {
  MemoryFileSystem files;
  SeededRandomSource random{7};
  std::unique_ptr<MetadataStore> store;
};
using Make = void (*)(Subject&);

class MetadataStoreConformance : public ::testing::TestWithParam<std::pair<const char*, Make>> {
 protected:
  MetadataStoreConformance() { GetParam().second(subject_); }
  MetadataStore& store() { return *subject_.store; }

 private:
  Subject subject_;
};

INSTANTIATE_TEST_SUITE_P(, MetadataStoreConformance,
                         ::testing::Values(std::pair{"Memory", Make{[](Subject& s) {
                                                       s.store =
                                                           std::make_unique<MemoryMetadataStore>();
                                                     }}},
                                           std::pair{"Local", Make{[](Subject& s) {
                                                       s.store =
                                                           std::make_unique<LocalMetadataStore>(
                                                               s.files, "state/metadata", s.random);
                                                     }}}),
                         [](const auto& of) { return of.param.first; });

TEST_P(MetadataStoreConformance, StoresOnlyWhatWasExpected) {
  EXPECT_EQ(*store().get("jobs/a"), std::nullopt);
  const auto first = *store().compare_and_set("jobs/a", kNoRecord, "one");
  EXPECT_TRUE(first.stored);
  EXPECT_EQ(first.version.value, 1U);
  const auto late = *store().compare_and_set("jobs/a", kNoRecord, "two");
  EXPECT_FALSE(late.stored);
  EXPECT_EQ(late.version, first.version);
  EXPECT_EQ((*store().get("jobs/a"))->bytes, "one");
  EXPECT_TRUE(store().compare_and_set("jobs/a", first.version, "two")->stored);
  EXPECT_EQ((*store().get("jobs/a"))->version.value, 2U);
  EXPECT_FALSE(store().compare_and_set("jobs/b", first.version, "x")->stored);
  EXPECT_EQ(*store().get("jobs/b"), std::nullopt);
}

TEST_P(MetadataStoreConformance, KeepsRecordsOfManyVersionsAndAnyBytes) {
  const std::string bytes("\0\n\xff", 3);
  MetadataVersion version = kNoRecord;
  for (int i = 1; i <= 30; ++i) {
    const auto set = *store().compare_and_set("a", version, bytes + std::to_string(i));
    ASSERT_TRUE(set.stored);
    version = set.version;
  }
  EXPECT_EQ((*store().get("a"))->bytes, bytes + "30");
  EXPECT_EQ((*store().get("a"))->version.value, 30U);
  // No version is given again, however old the expectation.
  for (std::uint64_t old = 0; old < 30; ++old)
    EXPECT_FALSE(store().compare_and_set("a", {old}, "late")->stored) << old;
}

TEST_P(MetadataStoreConformance, ListsKeysByPrefix) {
  for (const char* key : {"jobs/b", "jobs/a", "leader", "job", "jobs/a/1", "jobs-x"})
    ASSERT_TRUE(store().compare_and_set(key, kNoRecord, "")->stored);
  EXPECT_THAT(*store().list("jobs/"), ElementsAre("jobs/a", "jobs/a/1", "jobs/b"));
  EXPECT_THAT(*store().list("jobs"), ElementsAre("jobs-x", "jobs/a", "jobs/a/1", "jobs/b"));
  EXPECT_THAT(*store().list(""), SizeIs(6));
  EXPECT_THAT(*store().list("nothing"), SizeIs(0));
}

TEST_P(MetadataStoreConformance, RefusesKeysAndRecordsThatNotEveryStoreCanHold) {
  for (const std::string& key : {std::string(), std::string("a//b"), std::string("../a"),
                                 std::string("a/"), std::string("a b"), std::string(513, 'k')})
    EXPECT_EQ(store().compare_and_set(key, kNoRecord, "").error().code(), ErrorCode::S404) << key;
  const std::string large(MetadataStore::kRecordBytesMax + 1, 'x');
  EXPECT_EQ(store().compare_and_set("a", kNoRecord, large).error().code(), ErrorCode::S404);
}

class LocalMetadataStoreTest : public ::testing::Test {
 protected:
  MemoryFileSystem files_;
  SeededRandomSource random_{1};
  LocalMetadataStore store_{files_, "m", random_};
};

TEST_F(LocalMetadataStoreTest, KeepsOneVersionOfARecord) {
  for (std::uint64_t v = 0; v < 5; ++v) ASSERT_TRUE(store_.compare_and_set("a", {v}, "x")->stored);
  EXPECT_THAT(*files_.list("m/a"), SizeIs(2));  // and the mark that older ones were deleted
}

TEST_F(LocalMetadataStoreTest, Rule69_AWriterThatSleptWhileVersionsCameAndWentStoresNothing) {
  InterruptedFileSystem slow(files_);
  LocalMetadataStore sleeper(slow, "m", random_);
  ASSERT_TRUE(sleeper.compare_and_set("a", kNoRecord, "1")->stored);
  slow.before_link = [&] {
    for (std::uint64_t v = 1; v < 6; ++v)
      ASSERT_TRUE(store_.compare_and_set("a", {v}, "other")->stored);
  };
  // Version 2 came and was deleted meanwhile: its name is free again.
  const auto set = *sleeper.compare_and_set("a", {1}, "sleeper");
  EXPECT_FALSE(set.stored);
  EXPECT_EQ(set.version.value, 6U);
  EXPECT_EQ((*store_.get("a"))->bytes, "other");
}

TEST_F(LocalMetadataStoreTest, Rule69_AListingDuringWhichVersionsComeAndGoIsMadeAgain) {
  InterruptedFileSystem slow(files_);
  LocalMetadataStore reader(slow, "m", random_);
  ASSERT_TRUE(store_.compare_and_set("a", kNoRecord, "1")->stored);
  ASSERT_TRUE(store_.compare_and_set("a", {1}, "2")->stored);
  slow.during_list = [&] { ASSERT_TRUE(store_.compare_and_set("a", {2}, "3")->stored); };
  const auto record = *reader.get("a");
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->bytes, "3");
}

TEST_F(LocalMetadataStoreTest, Rule69_WhatWasToldIsThereAfterAPowerCutAtAnyCall) {
  std::uint64_t told_cuts = 0;
  for (std::uint64_t at = 0;; ++at) {
    MemoryFileSystem files;
    SeededRandomSource random(3);
    CutFileSystem cut(files, at, [&] { files.drop_unsynced(); });
    std::uint64_t told = 0;
    {
      LocalMetadataStore store(cut, "state/m", random);
      for (std::uint64_t v = 0; v < 4; ++v) {
        const auto set = store.compare_and_set("jobs/a", {v}, std::to_string(v + 1));
        if (!set || !set->stored) break;
        told = set->version.value;
        const auto read = store.get("jobs/a");
        if (!read) break;
      }
    }
    files.drop_unsynced();
    LocalMetadataStore after(files, "state/m", random);
    const auto record = after.get("jobs/a");
    ASSERT_TRUE(record.has_value()) << record.error().to_string();
    const std::uint64_t found = *record ? (*record)->version.value : 0;
    EXPECT_GE(found, told) << "power cut at call " << at;
    EXPECT_LE(found, told + 1) << "power cut at call " << at;
    if (*record) {
      EXPECT_EQ((*record)->bytes, std::to_string(found));
    }
    // The store is of use afterwards.
    EXPECT_TRUE(after.compare_and_set("jobs/a", {found}, "next")->stored);
    if (!cut.cut()) break;
    ++told_cuts;
  }
  EXPECT_GT(told_cuts, 20U);
}

// Somebody linked a version and died before its folder was durable: whoever reads it may act on it.
TEST_F(LocalMetadataStoreTest, Rule69_WhatWasReadIsThereAfterAPowerCut) {
  ASSERT_TRUE(store_.compare_and_set("a", kNoRecord, "1")->stored);
  files_.inject_error("m/a", FileOperation::kSync, 5);
  ASSERT_FALSE(store_.compare_and_set("a", {1}, "2").has_value());
  files_.clear_faults();
  ASSERT_EQ((*store_.get("a"))->bytes, "2");
  files_.drop_unsynced();
  EXPECT_EQ((*store_.get("a"))->bytes, "2");
}

TEST_F(LocalMetadataStoreTest, EachChangedByteAndEachLengthOfARecordIsDetectedAndNamed) {
  ASSERT_TRUE(store_.compare_and_set("jobs/a", kNoRecord, "the record")->stored);
  const std::string path = "m/jobs/a/@00000000000000000001";
  const std::string good = *files_.read_whole_file(path, 1000);
  const auto write = [&](std::string_view bytes) {
    const auto file = *files_.create(path);
    ASSERT_TRUE(file->append(bytes));
    ASSERT_TRUE(file->close());
  };
  const auto expect_refused = [&] {
    const auto read = store_.get("jobs/a");
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().code(), ErrorCode::S420);
    EXPECT_THAT(read.error().what(), testing::HasSubstr("jobs/a"));
  };
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x20);
    write(bad);
    expect_refused();
    write(good.substr(0, at));
    expect_refused();
  }
  write(good);
  EXPECT_EQ((*store_.get("jobs/a"))->bytes, "the record");
}

// Real files, threads with a store each: as several processes do.
TEST(LocalMetadataStoreOnDisk, OfManyWhoSetAVersionOneWins) {
  const std::filesystem::path root =
      std::filesystem::temp_directory_path() / ("tributary-metadata-" + std::to_string(::getpid()));
  std::filesystem::remove_all(root);
  LocalFileSystem files;
  constexpr int kThreads = 4;
  constexpr int kRounds = 25;
  const auto add = [&](std::uint64_t seed) {
    SeededRandomSource random(seed);
    LocalMetadataStore store(files, root.string(), random);
    for (int i = 0; i < kRounds;) {
      const auto found = store.get("sum");
      ASSERT_TRUE(found.has_value()) << found.error().to_string();
      const int sum = *found ? std::stoi((*found)->bytes) : 0;
      const auto set = store.compare_and_set("sum", *found ? (*found)->version : kNoRecord,
                                             std::to_string(sum + 1));
      ASSERT_TRUE(set.has_value()) << set.error().to_string();
      if (set->stored) ++i;
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t i = 0; i < kThreads; ++i) threads.emplace_back(add, 100 + i);
  }
  SeededRandomSource random(1);
  LocalMetadataStore store(files, root.string(), random);
  EXPECT_EQ((*store.get("sum"))->bytes, std::to_string(kThreads * kRounds));
  EXPECT_EQ((*store.get("sum"))->version.value, static_cast<std::uint64_t>(kThreads * kRounds));
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace tributary
