#include "tests/simulation/joint_world.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/hash.h"
#include "checkpoint/manifest/manifest_blobs.h"
#include "checkpoint/memory_metadata_store.h"

namespace tributary::simulation {

namespace {

constexpr std::uint32_t kDepthMax = 3;
constexpr std::size_t kProcessesMax = 3;
constexpr std::uint64_t kEventsMax = 60'000;

CountingJob& job_of(bool keyed_sink) {
  static CountingJob chained(false);
  static CountingJob keyed(true);
  return keyed_sink ? keyed : chained;
}

PublishError timed_out() { return {PublishFailure::kFatal, Error(ErrorCode::S478, "no answer")}; }

}  // namespace

// ---- the broker, as a process's pool calls it ----

class JointWorld::Connector final : public SinkConnector {
 public:
  Connector(JointWorld& world, std::uint32_t process, Hash128 uid)
      : world_(world), process_(process), uid_(uid) {}

  PublishResult<void> fence(WriterNumber number, OwnershipRound) override {
    SimProcess& process = *world_.find(process_);
    // A few may have been on their way to the pool when the last lease ended.
    const bool late =
        process.control_died && world_.now() - *process.control_died > PublishLimits{}.lease_nanos;
    if (late && ++process.late_fences > 4)
      world_.violation("tasks fence long after the last lease that they can have got");
    const auto said =
        world_.ask<FenceAnswer>(process_, uid_, [&](CallId call) { return Fence{number, call}; });
    return said ? said->result : std::unexpected(timed_out());
  }
  PublishResult<MarkPosition> mark_end() override {
    const auto said =
        world_.ask<MarkEndAnswer>(process_, uid_, [&](CallId call) { return FindMarkEnd{call}; });
    return said ? said->result : std::unexpected(timed_out());
  }
  PublishResult<MarksRead> published(MarkPosition from, MarkPosition until) override {
    const auto said = world_.ask<MarksAnswer>(
        process_, uid_, [&](CallId call) { return ReadMarksOn{from, until, call}; });
    return said ? said->result : std::unexpected(timed_out());
  }
  PublishResult<MarkPosition> publish(const Part& part) override {
    const auto said =
        world_.ask<PublishAnswer>(process_, uid_, [&](CallId call) { return Publish{part, call}; });
    return said ? said->result : std::unexpected(timed_out());
  }
  void close(WriterNumber number) override {
    world_.broker_.call({process_, uid_}, CloseNumber{number});
  }

 private:
  JointWorld& world_;
  const std::uint32_t process_;
  const Hash128 uid_;
};

// The record, with death in the middle of writing it, and with a look at what is written.
// LocalMetadataStore has power cuts of its own.
class JointWorld::Metadata final : public MetadataStore {
 public:
  explicit Metadata(JointWorld& world) : world_(world) {}

  Result<std::optional<MetadataRecord>> get(std::string_view key) override {
    return store_.get(key);
  }
  Result<SetOutcome> compare_and_set(std::string_view key, MetadataVersion expected,
                                     std::string_view bytes) override {
    const bool dies = world_.dies_persisting(bytes);
    if (dies && world_.random_.chance(1, 2)) throw ControlDies{};
    const auto set = store_.compare_and_set(key, expected, bytes);
    if (set && set->stored) world_.look_at_record(std::string(bytes));
    if (dies) throw ControlDies{};
    return set;
  }
  Result<std::vector<std::string>> list(std::string_view prefix) override {
    return store_.list(prefix);
  }

