// A small disk under the job's blobs that is full for a while: the program says so, goes on, and
// says when it is over.
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/mount.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/crash/cost_course.h"

namespace tributary::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class SmallDisk {
 public:
  explicit SmallDisk(fs::path at) : at_(std::move(at)) {
    fs::create_directories(at_);
    mounted_ = ::mount("tmpfs", at_.c_str(), "tmpfs", 0, "size=4m") == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(at_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool is_mounted() const { return mounted_; }
  void fill() {
    std::ofstream filler(at_ / "filler", std::ios::binary);
    const std::string page(4096, 'x');
    while (filler.write(page.data(), static_cast<std::streamsize>(page.size())).flush()) {
    }
  }
  void free() { fs::remove(at_ / "filler"); }

 private:
  const fs::path at_;
  bool mounted_ = false;
};

TEST(FullDisk, FailsCheckpointsUntilThereIsRoomAgainAndLosesNothing) {
  CostCourse course;
  SmallDisk disk(course.state() / "blobs");
  if (!disk.is_mounted()) GTEST_SKIP() << "no file system can be mounted: " << std::strerror(errno);
  ProgramRun run = course.start({.rows_per_second = 100, .more = {"--progress-interval", "20ms"}});
  ASSERT_TRUE(run.wait_for_output("\"started\""));
  disk.fill();
  ASSERT_TRUE(run.wait_for_error("a checkpoint failed; the job goes on, its output is held"))
      << run.out() << run.err();
  disk.free();
  EXPECT_TRUE(run.wait_for_error("are complete again")) << run.err();
  const auto ended = CostCourse::ended(run);
  EXPECT_EQ(ended.code, 0) << ended.last_words();
  EXPECT_EQ(ended.event, "finished");
  EXPECT_GE(ended.failed_checkpoints, 1);
  EXPECT_THAT(ended.err, HasSubstr("No space left"));
  EXPECT_EQ(course.complaints(), "");
}

}  // namespace
}  // namespace tributary::testing
