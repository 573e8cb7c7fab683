// tests/e2e/crash/output_watch.h
// A reader of the job's output who looks all the time: every file that he sees is whole, is the
// same whenever he looks again, and never goes away.
//
// Owner: the test; its thread looks from the constructor to stop().
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <vector>

namespace tributary::testing {

class OutputWatch {
 public:
  explicit OutputWatch(std::filesystem::path dir);
  ~OutputWatch();
  OutputWatch(const OutputWatch&) = delete;
  OutputWatch& operator=(const OutputWatch&) = delete;

  // Looks a last time and reads every file again. What was wrong, a line each.
  std::string stop();
  std::size_t files_seen() const { return seen_.size(); }

 private:
  struct Seen {
    ino_t inode = 0;
    off_t size = 0;
    std::string bytes;
  };
  void look();
  void check_new(const std::filesystem::path& file, const struct stat& status);
  void complain(const std::filesystem::path& file, const std::string& what);

  const std::filesystem::path dir_;
  std::map<std::filesystem::path, Seen> seen_;  // the thread's, until it has joined
  std::vector<std::string> complaints_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace tributary::testing
