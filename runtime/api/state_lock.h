// runtime/api/state_lock.h
// One process at a time runs a job from its state folder. Held by the operating system, so that a
// process that dies leaves nothing behind.
//
// What fences a process that runs on in spite of it (another host, a copied folder) are the term in
// the job's record and the owners of its outputs; this only spares people the surprise.
#pragma once

#include <string>

#include "base/error.h"

namespace tributary {

class StateLock {
 public:
  // Makes the folder. J605 naming the process that has it.
  static Result<StateLock> acquire(const std::string& folder);
  // Whether a process has it now.
  static bool is_held(const std::string& folder);

  StateLock(StateLock&& other) noexcept;
  StateLock& operator=(StateLock&&) = delete;
  StateLock(const StateLock&) = delete;
  StateLock& operator=(const StateLock&) = delete;
  ~StateLock();

 private:
  explicit StateLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

}  // namespace tributary
