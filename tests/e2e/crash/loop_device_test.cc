// The power goes: everything of a job lies in a file system on a loop device, and what that device
// holds at one moment is all that is left. What ext4 has not written yet is gone; what the job had
// made durable is not. Needs the right to mount; says so where there is none.
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/mount.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/e2e/crash/cost_course.h"

namespace tributary::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kDeviceBytes = std::uintmax_t{96} << 20;

class LoopDisk {
 public:
  LoopDisk() {
    std::string name = (fs::temp_directory_path() / "tributary-loop-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    fs::create_directory(at());
    std::ofstream(image()).close();
    fs::resize_file(image(), kDeviceBytes);
    if (run({"/usr/sbin/mkfs.ext4", "/sbin/mkfs.ext4"}, {"-q", image()})) mount();
  }
  ~LoopDisk() {
    if (mounted_) ::umount2(at().c_str(), MNT_DETACH);
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  LoopDisk(const LoopDisk&) = delete;
  LoopDisk& operator=(const LoopDisk&) = delete;

  bool is_mounted() const { return mounted_; }
  fs::path at() const { return folder_ / "disk"; }
  // The device as it is now is what the next mount finds.
  void keep_as_now() { fs::copy_file(image(), kept(), fs::copy_options::overwrite_existing); }
  void power_returns() {
    EXPECT_EQ(::umount2(at().c_str(), MNT_DETACH), 0) << std::strerror(errno);
    mounted_ = false;
    // The old device may be written to for a while still: it is another file.
    fs::rename(kept(), image());
    mount();
  }

 private:
  fs::path image() const { return folder_ / "image"; }
  fs::path kept() const { return folder_ / "kept"; }
  // By the first of `programs` that is there.
  static bool run(const std::vector<std::string>& programs, std::vector<std::string> arguments) {
    for (const std::string& program : programs) {
      if (::access(program.c_str(), X_OK) != 0) continue;
      return ProgramRun(program, std::move(arguments)).wait() == 0;
    }
    return false;
  }
  // Nothing is written by the clock: only what somebody asks to be durable, and what goes with it.
  void mount() {
    mounted_ = run({"/usr/bin/mount", "/bin/mount"}, {"-o", "loop,commit=600", image(), at()});
  }

  fs::path folder_;
  bool mounted_ = false;
};

TEST(PowerCut, OnALoopDeviceLosesNothingThatWasDurable) {
  // Outside of the device.
  CostCourse::answers_in_one_go();
  LoopDisk disk;
  if (!disk.is_mounted()) GTEST_SKIP() << "no loop device can be mounted here";
  ::setenv("TMPDIR", disk.at().c_str(), 1);
  CostCourse course;
  ::unsetenv("TMPDIR");
  ::sync();  // the input was there long before
  int cuts = 0;
  bool finished = false;
  for (int round = 0; round < 4 && !finished; ++round) {
    SCOPED_TRACE(round);
    ProgramRun run = course.start({.slots = 1 + round % 3, .checkpoint_ms = 20});
    ASSERT_TRUE(run.wait_for_output("\"started\"")) << run.err();
    std::this_thread::sleep_for(std::chrono::milliseconds(60 + 70 * round));
    run.signal(SIGSTOP);
    disk.keep_as_now();
    run.signal(SIGKILL);
    const auto ended = CostCourse::ended(run);
    // A fast machine may be through before.
    finished = ended.event == "finished";
    cuts += finished ? 0 : 1;
    disk.power_returns();
    ASSERT_TRUE(disk.is_mounted());
  }
  if (!finished) {
    const auto ended = course.run();
    EXPECT_TRUE(ended.found_it_finished() || ended.event == "finished") << ended.last_words();
  }
  EXPECT_EQ(course.differences(), "");
  EXPECT_GE(cuts, 1);
}

}  // namespace
}  // namespace tributary::testing
