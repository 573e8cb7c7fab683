#include "tests/e2e/crash/output_watch.h"

#include <chrono>
#include <fstream>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/crash/cost_answers.h"
#include "tests/e2e/visible_files.h"

namespace tributary::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kPause{3};
constexpr std::size_t kComplaintsMax = 10;

std::string read_all(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream bytes;
  bytes << stream.rdbuf();
  return std::move(bytes).str();
}

}  // namespace

OutputWatch::OutputWatch(fs::path dir)
    : dir_(std::move(dir)), thread_([this] {
        while (!stopping_.load(std::memory_order_relaxed)) {
          look();
          std::this_thread::sleep_for(kPause);
        }
      }) {}

OutputWatch::~OutputWatch() {
  if (thread_.joinable()) stop();
}

std::string OutputWatch::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  look();
  for (const auto& [file, seen] : seen_)
    if (read_all(file) != seen.bytes)
      complain(file, "holds other bytes than when it was first seen");
  std::string text;
  for (const std::string& complaint : complaints_) text += complaint + "\n";
  return text;
}

void OutputWatch::look() {
  std::set<fs::path> now;
  for (const std::string& topic : written_topics()) {
    for (const fs::path& file : visible_files(dir_ / topic)) {
      struct stat status{};
      if (::stat(file.c_str(), &status) != 0) {
        complain(file, "was listed and is not there");
        continue;
      }
      now.insert(file);
      const auto known = seen_.find(file);
      if (known == seen_.end()) {
        check_new(file, status);
      } else if (known->second.inode != status.st_ino || known->second.size != status.st_size) {
        complain(file,
                 fmt::format("changed: {} bytes, {} before", status.st_size, known->second.size));
      }
    }
  }
  for (const auto& [file, seen] : seen_)
    if (!now.contains(file)) complain(file, "has gone");
}

void OutputWatch::check_new(const fs::path& file, const struct stat& status) {
  Seen& seen = seen_[file];
  seen = {.inode = status.st_ino, .size = status.st_size, .bytes = read_all(file)};
  if (static_cast<off_t>(seen.bytes.size()) != status.st_size)
    return complain(file, "grew while it was read");
  if (seen.bytes.empty() || seen.bytes.back() != '\n')
    return complain(file, "does not end with a line's end");
  std::istringstream lines(seen.bytes);
  for (std::string line; std::getline(lines, line);)
    if (!nlohmann::json::accept(line))
      return complain(file, "holds no JSON: " + line.substr(0, 200));
}

void OutputWatch::complain(const fs::path& file, const std::string& what) {
  if (complaints_.size() < kComplaintsMax)
    complaints_.push_back(fmt::format("{} {}", file.lexically_relative(dir_).string(), what));
}

}  // namespace tributary::testing
