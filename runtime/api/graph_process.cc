#include "runtime/api/graph_process.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace tributary {
namespace {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

struct Pipe {
  Descriptor read;
  Descriptor write;
};

std::unexpected<Error> system_failure(std::string_view attempted) {
  return fail(ErrorCode::B206, "asking a process for the job's graph: {}: {}", attempted,
              std::strerror(errno));
}

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_failure("pipe");
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

// Between fork and exec: async-signal-safe calls only.
[[noreturn]] void become_child(const char* program, char* const* arguments, int input, int output,
                               pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  ::dup2(input, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  // The parent reads its signals through a descriptor and has them blocked; the child takes them as
  // usual.
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execv(program, arguments);
  ::_exit(127);
}

class Child {
 public:
  Child(pid_t pid, Descriptor input, Descriptor output)
      : pid_(pid), input_(std::move(input)), output_(std::move(output)) {
    ::fcntl(input_.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(output_.get(), F_SETFL, O_NONBLOCK);
  }
  ~Child() {
    if (pid_ > 0) kill_and_wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  enum class Talk : std::uint8_t { kEnded, kTimeIsOver, kTooMuch, kBroken };

  // Writes `input` and reads until the child closes its output.
  Talk talk(std::string_view input, const GraphRequest& request, const Clock& clock,
            std::string& answer) {
    const std::int64_t end = clock.monotonic_nanos() + request.time_limit.micros * 1000;
    if (input.empty()) input_.close();
    for (;;) {
      const std::int64_t left = end - clock.monotonic_nanos();
      if (left <= 0) return Talk::kTimeIsOver;
      pollfd ends[2] = {{.fd = output_.get(), .events = POLLIN, .revents = 0},
                        {.fd = input_.get(), .events = POLLOUT, .revents = 0}};
      if (::poll(ends, 2, static_cast<int>(left / 1'000'000) + 1) < 0 && errno != EINTR)
        return Talk::kBroken;
      if (ends[1].revents != 0 && !write_some(input)) input_.close();
      if (ends[0].revents == 0) continue;
      char bytes[64 * 1024];
      const ssize_t count = ::read(output_.get(), bytes, sizeof bytes);
      if (count == 0) return Talk::kEnded;
      if (count < 0) {
        if (errno == EAGAIN || errno == EINTR) continue;
        return Talk::kBroken;
      }
      if (answer.size() + static_cast<std::size_t>(count) > request.output_bytes_max)
        return Talk::kTooMuch;
      answer.append(bytes, static_cast<std::size_t>(count));
    }
  }

  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }
  void kill_and_wait() {
    ::kill(pid_, SIGKILL);
    wait();
  }

 private:
  // False when nothing is left to write, or nobody reads.
  bool write_some(std::string_view& input) {
    const ssize_t count = ::write(input_.get(), input.data(), input.size());
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    input.remove_prefix(static_cast<std::size_t>(count));
    return !input.empty();
  }

  pid_t pid_;
  Descriptor input_;
  Descriptor output_;
};

// A child that dies before it has read its input must not take this process along.
class BrokenPipeIgnored {
 public:
  BrokenPipeIgnored() {
    struct sigaction ignore{};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &before_);
  }
  ~BrokenPipeIgnored() { ::sigaction(SIGPIPE, &before_, nullptr); }
  BrokenPipeIgnored(const BrokenPipeIgnored&) = delete;
  BrokenPipeIgnored& operator=(const BrokenPipeIgnored&) = delete;

 private:
  struct sigaction before_{};
};

}  // namespace

Result<GraphAnswer> request_graph(const GraphRequest& request, const Clock& clock) {
  Pipe input = TRY(make_pipe());
  Pipe output = TRY(make_pipe());
  std::vector<std::string> words = request.arguments;
  words.insert(words.begin(), "tributary");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  const BrokenPipeIgnored ignored;
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return system_failure("fork");
  if (pid == 0)
    become_child(request.program.c_str(), arguments.data(), input.read.get(), output.write.get(),
                 parent);
  input.read.close();
  output.write.close();
  Child child(pid, std::move(input.write), std::move(output.read));

  std::string answer;
  switch (child.talk(request.input, request, clock, answer)) {
    case Child::Talk::kEnded:
      break;
    case Child::Talk::kTimeIsOver:
      return std::unexpected(
          Error(ErrorCode::B206,
                fmt::format("the job's function gave no graph within {}; it was stopped",
                            format_duration(request.time_limit)),
                "a job's function only declares the graph; it must not read, wait or compute"));
    case Child::Talk::kTooMuch:
      return fail(ErrorCode::B206, "the job's graph is larger than {} bytes",
                  request.output_bytes_max);
    case Child::Talk::kBroken:
      return system_failure("reading");
  }
  const int status = child.wait();
  if (WIFSIGNALED(status)) {
    return std::unexpected(
        Error(ErrorCode::B206,
              fmt::format("the job's function ended its process by signal {} ({})",
                          WTERMSIG(status), ::strsignal(WTERMSIG(status))),
              "find it with: gdb --args tributary graph JOB ..."));
  }
  if (WEXITSTATUS(status) == kGraphRefused && answer == kGraphRefusedAnswer)
    return GraphAnswer{.graph = {}, .refused = true};
  if (WEXITSTATUS(status) != 0 || answer.empty()) {
    return std::unexpected(
        Error(ErrorCode::B206,
              fmt::format("the job's function ended its process with exit code {} before there was "
                          "a graph",
                          WEXITSTATUS(status)),
              "a job's function returns; to refuse its settings it says job.refuse(...)"));
  }
  return GraphAnswer{.graph = TRY(graph::parse_job_graph(answer)), .refused = false};
}

}  // namespace tributary
