#include "runtime/api/job_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/memory_file_system.h"
#include "runtime/api/job_library.h"

namespace tributary {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(JobFolders, SearchesTheOptionFirstThenTheVariableThenThePrefix) {
  EXPECT_THAT(job_folders("/a:/b", "/c", "/usr/bin/tributary"),
              ElementsAre("/a", "/b", "/c", "/usr/lib/tributary/jobs"));
}

TEST(JobFolders, LeavesOutEmptyPartsAndNamesAFolderOnce) {
  EXPECT_THAT(job_folders(":/a::/a", "/a:", "/bin/tributary"),
              ElementsAre("/a", "/lib/tributary/jobs"));
}

class JobSearch : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* path : {"/x/libcost_attribution.so", "/x/readme.txt", "/y/spend.so",
                             "/y/libcost_attribution.so"}) {
      ASSERT_TRUE(files_.make_directories(parent_directory(path)));
      ASSERT_TRUE(files_.create(path).has_value());
    }
  }
  MemoryFileSystem files_;
};

TEST_F(JobSearch, FindsLibrariesByTheNamesOfTheirFiles) {
  const auto found = list_job_files(files_, {"/x", "/missing", "/y"});
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(match_job_file(found, "cost-attribution")->path, "/x/libcost_attribution.so");
  EXPECT_EQ(match_job_file(found, "cost_attribution")->path, "/x/libcost_attribution.so");
  EXPECT_EQ(match_job_file(found, "spend")->path, "/y/spend.so");
  EXPECT_FALSE(match_job_file(found, "readme").has_value());
}

TEST_F(JobSearch, TellsPathsFromNames) {
  EXPECT_TRUE(is_job_path("build/libx.so"));
  EXPECT_TRUE(is_job_path("libx.so"));
  EXPECT_FALSE(is_job_path("cost-attribution"));
}

TEST(JobNotFound, NamesTheFoldersAndTheNearestJob) {
  const Error error = job_not_found("cost-atribution", {"/x", "/y"}, {"spend", "cost-attribution"});
  EXPECT_EQ(error.code(), ErrorCode::B202);
  EXPECT_EQ(error.what(),
            "job cost-atribution not found; searched /x, /y; did you mean cost-attribution?");
}

TEST(JobNotFound, ListsWhatThereIsWhenNothingIsNear) {
  EXPECT_THAT(job_not_found("zzz", {"/x"}, {"spend", "refunds"}).what(),
              HasSubstr("there are: spend, refunds"));
}

TEST(DescriptorFault, RefusesAnotherAbiByBothTags) {
  const JobDescriptor other{.abi = "0.0-gcc4-libstdc++0", .name = "spend"};
  const auto fault = descriptor_fault(&other, "/x/libspend.so");
  ASSERT_TRUE(fault.has_value());
  EXPECT_EQ(fault->code(), ErrorCode::B201);
  EXPECT_EQ(fault->what(),
            fmt::format("libspend.so needs job ABI 0.0-gcc4-libstdc++0; this program offers {}",
                        job_abi()));
}

TEST(DescriptorFault, LooksAtNothingElseOfADescriptorOfAnotherFormat) {
  const JobDescriptor newer{.format = 2, .abi = reinterpret_cast<const char*>(1)};
  EXPECT_EQ(descriptor_fault(&newer, "x.so")->code(), ErrorCode::B201);
}

TEST(DescriptorFault, RefusesADescriptorWithoutNameOrFunction) {
  const JobDescriptor empty{.abi = job_abi(), .name = ""};
  EXPECT_EQ(descriptor_fault(&empty, "x.so")->code(), ErrorCode::B203);
  EXPECT_EQ(descriptor_fault(nullptr, "x.so")->code(), ErrorCode::B203);
}

}  // namespace
}  // namespace tributary
