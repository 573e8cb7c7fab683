#include "runtime/api/job_watch.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace tributary {

Status JobWatch::begin(Executor& executor) {
  descriptor_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (descriptor_ < 0) return fail(ErrorCode::X901, "eventfd: {}", std::strerror(errno));
  thread_ = std::thread([this, &executor] {
    executor.join();
    const std::uint64_t one = 1;
    const ssize_t written = ::write(descriptor_, &one, sizeof one);
    TRIBUTARY_CHECK(written == sizeof one, "eventfd refused a write");
  });
  return {};
}

JobWatch::~JobWatch() {
  if (thread_.joinable()) thread_.join();
  if (descriptor_ >= 0) ::close(descriptor_);
}

JobWatch::Woken JobWatch::wait(int signals, int timeout_ms) {
  pollfd both[2] = {{.fd = descriptor_, .events = POLLIN, .revents = 0},
                    {.fd = signals, .events = POLLIN, .revents = 0}};
  if (::poll(both, 2, timeout_ms) <= 0) return Woken::kTime;
  if (both[0].revents == 0) return Woken::kSignal;
  // What the slots did happened before this, by the thread that joined them.
  if (thread_.joinable()) thread_.join();
  return Woken::kEnded;
}

}  // namespace tributary
