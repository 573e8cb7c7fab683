// The whole engine in one thread on virtual time, decided by one seed: processes that run the job
// over shared files and one model broker, crash, stand still, wake up as zombies; words between
// control and tasks that are late, lost, repeated; requests to the broker likewise; disks that
// fail, lose what was not made durable, and rot.
//
// Judged from outside: the input is frozen; what read-committed readers see at the end must be the
// answer to it (history.h). Nobody asks the engine.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_file_system.h"
#include "base/random.h"
#include "tests/checkpoint/publish/broker_calls.h"
#include "tests/simulation/counting_job.h"
#include "tests/simulation/history.h"
#include "tests/simulation/sim_process.h"

namespace tributary::simulation {

struct WorldOptions {
  std::uint64_t seed = 1;
  std::uint32_t events =
      200;  // at most, with troubles; then everything is mended and runs to its end
  std::uint32_t records = 30;
  std::uint64_t table_order = 0;  // besides the seed's
  EngineHazards hazards;
  model::BrokerEdgeOptions broker;
};

struct Outcome {
  std::string violation;  // empty: none
  std::uint64_t trace = 0;
  std::uint64_t events = 0;  // all, also those without troubles
  std::uint64_t output = 0;  // digest of what readers saw
};

class JointWorld final : private model::RequestHost, private ControlWire {
 public:
  explicit JointWorld(const WorldOptions& options);
  ~JointWorld() override;

  Outcome run();

 private:
  class Connector;
  class Metadata;
  struct ControlDies {};  // thrown in the middle of its step
  struct Message {
    std::optional<std::uint32_t> process;
    std::function<void()> run;
    std::uint64_t held = 0;  // so many deliveries pass before it may arrive
  };
  // Each seed has its own: a bug hides from an even mixture of all troubles.
  struct Mood {
    std::uint64_t loss = 0;         // of 1000 requests and answers of the broker
    std::uint64_t word_loss = 0;    // of 1000 words between control and tasks
    std::uint64_t slow = 0;         // of 1000 messages
    std::uint64_t write_fails = 0;  // of 1000
    std::uint64_t chaos = 0;        // of 100 events
    std::uint64_t kinds = 0;        // of chaos: a bit each
    std::uint64_t crashes = 0;      // of 4 checkpoints, soon after they are complete
    bool little_room = false;
    std::uint64_t brisk = 0;    // of 4 events: nobody waits for time
    std::uint64_t io_slow = 0;  // of 1000 pieces of blocking work
    std::size_t memory_bytes = 0;
    std::size_t sweep_entries = 2000;
    std::uint64_t part_bytes = 300;
    std::uint64_t dies_persisting = 0;  // of 1000 writes of the record
    std::uint64_t base_bytes_min = 0;
    std::size_t renewal_bytes_max = 0;
    Duration interval{};
    std::uint32_t retained = 1;
    std::uint32_t slots_min = 1;
  };

  // RequestHost, for the broker
  std::int64_t now() const override { return clock_.monotonic_nanos(); }
  bool unlucky() override { return !calm_ && random_.below(1000) < mood_.loss; }
  void post(std::optional<std::uint32_t> process, std::function<void()> run) override;
  void answer(std::uint32_t process, OwnerEvent event) override;
  // ControlWire
  void carry(std::function<void()> deliver) override;

  SimProcess* find(std::uint32_t id);
  // Blocks: everybody else goes on meanwhile.
  template <typename Answer>
  std::optional<Answer> ask(std::uint32_t process, const Hash128& uid,
                            const std::function<OwnerAction(CallId)>& action);

  void event();
  void calm_event();
  bool step_somebody();
  bool run_io();
  bool deliver();
  void release();
  void advance_clock();
  void chaos();
  void late_trouble();
  std::uint32_t draw_slots();
  void start_process();
  void crash(SimProcess& process);
  void reap();
  void damage();
  bool dies_persisting(std::string_view bytes);
  void look_at_record(const std::string& bytes);
  void look_at_checkpoints();
  void look_at_savepoints(SimProcess& process);
  void control_died(SimProcess& process);
  void heal();
  void mend();
  void draw_mood();
  void go_on_to_the_end();
  void check();
  void violation(std::string text);
  void note(std::uint64_t what) { trace_ = mix64(trace_ ^ what); }

  const WorldOptions options_;
  Random random_;
  SeededRandomSource ids_;
  Mood mood_;
  History history_;
  CountingJob& job_;
  ManualClock clock_{Timestamp{1'000'000}};
  MemoryFileSystem files_;
  const std::unique_ptr<MetadataStore> metadata_;
  JobFolder folder_;  // for a look from outside
  model::BrokerCalls broker_;
  const std::uint64_t troubled_;  // events
  std::uint64_t trace_ = 0;
  std::uint64_t events_ = 0;
  std::string violation_;
  bool calm_ = false;
  bool finished_ = false;
  std::uint32_t depth_ = 0;  // calls that wait for answers, within each other

  std::vector<std::unique_ptr<SimProcess>> processes_;  // that may still do something
  std::optional<std::uint32_t> current_;                // who the job is thought to be run by
  std::optional<std::uint32_t> running_;                // whose code runs now
  std::uint32_t last_process_ = 0;
  std::vector<Message> messages_;
  std::uint64_t last_call_ = 0;
  std::map<std::uint64_t, OwnerEvent> answers_;  // by call
  std::map<std::string, std::string> damaged_;   // what was there before
  std::int64_t open_not_before_ = 0;
  std::map<std::uint64_t, std::string> completed_;  // manifests that were on record, by id
  std::uint64_t savepoints_ = 0;
  std::uint64_t late_trouble_at_ = 0;  // event, of those that are else without; 0: none
  std::uint64_t crash_at_ = 0;         // event; 0: none is planned
};

}  // namespace tributary::simulation
