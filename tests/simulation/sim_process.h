// A process that runs one attempt of the job: the whole engine around its own executor and its own
// pool of blocking work, over files and metadata that it shares with others who think that the job
// is theirs.
//
// Owner: the world, which decides what runs next. Destroying it is the crash: nothing is closed,
// flushed or told. Thread: one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/io_pool.h"
#include "base/random.h"
#include "checkpoint/metadata_store.h"
#include "checkpoint/model_lsm.h"
#include "runtime/cluster/job_folder.h"
#include "runtime/cluster/local_job.h"
#include "tests/checkpoint/forwarding_file_system.h"
#include "tests/simulation/counting_job.h"

namespace tributary::simulation {

// All planted bugs of the engine, by part.
struct EngineHazards {
  CheckpointHazards checkpoint;
  PublishHazards publish;
  AlignerHazards aligner;
  StateHazards state;
};

// Steps what the world says.
class SteppedExecutor final : public Executor {
 public:
  explicit SteppedExecutor(const Clock& clock) : clock_(clock) {}
  Waker& spawn(std::string name, Runnable& runnable) override;
  void join() override {}

  std::size_t size() const { return entries_.size(); }
  bool ready(std::size_t index) const;
  void step(std::size_t index);
  std::int64_t next_deadline_nanos() const;

 private:
  struct Entry final : Waker {
    explicit Entry(Runnable& runs) : runnable(runs) {}
    void wake() override { woken = true; }
    Runnable& runnable;
    bool woken = true;
    StepResult last{};
  };
  const Clock& clock_;
  std::vector<std::unique_ptr<Entry>> entries_;
};

// Runs one job at a time, whichever the world says; while one waits for an answer from outside,
// others may run. `delay` says how many others may go before one.
class SteppedIoPool final : public IoPool {
 public:
  explicit SteppedIoPool(std::function<std::uint64_t()> delay) : delay_(std::move(delay)) {}
  void submit(std::function<void()> job) override { jobs_.push_back({std::move(job), delay_()}); }
  std::size_t waiting() const { return jobs_.size(); }
  bool delayed(std::size_t index) { return jobs_[index].delay > 0 && --jobs_[index].delay > 0; }
  std::function<void()> take(std::size_t index);

 private:
  struct Job {
    std::function<void()> run;
    std::uint64_t delay = 0;
  };
  const std::function<std::uint64_t()> delay_;
  std::vector<Job> jobs_;
};

// The disk as one process sees it: writes may fail.
class FailingFiles final : public ForwardingFileSystem {
 public:
  FailingFiles(FileSystem& to, std::function<bool()> fails)
      : ForwardingFileSystem(to), fails_(std::move(fails)) {}
  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override;

 private:
  const std::function<bool()> fails_;
};

struct ProcessOptions {
  std::uint32_t id = 0;
  std::uint32_t slots = 1;
  bool little_room = false;
  std::size_t memory_bytes = 0;
  std::uint64_t base_bytes_min = 0;
  std::size_t renewal_bytes_max = 0;  // 0: deltas are folded
  std::uint64_t table_order = 0;
  Duration interval{};
  std::uint64_t part_bytes = 300;
  std::size_t sweep_entries = 2000;
  std::uint32_t retained = 2;
  EngineHazards hazards;
};

class SimProcess {
 public:
  struct Parts {
    CountingJob& job;
    FileSystem& files;
    MetadataStore& metadata;
    RandomSource& random;
    const Clock& clock;
    ControlWire& wire;
    std::function<bool()> write_fails;
    std::function<std::uint64_t()> io_delay;
  };
  SimProcess(const Parts& parts, const ProcessOptions& options);
  ~SimProcess() = default;

  // Takes the job over. An error: why it cannot be, and nothing runs.
  Status open();

  std::uint32_t id() const { return options_.id; }
  LocalJob& job() { return *job_; }
  bool started() const { return job_ != nullptr; }
  SteppedExecutor& executor() { return executor_; }
  SteppedIoPool& io() { return io_; }
  // What it started from and had to leave out.
  std::size_t passed_over() const { return passed_over_; }

  // ---- the world's notes ----
  bool alive = true;
  bool control_paused = false;
  std::optional<std::int64_t> control_died;  // when; its tasks may live on
  std::uint32_t slots_paused = 0;            // a bit each
  bool io_paused = false;
  std::uint32_t late_fences = 0;  // without a lease
  std::uint32_t busy = 0;         // calls of its pool that wait for an answer

 private:
  const Parts parts_;
  const ProcessOptions options_;
  FailingFiles files_;
  JobFolder folder_;
  ModelLsmFactory lsm_;
  SteppedIoPool io_;
  SteppedExecutor executor_;
  std::size_t passed_over_ = 0;
  std::unique_ptr<LocalJob> job_;
};

}  // namespace tributary::simulation