 private:
  JointWorld& world_;
  MemoryMetadataStore store_;
};

template <typename Answer>
std::optional<Answer> JointWorld::ask(std::uint32_t process, const Hash128& uid,
                                      const std::function<OwnerAction(CallId)>& action) {
  SimProcess& asker = *find(process);
  const std::uint64_t call = ++last_call_;
  const std::optional<std::uint32_t> was_running = running_;
  ++asker.busy;
  ++depth_;
  broker_.call({process, uid}, action(CallId{call}));
  while (asker.alive && violation_.empty() && !answers_.contains(call)) {
    broker_.progress(random_);
    if (!random_.chance(1, 4) && deliver()) continue;
    event();
  }
  --depth_;
  --asker.busy;
  running_ = was_running;
  const auto found = answers_.extract(call);
  if (found.empty() || !asker.alive) return std::nullopt;
  return std::get<Answer>(std::move(found.mapped()));
}

void JointWorld::answer(std::uint32_t, OwnerEvent event) {
  const std::uint64_t call = std::visit(
      [](const auto& said) -> std::uint64_t {
        if constexpr (requires { said.call; }) return said.call.value;
        return 0;
      },
      event);
  answers_.insert_or_assign(call, std::move(event));
}

// ---- messages ----

void JointWorld::post(std::optional<std::uint32_t> process, std::function<void()> run) {
  const bool slow = !calm_ && random_.below(1000) < mood_.slow;
  messages_.push_back({process, std::move(run), slow ? 1 + random_.below(60) : 0});
}

void JointWorld::carry(std::function<void()> deliver) {
  if (!calm_ && random_.below(1000) < mood_.word_loss) return;
  if (!calm_ && random_.below(1000) < mood_.word_loss) post(running_, deliver);
  post(running_, std::move(deliver));
}

SimProcess* JointWorld::find(std::uint32_t id) {
  const auto found =
      std::ranges::find_if(processes_, [&](const auto& process) { return process->id() == id; });
  return found == processes_.end() ? nullptr : found->get();
}

bool JointWorld::deliver() {
  std::size_t eligible[8];
  std::size_t count = 0;
  for (std::size_t i = 0; i < messages_.size() && count < std::size(eligible); ++i) {
    if (!calm_ && messages_[i].held > 0) {
      --messages_[i].held;
      continue;
    }
    if (messages_[i].process) {
      const SimProcess* process = find(*messages_[i].process);
      if (process == nullptr || !process->alive) {
        messages_.erase(messages_.begin() + static_cast<std::ptrdiff_t>(i--));
        continue;
      }
      if (process->io_paused) continue;
    }
    eligible[count++] = i;
  }
  if (count == 0) return false;
  const std::size_t at = eligible[random_.chance(3, 10) ? random_.below(count) : 0];
  Message message = std::move(messages_[at]);
  messages_.erase(messages_.begin() + static_cast<std::ptrdiff_t>(at));
  ++events_;
  note(1000 + at);
  const auto was_running = std::exchange(running_, message.process);
  message.run();
  running_ = was_running;
  return true;
}

// ---- what goes on ----

bool JointWorld::step_somebody() {
  struct Ready {
    SimProcess* process;
    std::size_t index;
  };
  Ready ready[16];
  std::size_t count = 0;
  for (const auto& process : processes_) {
    if (!process->alive || !process->started()) continue;
    SteppedExecutor& executor = process->executor();
    for (std::size_t i = 0; i < executor.size() && count < std::size(ready); ++i) {
      // Slots were spawned first, control last.
      const bool is_control = i + 1 == executor.size();
      if (is_control && process->control_died) continue;
      const bool paused =
          is_control ? process->control_paused : (process->slots_paused >> i & 1) != 0;
      if (!paused && executor.ready(i)) ready[count++] = {process.get(), i};
    }
  }
  if (count == 0) return false;
  const Ready chosen = ready[random_.below(count)];
  note(chosen.process->id() * 16 + chosen.index);
  const auto was_running = std::exchange(running_, chosen.process->id());
  try {
    chosen.process->executor().step(chosen.index);
  } catch (const ControlDies&) {
    control_died(*chosen.process);
  }
  running_ = was_running;
  return true;
}

// Its tasks may not know yet.
void JointWorld::control_died(SimProcess& process) {
  note(5000);
  process.control_died = now();
  if (current_ == process.id()) current_.reset();
  // It takes a while until somebody notices.
  open_not_before_ = now() + static_cast<std::int64_t>(random_.below(4)) * kNanosPerSecond;
  if (random_.chance(1, 2)) crash(process);
}

bool JointWorld::run_io() {
  if (depth_ >= kDepthMax) return false;
  SimProcess* able[kProcessesMax + 1];
  std::size_t count = 0;
  for (const auto& process : processes_) {
    if (process->alive && !process->io_paused && process->io().waiting() > 0 &&
        count < std::size(able))
      able[count++] = process.get();
  }
  if (count == 0) return false;
  SimProcess& chosen = *able[random_.below(count)];
  const std::size_t waiting = chosen.io().waiting();
  std::size_t at = random_.chance(3, 10) ? random_.below(waiting) : 0;
  if (!calm_) {
    while (at < waiting && chosen.io().delayed(at)) ++at;
    if (at == waiting) return false;
  }
  note(2000 + chosen.id() * 16 + at);
  const std::function<void()> job = chosen.io().take(at);
  const auto was_running = std::exchange(running_, chosen.id());
  ++chosen.busy;
  job();
  --chosen.busy;
  running_ = was_running;
  return true;
}

void JointWorld::release() {
  JobSeams& seams = job_.seams();
  const std::size_t split = random_.below(seams.released.size());
  seams.released[split] = std::min<std::size_t>(seams.released[split] + 1 + random_.below(5),
                                                history_.splits()[split].size());
}

void JointWorld::advance_clock() {
  std::int64_t next = std::numeric_limits<std::int64_t>::max();
  for (const auto& process : processes_) {
    if (process->alive && process->started())
      next = std::min(next, process->executor().next_deadline_nanos());
  }
  const std::int64_t now = clock_.monotonic_nanos();
  if (next > now && next < now + 2 * kNanosPerSecond && random_.chance(2, 3)) {
    clock_.advance_to_nanos(next);
  } else {
    clock_.advance(milliseconds(static_cast<std::int64_t>(50 + random_.below(1500))));
  }
  broker_.progress(random_);
}

void JointWorld::event() {
  if (depth_ == 0) reap();
  if (++events_ > kEventsMax) return violation("the job does not come to its end");
  if (events_ > troubled_ && !calm_) mend();
  if (!current_ && !finished_ && depth_ < kDepthMax && clock_.monotonic_nanos() >= open_not_before_)
    return start_process();
  if (calm_) {
    if (late_trouble_at_ != 0 && events_ >= late_trouble_at_) return late_trouble();
    return calm_event();
  }
  if (crash_at_ != 0 && events_ >= crash_at_ && current_) {
    crash_at_ = 0;
    return crash(*find(*current_));
  }
  if (random_.below(100) < mood_.chaos) return chaos();
  if (random_.below(4) < mood_.brisk) return calm_event();
  switch (random_.below(16)) {
    case 0:
      return release();
    case 1:
      return broker_.progress(random_);
    case 2:
    case 3:
      // What is under way is not left behind for ever.
      if (messages_.size() < 24) return advance_clock();
      [[fallthrough]];
    case 4:
    case 5:
    case 6:
    case 7:
      if (deliver()) return;
      break;
    case 8:
    case 9:
    case 10:
    case 11:
      if (run_io()) return;
      break;
    default:
      break;
  }
  if (step_somebody() || run_io() || deliver()) return;
  advance_clock();
}

// Time passes only when nothing is left to do.
void JointWorld::calm_event() {
  const std::uint64_t first = random_.below(3);
  for (std::uint64_t i = 0; i < 3; ++i) {
    const std::uint64_t what = (first + i) % 3;
    if (what == 0 ? step_somebody() : what == 1 ? run_io() : deliver()) return;
  }
  advance_clock();
}

// ---- processes ----

std::uint32_t JointWorld::draw_slots() {
  static constexpr std::uint32_t kSlots[] = {1, 1, 1, 2, 2, 2, 2, 3};
  return std::max(kSlots[random_.below(std::size(kSlots))], mood_.slots_min);
}

void JointWorld::start_process() {
  if (processes_.size() > kProcessesMax) crash(*processes_.front());
  look_at_checkpoints();
  ProcessOptions options{
      .id = ++last_process_,
      .slots = draw_slots(),
      .little_room = mood_.little_room,
      .memory_bytes = mood_.memory_bytes,
      .base_bytes_min = mood_.base_bytes_min,
      .renewal_bytes_max = mood_.renewal_bytes_max,
      .table_order = options_.table_order != 0 ? options_.table_order : ids_.next(),
      .interval = mood_.interval,
      .part_bytes = mood_.part_bytes,
      .sweep_entries = mood_.sweep_entries,
      .retained = mood_.retained,
      .hazards = options_.hazards};
  note(3000 + options.slots);
  processes_.push_back(std::make_unique<SimProcess>(
      SimProcess::Parts{
          .job = job_,
          .files = files_,
          .metadata = *metadata_,
          .random = ids_,
          .clock = clock_,
          .wire = *this,
          .write_fails = [this] { return !calm_ && random_.below(1000) < mood_.write_fails; },
          .io_delay = [this]() -> std::uint64_t {
            return !calm_ && random_.below(1000) < mood_.io_slow ? 1 + random_.below(40) : 0;
          }},
      options));
  SimProcess& process = *processes_.back();
  current_ = process.id();
  const auto was_running = std::exchange(running_, process.id());
  ++process.busy;
  Status opened;
  try {
    opened = process.open();
  } catch (const ControlDies&) {
    crash(process);
  }
  --process.busy;
  running_ = was_running;
  if (opened || !process.alive) return;
  note(3100);
  process.alive = false;
  if (current_ == process.id()) current_.reset();
  open_not_before_ = clock_.monotonic_nanos() + kNanosPerSecond;
  // Somebody brings back what had rotted.
  if (!damaged_.empty()) return heal();
  const ErrorCode code = opened.error().code();
  // The broker is busy, the disk full, or another leader was quicker: tried again.
  if (code != ErrorCode::S478 && code != ErrorCode::F102 && code != ErrorCode::J601)
    violation(fmt::format("the job could not be opened: {}", opened.error().to_string()));
}

void JointWorld::crash(SimProcess& process) {
  process.alive = false;
  if (current_ == process.id()) current_.reset();
}

// Nobody is in the middle of a call of theirs.
void JointWorld::reap() {
  for (std::size_t i = 0; i < processes_.size();) {
    SimProcess& process = *processes_[i];
    const bool is_current = current_ == process.id();
    look_at_savepoints(process);
    if (process.alive && process.started() && process.job().over()) {
      const LocalJob::Outcome& outcome = process.job().outcome();
      note(4000 + static_cast<std::uint64_t>(outcome.phase));
      if (outcome.phase == cluster::FINISHED && is_current) finished_ = true;
      if (outcome.error && outcome.error->to_string().starts_with("X"))
        violation(fmt::format("an attempt failed: {}", outcome.error->to_string()));
      crash(process);
    }
    if (process.alive || process.busy > 0) {
      ++i;
      continue;
    }
    const std::uint32_t id = process.id();
    std::erase_if(messages_, [&](const Message& message) { return message.process == id; });
    broker_.process_died(id);
    processes_.erase(processes_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

// ---- the end ----

void JointWorld::violation(std::string text) {
  if (violation_.empty()) violation_ = std::move(text);
}

void JointWorld::check() {
  std::vector<std::vector<Said>> seen;
  for (std::uint32_t partition = 0; partition < broker_.outputs(); ++partition) {
    // Markers of the last transactions are on their way.
    const auto lines = broker_.read_partition(partition);
    if (!lines) return violation(lines.error().to_string());
    std::vector<Said>& said = seen.emplace_back();
    for (const std::string& line : *lines) {
      said.push_back(Said::parse(line));
      note(xxh3_64(line));
    }
  }
  if (std::string found = history_.difference(seen); !found.empty()) violation(std::move(found));
}

JointWorld::JointWorld(const WorldOptions& options)
    : options_(options),
      random_(options.seed),
      ids_(mix64(options.seed)),
      history_(random_, 1 + static_cast<std::uint32_t>(random_.below(3)), options.records),
      job_(job_of(random_.chance(1, 8))),
      metadata_(std::make_unique<Metadata>(*this)),
      folder_(files_, "job", ids_),
      broker_(*this, options.broker),
      troubled_(options.events / 4 + random_.below(options.events * 3 / 4 + 1)) {
  draw_mood();
  JobSeams& seams = job_.seams();
  seams.history = &history_;
  seams.released.assign(history_.splits().size(), 0);
  for (std::uint64_t i = random_.below(12); i > 0; --i) release();
  seams.outputs = broker_.outputs();
  seams.random = &random_;
  seams.make_connector = [this](const SinkIdentity& identity) {
    return std::make_shared<Connector>(*this, *running_, identity.uid);
  };
}

JointWorld::~JointWorld() {
  messages_.clear();
  processes_.clear();
}

Outcome JointWorld::run() {
  try {
    go_on_to_the_end();
  } catch (const std::exception& thrown) {
    violation(fmt::format("an exception: {}", thrown.what()));
  }
  note(events_);
  return {.violation = violation_, .trace = trace_, .events = events_};
}

void JointWorld::go_on_to_the_end() {
  while (!finished_ && violation_.empty()) {
    event();
    if (!calm_ || events_ % 64 != 0) continue;
    // Its operator starts a job again whose output is refused.
    SimProcess* process = current_ ? find(*current_) : nullptr;
    if (process != nullptr && process->started() &&
        !process->job().checkpoints().blocked_sinks.empty())
      crash(*process);
  }
  if (!calm_) mend();
  // What zombies have under way is over, too.
  for (int i = 0; i < 200 && violation_.empty(); ++i) {
    if (current_) current_.reset();
    open_not_before_ = std::numeric_limits<std::int64_t>::max();
    for (int step = 0; step < 4; ++step) {
      if (!step_somebody() && !run_io() && !deliver()) break;
    }
    reap();
    broker_.progress(random_);
  }
  clock_.advance(hours(1));
  for (int i = 0; i < 60; ++i) {
    while (deliver()) {
    }
    broker_.progress(random_);
  }
  if (violation_.empty()) check();
}

}  // namespace tributary::simulation
