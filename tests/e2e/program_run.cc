#include "tests/e2e/program_run.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace tributary::testing {

ProgramRun::ProgramRun(std::string program, std::vector<std::string> arguments,
                       std::vector<std::string> variables) {
  static std::atomic<int> runs{0};
  state_ = (std::filesystem::temp_directory_path() /
            fmt::format("tributary-run-{}-{}", ::getpid(), ++runs))
               .string();
  int out[2];
  int err[2];
  if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0) std::abort();
  std::vector<char*> words = {program.data()};
  for (std::string& argument : arguments) words.push_back(argument.data());
  words.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(err[1], STDERR_FILENO);
    ::setenv("TRIBUTARY_STATE", state_.c_str(), 1);
    for (std::string& variable : variables) ::putenv(variable.data());
    ::execv(program.c_str(), words.data());
    ::_exit(127);
  }
  ::close(out[1]);
  ::close(err[1]);
  out_end_ = out[0];
  err_end_ = err[0];
}

ProgramRun::~ProgramRun() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  if (out_end_ >= 0) ::close(out_end_);
  if (err_end_ >= 0) ::close(err_end_);
  std::error_code ignored;
  std::filesystem::remove_all(state_, ignored);
}

bool ProgramRun::read_some() {
  if (out_end_ < 0 && err_end_ < 0) return false;
  pollfd ends[2] = {{.fd = out_end_, .events = POLLIN, .revents = 0},
                    {.fd = err_end_, .events = POLLIN, .revents = 0}};
  if (::poll(ends, 2, -1) < 0) return true;
  const auto take = [](const pollfd& end, int& descriptor, std::string& text) {
    if (end.revents == 0) return;
    char bytes[4096];
    const ssize_t count = ::read(end.fd, bytes, sizeof bytes);
    if (count > 0) {
      text.append(bytes, static_cast<std::size_t>(count));
    } else {
      ::close(std::exchange(descriptor, -1));
    }
  };
  take(ends[0], out_end_, out_);
  take(ends[1], err_end_, err_);
  return true;
}

bool ProgramRun::wait_for_output(const std::string& text) {
  while (out_.find(text) == std::string::npos)
    if (!read_some()) return false;
  return true;
}

bool ProgramRun::wait_for_error(const std::string& text) {
  while (err_.find(text) == std::string::npos)
    if (!read_some()) return false;
  return true;
}

bool ProgramRun::wait_for_lines(std::ptrdiff_t lines) {
  while (std::count(out_.begin(), out_.end(), '\n') < lines)
    if (!read_some()) return false;
  return true;
}

void ProgramRun::signal(int number) { ::kill(pid_, number); }

long ProgramRun::memory_kib(const std::string& line) const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  for (std::string text; std::getline(status, text);) {
    if (text.starts_with(line + ":")) return std::stol(text.substr(line.size() + 1));
  }
  return 0;
}

int ProgramRun::wait() {
  while (read_some()) {
  }
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace tributary::testing
