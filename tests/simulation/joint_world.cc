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

// Kinds of chaos.
enum Trouble : std::uint64_t {
  kCrash,
  kPowerCut,
  kZombie,
  kWake,
  kStandStill,
  kDamage,
  kStop,
  kBroker,
  kClockJump,
  kWantCheckpoint,
  kSavepoint,
  kHeal,
  kTroubles,
};

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
    const bool late = process.control_died &&
                      world_.now() - *process.control_died > PublishLimits{}.lease_nanos;
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
    const bool dies = !world_.calm_ && world_.random_.below(1000) < world_.mood_.dies_persisting;
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

void JointWorld::look_at_record(const std::string& bytes) {
  cluster::JobRecord record;
  if (!record.ParseFromString(bytes)) return violation("the record cannot be parsed");
  for (const cluster::CompletedCheckpoint& one : record.checkpoints().completed()) {
    const bool is_older = !completed_.empty() && completed_.rbegin()->first > one.id();
    const auto [known, is_new] = completed_.try_emplace(one.id(), one.manifest().name());
    // Most that can go wrong shows when it is restored.
    if (is_new && !calm_ && random_.below(4) < mood_.crashes)
      crash_at_ = events_ + 1 + random_.below(60);
    if (is_new && is_older)
      return violation(fmt::format("checkpoint {} is complete after a later one", one.id()));
    if (known->second != one.manifest().name())
      return violation(fmt::format("checkpoint {} is complete twice", one.id()));
  }
}

// All that the record names is there, whoever died in the middle of what.
void JointWorld::look_at_checkpoints() {
  if (!damaged_.empty()) return;
  const auto found = metadata_->get(JobFolder::kRecordKey);
  cluster::JobRecord record;
  if (!found || !*found || !record.ParseFromString((*found)->bytes)) return;
  for (const cluster::CompletedCheckpoint& one : record.checkpoints().completed()) {
    const auto manifest = folder_.manifests().read(one.manifest());
    if (!manifest)
      return violation(fmt::format("checkpoint {}: {}", one.id(), manifest.error().to_string()));
    for_each_blob(*manifest, [&](const checkpoint::BlobRef& blob) {
      const auto file = folder_.blobs().get(blob);
      if (!file) violation(fmt::format("checkpoint {}: {}", one.id(), file.error().to_string()));
    });
  }
}

void JointWorld::look_at_savepoints(SimProcess& process) {
  if (!process.started()) return;
  for (const LocalJob::SavepointOutcome& one : process.job().take_outcomes()) {
    if (!one.error || !damaged_.empty()) continue;
    const ErrorCode code = one.error->code();
    if (code == ErrorCode::S410 || code == ErrorCode::S411)
      violation(fmt::format("a savepoint failed: {}", one.error->to_string()));
  }
}

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
  return kSlots[random_.below(std::size(kSlots))];
}

