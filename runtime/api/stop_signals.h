// runtime/api/stop_signals.h
// SIGINT and SIGTERM as something to wait for. The first means stop, the second cancel, and from
// the third on the process ends as it would without us, for user code that never returns. They stay
// blocked when this object is gone: the job is over then and its exit code is what counts, not a
// signal that comes while the process cleans up.
//
// Thread: made by the main thread before any other is started, which then inherits that these
// signals are blocked.
#pragma once

#include <csignal>

#include "base/error.h"

namespace tributary {

class StopSignals {
 public:
  StopSignals() = default;
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  Status listen();
  // Readable when a signal has come.
  int descriptor() const { return descriptor_; }
  // How many have come so far, this look included. After two, the next one ends the process.
  int take();

 private:
  int descriptor_ = -1;
  int count_ = 0;
  sigset_t before_{};
};

}  // namespace tributary
