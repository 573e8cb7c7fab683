#include "checkpoint/memory_metadata_store.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tributary {
namespace {

TEST(MemoryMetadataStore, StoresOnlyWhatWasExpected) {
  MemoryMetadataStore store;
  EXPECT_EQ(*store.get("jobs/a"), std::nullopt);
  const auto first = *store.compare_and_set("jobs/a", kNoRecord, "one");
  EXPECT_TRUE(first.stored);
  EXPECT_EQ(first.version.value, 1U);
  const auto late = *store.compare_and_set("jobs/a", kNoRecord, "two");
  EXPECT_FALSE(late.stored);
  EXPECT_EQ(late.version, first.version);
  EXPECT_EQ((*store.get("jobs/a"))->bytes, "one");
  EXPECT_TRUE(store.compare_and_set("jobs/a", first.version, "two")->stored);
  EXPECT_EQ((*store.get("jobs/a"))->version.value, 2U);
  EXPECT_FALSE(store.compare_and_set("jobs/b", first.version, "x")->stored);
}

TEST(MemoryMetadataStore, ListsKeysByPrefix) {
  MemoryMetadataStore store;
  for (const char* key : {"jobs/b", "jobs/a", "leader", "job"})
    (void)store.compare_and_set(key, kNoRecord, "");
  EXPECT_THAT(*store.list("jobs/"), testing::ElementsAre("jobs/a", "jobs/b"));
  EXPECT_THAT(*store.list(""), testing::SizeIs(4));
}

TEST(MemoryMetadataStore, RefusesKeysAndRecordsThatNotEveryStoreCanHold) {
  MemoryMetadataStore store;
  for (const std::string& key : {std::string(), std::string("a//b"), std::string("../a"),
                                 std::string("a/"), std::string("a b"), std::string(513, 'k')})
    EXPECT_EQ(store.compare_and_set(key, kNoRecord, "").error().code(), ErrorCode::S404) << key;
  const std::string large(MetadataStore::kRecordBytesMax + 1, 'x');
  EXPECT_EQ(store.compare_and_set("a", kNoRecord, large).error().code(), ErrorCode::S404);
}

}  // namespace
}  // namespace tributary