void JointWorld::start_process() {
  if (processes_.size() > kProcessesMax) crash(*processes_.front());
  look_at_checkpoints();
  ProcessOptions options{.id = ++last_process_,
                         .slots = draw_slots(),
                         .little_room = mood_.little_room,
                         .memory_bytes = mood_.memory_bytes,
                         .base_bytes_min = mood_.base_bytes_min,
                         .table_order = options_.table_order,
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
  if (std::getenv("SIM_DEBUG"))
    fmt::print("{}: start {} slots {} from {} passed over {} {}\n", events_, options.id,
               options.slots, opened ? process.job().checkpoints().newest.value : 0,
               process.passed_over(), opened ? "" : opened.error().to_string());
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
      if (std::getenv("SIM_DEBUG"))
        fmt::print("{}: over {} {} {}\n", events_, process.id(),
                   cluster::JobPhase_Name(outcome.phase),
                   outcome.error ? outcome.error->to_string() : "");
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

// ---- troubles ----

void JointWorld::chaos() {
  std::uint64_t what = random_.below(kTroubles);
  for (int i = 0; i < 30 && (mood_.kinds >> what & 1) == 0; ++i) what = random_.below(kTroubles);
  if ((mood_.kinds >> what & 1) == 0) return;
  note(100 + what);
  if (std::getenv("SIM_DEBUG")) fmt::print("{}: chaos {}\n", events_, what);
  SimProcess* process = current_ ? find(*current_) : nullptr;
  switch (static_cast<Trouble>(what)) {
    case kCrash:
      if (process != nullptr) crash(*process);
      return;
    case kPowerCut:
      for (const auto& one : processes_) crash(*one);
      files_.drop_unsynced();
      return;
    case kZombie:
      // Taken for dead: another takes the job over.
      if (process == nullptr) return;
      if (processes_.size() >= kProcessesMax) return crash(*processes_.front());
      process->control_paused = random_.chance(1, 2);
      process->slots_paused = static_cast<std::uint32_t>(random_.below(8));
      process->io_paused = random_.chance(1, 2);
      current_.reset();
      return;
    case kWake:
      for (const auto& one : processes_) {
        one->control_paused = false;
        one->slots_paused = 0;
        one->io_paused = false;
      }
      return;
    case kStandStill:
      if (process == nullptr) return;
      process->control_paused = random_.chance(1, 3);
      process->slots_paused = static_cast<std::uint32_t>(random_.below(8));
      process->io_paused = random_.chance(1, 3);
      return;
    case kDamage:
      damage();
      for (const auto& one : processes_) crash(*one);
      return;
    case kStop:
      if (process != nullptr && process->started()) process->job().request_stop();
      return;
    case kBroker:
      return note(broker_.chaos(random_));
    case kClockJump:
      clock_.advance(seconds(static_cast<std::int64_t>(2 + random_.below(30))));
      return;
    case kWantCheckpoint:
      if (process != nullptr && process->started()) process->job().request_checkpoint();
      return;
    case kSavepoint:
      if (process != nullptr && process->started())
        process->job().request_savepoint(fmt::format("savepoints/{}", ++savepoints_));
      return;
    case kHeal:
      return heal();
    case kTroubles:
      return;
  }
}

// In the middle of a job that runs well.
void JointWorld::late_trouble() {
  late_trouble_at_ = 0;
  const std::uint64_t what = random_.below(4);
  note(200 + what);
  if (what == 0) damage();
  for (const auto& one : processes_) {
    if (what < 2 || one->id() == current_) crash(*one);
  }
  if (what == 1) files_.drop_unsynced();
}

// One byte of one blob, chosen by the seed.
void JointWorld::damage() {
  std::vector<std::string> found;
  const auto walk = [&](const auto& self, const std::string& folder) -> void {
    const auto entries = files_.list(folder);
    if (!entries) return;
    for (const DirectoryEntry& entry : *entries) {
      const std::string path = folder + "/" + entry.name;
      if (entry.kind == FileKind::kDirectory)
        self(self, path);
      else if (entry.size > 0)
        found.push_back(path);
    }
  };
  walk(walk, "job/blobs");
  walk(walk, "job/manifests");
  if (found.empty()) return;
  // Mostly what came last: what would be restored.
  std::ranges::sort(found, std::ranges::greater(),
                    [&](const std::string& path) { return files_.stat(path)->modified.micros; });
  const std::string& path = found[random_.below(
      random_.chance(3, 4) ? std::min<std::size_t>(found.size(), 4) : found.size())];
  const auto bytes = files_.read_whole_file(path, 1 << 20);
  if (!bytes || damaged_.contains(path)) return;
  std::string spoilt = *bytes;
  spoilt[random_.below(spoilt.size())] ^= static_cast<char>(1U << random_.below(8));
  damaged_[path] = *bytes;
  (void)files_.replace_file(path, spoilt);
}

void JointWorld::heal() {
  for (const auto& [path, bytes] : damaged_) {
    const auto there = files_.exists(path);
    if (there && *there) (void)files_.replace_file(path, bytes);
  }
  damaged_.clear();
}

// ---- the end ----

void JointWorld::violation(std::string text) {
  if (std::getenv("SIM_DEBUG")) {
    for (const auto& one : processes_) {
      fmt::print(
          "process {} alive {} busy {} started {} current {} phase {} waiting io {} messages {} "
          "now {}\n",
          one->id(), one->alive, one->busy, one->started(), current_ == one->id(),
          one->started() ? cluster::JobPhase_Name(one->job().phase()) : "", one->io().waiting(),
          messages_.size(), clock_.monotonic_nanos());
      if (one->started()) {
        auto c = one->job().checkpoints();
        fmt::print(" newest {} pending {} failed {} last {}\n", c.newest.value, c.pending.value,
                   c.failed, c.last_failure ? c.last_failure->to_string() : "-");
        for (auto& m : one->job().execution().metrics())
          fmt::print(" stage {} task {} finished {} watermark {}\n", m.stage, m.task,
                     m.finished.get(), m.watermark.get());
      }
    }
    for (auto r : job_.seams().released) fmt::print(" released {}", r);
    fmt::print("\n");
  }
  if (violation_.empty()) violation_ = std::move(text);
}

void JointWorld::mend() {
  calm_ = true;
  if (random_.chance(1, 2)) late_trouble_at_ = events_ + 1 + random_.below(400);
  heal();
  broker_.mend();
  for (const auto& process : processes_) {
    process->control_paused = false;
    process->slots_paused = 0;
    process->io_paused = false;
  }
  JobSeams& seams = job_.seams();
  for (std::size_t i = 0; i < seams.released.size(); ++i)
    seams.released[i] = history_.splits()[i].size();
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
  if (std::getenv("SIM_DEBUG") && !violation_.empty()) {
    fmt::print(
        "memory {} base {} kinds {:x} chaos {} loss {} wloss {} slow {} wf {} retained {} little "
        "{}\n",
        mood_.memory_bytes, mood_.base_bytes_min, mood_.kinds, mood_.chaos, mood_.loss,
        mood_.word_loss, mood_.slow, mood_.write_fails, mood_.retained, mood_.little_room);
    for (auto& p : seen)
      for (auto& one : p) {
        InputRecord r{one.key, one.record, {}};
        for (auto& sp : history_.splits())
          for (auto& x : sp)
            if (x.id == one.record) r = x;
        auto c = change_of(r);
        fmt::print("{}: {} | put {} erased {} cleared {} forgets {}\n", one.key, one.text(), c.put,
                   c.erased, c.cleared, c.forgets);
      }
  }
}

void JointWorld::draw_mood() {
  static constexpr std::uint64_t kLoss[] = {0, 0, 10, 60};
  static constexpr std::uint64_t kWordLoss[] = {0, 0, 20, 80};
  static constexpr std::uint64_t kSlow[] = {0, 20, 150};
  static constexpr std::uint64_t kWriteFails[] = {0, 0, 10, 50};
  static constexpr std::uint64_t kChaos[] = {1, 2, 4, 8};
  static constexpr std::size_t kMemory[] = {0, 3'000, 12'000};
  static constexpr std::size_t kSweep[] = {1, 3, 2000};
  static constexpr std::uint64_t kBase[] = {200, 1'000, 1 << 20};
  static constexpr std::uint64_t kPart[] = {100, 300, 2'000};
  static constexpr std::uint64_t kBrisk[] = {0, 2, 3};
  static constexpr std::uint64_t kIoSlow[] = {0, 0, 200};
  static constexpr std::uint64_t kDies[] = {0, 0, 0, 100};
  mood_.loss = kLoss[random_.below(4)];
  mood_.word_loss = kWordLoss[random_.below(4)];
  mood_.slow = kSlow[random_.below(3)];
  mood_.write_fails = kWriteFails[random_.below(4)];
  mood_.chaos = kChaos[random_.below(4)];
  mood_.crashes = random_.below(4);
  mood_.brisk = kBrisk[random_.below(3)];
  mood_.io_slow = kIoSlow[random_.below(3)];
  const std::uint64_t some = random_.next();
  const std::uint64_t others = random_.next();
  mood_.kinds = random_.chance(1, 2) ? some | others : some & others;
  mood_.little_room = random_.chance(1, 4);
  mood_.memory_bytes = kMemory[random_.below(3)];
  mood_.sweep_entries = kSweep[random_.below(3)];
  mood_.base_bytes_min = kBase[random_.below(3)];
  mood_.part_bytes = kPart[random_.below(3)];
  mood_.dies_persisting = kDies[random_.below(4)];
  mood_.interval = milliseconds(static_cast<std::int64_t>(300 + random_.below(4000)));
  mood_.retained = 1 + static_cast<std::uint32_t>(random_.below(2));
  // Some schedules are about one thing.
  const auto only = [&](std::initializer_list<Trouble> kinds) {
    mood_.kinds = 0;
    for (const Trouble kind : kinds) mood_.kinds |= std::uint64_t{1} << kind;
    mood_.loss = mood_.word_loss = mood_.write_fails = mood_.dies_persisting = 0;
    mood_.chaos = 6;
  };
  switch (random_.below(16)) {
    case 0:
      only({kZombie, kWake, kStandStill, kClockJump, kBroker, kCrash});
      mood_.slow = 150;
      break;
    case 1:
      only({kDamage, kHeal, kWantCheckpoint, kCrash});
      mood_.retained = 2;
      mood_.memory_bytes = 0;
      break;
    case 2:
      only({kCrash, kWantCheckpoint});
      mood_.write_fails = 150;
      break;
    case 3:
      only({kCrash, kWantCheckpoint, kStop});
      mood_.memory_bytes = 3'000;
      mood_.sweep_entries = 1;
      mood_.base_bytes_min = 200;
      break;
    case 4:
      only({kCrash, kBroker, kWantCheckpoint, kClockJump});
      mood_.loss = 100;
      mood_.part_bytes = 100;
      break;
    case 5:
      only({kCrash, kWantCheckpoint, kClockJump, kStandStill, kWake});
      mood_.word_loss = 150;
      mood_.slow = 200;
      break;
    case 6:
      only({kWantCheckpoint, kCrash, kSavepoint});
      mood_.dies_persisting = 150;
      break;
    default:
      break;
  }
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
