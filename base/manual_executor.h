// base/manual_executor.h
// An executor without threads: the caller's turns step the runnables, in an order that the seed
// decides. The same seed gives the same run; another seed another interleaving.
//
// Thread: the owner's only, wake() too.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/random.h"

namespace tributary {

class ManualExecutor final : public Executor {
 public:
  // `clock` decides whether a deadline has come, and must outlive the executor.
  ManualExecutor(const Clock& clock, std::uint64_t seed);
  ~ManualExecutor() override;

  Waker& spawn(std::string name, Runnable& runnable) override;
  // run_until_idle() without bound; then every runnable must have finished, or nobody ever could: a
  // failed check.
  void join() override;

  // Steps who is new, made progress, was woken or has its deadline behind it, until there is none
  // such. False if that took `steps_max` steps: somebody claims progress for ever.
  bool run_until_idle(std::uint64_t steps_max = 1'000'000);
  // Steps one of them, chosen by the seed. False if there is none.
  bool step_one();

  // The earliest deadline of those who wait; INT64_MAX if there is none. Advance the clock to it
  // and run again.
  std::int64_t next_deadline_nanos() const;
  bool all_finished() const;
  // Names of those who have not finished, for the message of a test that hangs.
  std::vector<std::string> unfinished() const;

 private:
  struct Entry;

  const Clock& clock_;
  Random random_;
  std::vector<std::unique_ptr<Entry>> entries_;
  std::vector<Entry*> ready_;  // scratch
};

}  // namespace tributary
