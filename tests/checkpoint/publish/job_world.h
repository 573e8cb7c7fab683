// Jobs that publish, in one thread on virtual time: a model of their tasks and of their checkpoint
// coordinator around the real SinkCoordinator, SinkOwner and EpochStager, with an edge that is a
// model broker or files in memory. One seed decides everything: what is delivered when, what is
// lost, who crashes, pauses, wakes, what is restored.
//
// Judged from outside: the input is frozen; what a reader sees at the end must be it, once, in
// order per key, for every lineage as far as somebody built on it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "checkpoint/publish/epoch_stager.h"
#include "checkpoint/publish/sink_restore.h"
#include "tests/checkpoint/publish/broker_calls.h"

namespace tributary::model {

inline constexpr std::uint32_t kKeys = 6;
using Positions = std::array<std::uint32_t, kKeys>;  // records emitted, by key

struct WorldOptions {
  std::uint64_t seed = 1;
  std::uint32_t steps = 200;  // with chaos; then everything is mended and runs to its end
  std::uint32_t records_per_key = 12;
  PublishHazards hazards;
};

struct Outcome {
  std::string violation;  // empty: none
  std::uint64_t trace = 0;
  std::uint64_t events = 0;
};

class World;

// A task's process. It may live on as a zombie after its attempt has ended.
struct Process {
  std::uint32_t id = 0;
  std::uint32_t job = 0;
  std::uint32_t task = 0;
  std::uint32_t tasks = 1;
  OwnershipRound round;
  std::uint32_t lineage = 0;  // index in the job's history
  bool alive = true;
  bool paused = false;
  bool busy = false;  // in the middle of a call of the edge
  Positions next{};
  Epoch last_barrier;
  std::map<Epoch, Positions> at_barrier;
  std::unique_ptr<EpochStager> stager;
  std::unique_ptr<SinkOwner> owner;
};

// How one reader saw a record.
struct Seen {
  std::uint32_t job = 0;
  std::uint32_t lineage = 0;
  std::uint32_t key = 0;
  std::uint32_t number = 0;  // the how manieth of its key
};
std::string to_line(const Seen& record);
Seen from_line(std::string_view line);

class Edge {
 public:
  virtual ~Edge() = default;
  virtual void process_started(Process&) {}
  virtual void process_died(Process&) {}
  virtual void emit(Process& process, const Seen& record) = 0;
  virtual void before_barrier(Process&, Epoch) {}
  // Fence, FindMarkEnd, ReadMarksOn, Publish, CloseNumber: answered by World::answer, perhaps.
  virtual void call(Process& process, const OwnerAction& action) = 0;
  // Faults of its own; returns a number for the trace.
  virtual std::uint64_t chaos(Random& random) = 0;
  virtual void progress(Random& random) = 0;  // what happens by itself
  virtual void mend() = 0;
  // What readers have seen, each partition (or file) in its order. An error is a violation.
  virtual Result<std::vector<std::vector<Seen>>> read_all() = 0;
  // A fence tells an earlier round that there is a later one. A broker does not: who initialises
  // last owns the id, so two coordinators at once need more than that.
  virtual bool refuses_earlier_rounds() const { return false; }
  // A power cut takes all processes with it; false if this edge knows none.
  virtual bool power_cut() { return false; }
};

class World final : public RequestHost {
 public:
  World(WorldOptions options, const std::function<std::unique_ptr<Edge>(World&)>& make_edge);
  ~World() override;

  Outcome run();

  // ---- for the edge ----
  struct Uid {
    Hash128 uid;
    std::uint32_t numbers = 1;  // W
  };
  Uid job_uid(std::uint32_t job) const;
  std::int64_t now() const override { return now_; }
  Random& random() { return random_; }
  bool calm() const { return calm_; }
  // Is this message or this attempt lost?
  bool unlucky() override { return !calm_ && random_.below(1000) < mood_.loss; }
  Process* process(std::uint32_t id) { return processes_[id].get(); }
  void answer(std::uint32_t process, OwnerEvent event) override;
  void stage(Process& process, const StagedRecord& record);
  void post(std::optional<std::uint32_t> process, std::function<void()> run) override;
  // A few steps of everybody else, in the middle of a call of `process`.
  void interleave(Process& process);
  void crash_process(Process& process);
  void violation(std::string text);
  void note(std::uint64_t what) { trace_ = mix64(trace_ ^ what); }

