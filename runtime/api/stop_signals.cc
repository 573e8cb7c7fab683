#include "runtime/api/stop_signals.h"

#include <cerrno>
#include <cstring>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace tributary {

Status StopSignals::listen() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, &before_);
  descriptor_ = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (descriptor_ < 0) {
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    return fail(ErrorCode::X901, "signalfd: {}", std::strerror(errno));
  }
  return {};
}

StopSignals::~StopSignals() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

int StopSignals::take() {
  signalfd_siginfo info{};
  while (::read(descriptor_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) ++count_;
  // Unblocked in this thread alone, the next signal takes its default action on the process.
  if (count_ >= 2) ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  return count_;
}

}  // namespace tributary