 private:
  struct Message {
    std::optional<std::uint32_t> process;
    std::function<void()> run;
    std::uint64_t held = 0;  // so many deliveries pass before it may arrive
  };
  struct Manifest {
    Epoch epoch;
    Hash128 lineage;
    Positions positions{};
    std::optional<checkpoint::SinkRecord> record;
    std::vector<checkpoint::SinkSnapshot> snapshots;
  };
  struct PendingCheckpoint {
    Epoch epoch;
    std::map<std::uint32_t, checkpoint::SinkSnapshot> snapshots;
    Positions positions{};
  };
  // A run of a job that goes on although another one began elsewhere, from a savepoint: its
  // coordinator knows nothing of it.
  struct Superseded {
    OwnershipRound round;
    std::unique_ptr<SinkCoordinator> coordinator;
    std::vector<std::uint32_t> processes;  // by task
    Epoch pending;
    std::set<std::uint32_t> acknowledged;  // tasks
  };
  struct Job {
    std::uint32_t index = 0;
    Hash128 uid;
    std::optional<LineageHistory> history;
    std::vector<Positions> base;  // by lineage: where it began
    std::uint64_t attempt = 0;
    std::uint64_t last_epoch = 0;
    std::uint32_t tasks = 1;
    std::uint32_t numbers = 1;
    Manifest completed;
    std::vector<Manifest> savepoints;
    std::optional<PendingCheckpoint> pending;
    std::unique_ptr<SinkCoordinator> coordinator;
    std::vector<std::uint32_t> processes;  // by task
    std::vector<Superseded> superseded;
    bool to_restart = false;
    std::int64_t round_since = 0;
  };
  // Each seed has its own: a bug hides from an even mixture of all troubles.
  struct Mood {
    std::uint64_t loss = 0;  // of 1000
    std::uint64_t slow = 0;  // of 1000
    std::uint64_t deliver = 50;
    std::uint64_t chaos = 5;
    std::uint64_t kinds = 0;  // of chaos: a bit each
  };

  void make_job(Hash128 uid, const Positions& from);
  void start(Job& job, const Manifest& from, std::uint32_t tasks, bool new_lineage);
  void restart(Job& job);
  void leave(Job& job);
  void supersede(Job& job);
  bool has_ended(const Superseded& run) const;
  void end_superseded(Job& job);
  void step();
  bool deliver();
  void chaos();
  void tick(std::int64_t nanos);
  void emit(const std::vector<std::uint32_t>& processes, std::uint32_t how_many);
  void trigger(Job& job);
  void trigger(Job& job, Superseded& run);
  void order_barrier(const std::vector<std::uint32_t>& processes, Epoch epoch);
  void on_barrier(Process& process, Epoch epoch);
  void after_staging(Process& process);
  void acknowledge(Job& job, const Process& process, Epoch epoch,
                   const checkpoint::SinkSnapshot& snapshot, const Positions& positions);
  void owner_step(Process& process, const OwnerEvent& event);
  void report(const Process& process, const OwnerReport& report);
  void acknowledge(Job& job, Superseded& run, std::uint32_t task, Epoch epoch);
  void coordinator_step(Job& job, SinkCoordinator& coordinator, const SinkEvent& event);
  bool finished();
  void settle();
  void check();
  void check_superseded();
  bool current(const Process& process) const;
  Superseded* superseded(Job& job, OwnershipRound round);

  const WorldOptions options_;
  Random random_;
  std::int64_t now_ = kNanosPerSecond;
  std::uint64_t trace_ = 0;
  std::uint64_t events_ = 0;
  std::string violation_;
  Mood mood_;
  bool calm_ = false;
  bool interleaving_ = false;
  std::uint64_t last_id_ = 0;
  std::vector<Message> messages_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::vector<std::unique_ptr<Job>> jobs_;
  std::map<std::string, std::string> blobs_;
  std::unique_ptr<Edge> edge_;
};

}  // namespace tributary::model
