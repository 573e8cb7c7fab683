#include "tests/checkpoint/publish/job_world.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace tributary::model {
namespace {

constexpr std::uint32_t kTasksMax = 3;
constexpr std::uint32_t kSettleRoundsMax = 400;
// Kinds of chaos that themes are made of.
constexpr std::uint64_t kTakeSavepoint = 5;
constexpr std::uint64_t kRestoreSavepoint = 6;
constexpr std::uint64_t kStandStill = 10;
constexpr std::uint64_t kEdge = 11;

PublishLimits small_limits() {
  PublishLimits limits;
  limits.segment_bytes = 48;
  limits.part_bytes = 40;
  limits.part_bytes_min = 8;
  limits.epoch_soft_bytes = 1 << 20;
  return limits;
}

}  // namespace

std::string to_line(const Seen& record) {
  return fmt::format("{} {} {} {}", record.job, record.lineage, record.key, record.number);
}

Seen from_line(std::string_view line) {
  Seen seen;
  for (std::uint32_t* field : {&seen.job, &seen.lineage, &seen.key, &seen.number}) {
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), *field);
    TRIBUTARY_CHECK(error == std::errc(), "a line that nobody wrote: {}", line);
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    if (!line.empty()) line.remove_prefix(1);
  }
  return seen;
}

World::World(WorldOptions options, const std::function<std::unique_ptr<Edge>(World&)>& make_edge)
    : options_(options), random_(options.seed), edge_(make_edge(*this)) {
  static constexpr std::uint64_t kLoss[] = {0, 10, 30, 100};
  static constexpr std::uint64_t kSlow[] = {0, 20, 150};
  static constexpr std::uint64_t kChaos[] = {1, 2, 4, 8};
  mood_.loss = kLoss[random_.below(4)];
  mood_.slow = kSlow[random_.below(3)];
  mood_.deliver = 40 + random_.below(35);
  mood_.chaos = kChaos[random_.below(4)];
  const std::uint64_t some = random_.next();
  const std::uint64_t others = random_.next();
  mood_.kinds = random_.chance(1, 2) ? some | others : some & others;
  // Some schedules are about one thing.
  const std::uint64_t theme = random_.below(8);
  if (theme == 0) {
    mood_.kinds = 1U << kTakeSavepoint | 1U << kRestoreSavepoint | 1U << kEdge;
    mood_.chaos = 8;
  } else if (theme == 1) {
    mood_ = {.loss = 60, .slow = 200, .deliver = 80, .chaos = 1, .kinds = 1U << kStandStill};
  }
}
World::~World() = default;

World::Uid World::job_uid(std::uint32_t job) const {
  return {jobs_[job]->uid, jobs_[job]->numbers};
}

void World::violation(std::string text) {
  if (violation_.empty()) violation_ = std::move(text);
}

bool World::current(const Process& process) const {
  const Job& job = *jobs_[process.job];
  return process.task < job.processes.size() && job.processes[process.task] == process.id;
}

World::Superseded* World::superseded(Job& job, OwnershipRound round) {
  const auto found = std::ranges::find(job.superseded, round, &Superseded::round);
  return found == job.superseded.end() ? nullptr : &*found;
}

// ---- messages ----

void World::post(std::optional<std::uint32_t> process, std::function<void()> run) {
  const bool slow = !calm_ && random_.below(1000) < mood_.slow;
  messages_.push_back({process, std::move(run), slow ? 1 + random_.below(60) : 0});
}

bool World::deliver() {
  std::vector<std::size_t> eligible;
  for (std::size_t i = 0; i < messages_.size(); ++i) {
    if (!calm_ && messages_[i].held > 0) {
      --messages_[i].held;
      continue;
    }
    if (!messages_[i].process) {
      eligible.push_back(i);
      continue;
    }
    const Process& process = *processes_[*messages_[i].process];
    if (process.alive && !process.paused && !process.busy) eligible.push_back(i);
  }
  if (eligible.empty()) return false;
  const std::size_t at =
      eligible[random_.chance(3, 10) ? random_.below(eligible.size()) : std::size_t{0}];
  const std::function<void()> run = std::move(messages_[at].run);
  note(1000 + at);
  messages_.erase(messages_.begin() + static_cast<std::ptrdiff_t>(at));
  ++events_;
  run();
  return true;
}

void World::interleave(Process& process) {
  if (interleaving_ || calm_) return;
  interleaving_ = true;
  process.busy = true;
  for (std::uint64_t i = random_.below(25); i > 0; --i) step();
  process.busy = false;
  interleaving_ = false;
}

// ---- a job ----

void World::make_job(Hash128 uid, const Positions& from) {
  auto job = std::make_unique<Job>();
  job->index = static_cast<std::uint32_t>(jobs_.size());
  job->uid = uid;
  job->history.emplace(Hash128{uid.high, ++last_id_});
  job->base.push_back(from);
  job->completed.lineage = job->history->current().id;
  job->completed.positions = from;
  jobs_.push_back(std::move(job));
  Job& made = *jobs_.back();
  start(made, Manifest(made.completed), 1 + static_cast<std::uint32_t>(random_.below(kTasksMax)),
        false);
}

// The processes of the attempt that ends: some die, some do not know yet.
void World::leave(Job& job) {
  for (const std::uint32_t id : job.processes) {
    Process& process = *processes_[id];
    if (!process.alive || process.busy) continue;
    if (calm_ || random_.chance(1, 2))
      crash_process(process);
    else
      process.paused = random_.chance(1, 2);
  }
  job.processes.clear();
  job.pending.reset();
  job.to_restart = false;
}

bool World::has_ended(const Superseded& run) const {
  return std::ranges::any_of(run.processes, [&](std::uint32_t id) {
    return !processes_[id]->alive || processes_[id]->owner->stood_down();
  });
}

// A run ends with the first of its tasks.
void World::end_superseded(Job& job) {
  std::erase_if(job.superseded, [&](const Superseded& run) {
    const auto busy = [&](std::uint32_t id) { return processes_[id]->busy; };
    if (!has_ended(run) || std::ranges::any_of(run.processes, busy)) return false;
    for (const std::uint32_t id : run.processes) crash_process(*processes_[id]);
    return true;
  });
}

// Nothing happens to the run that is there.
void World::supersede(Job& job) {
  const OwnershipRound round{job.attempt, 1};
  job.superseded.push_back(
      {round, std::move(job.coordinator), std::exchange(job.processes, {}), {}, {}});
}

void World::crash_process(Process& process) {
  if (!process.alive) return;
  process.alive = false;
  process.paused = false;
  edge_->process_died(process);
  std::erase_if(messages_, [&](const Message& m) { return m.process == process.id; });
  if (current(process)) jobs_[process.job]->to_restart = true;
}

void World::start(Job& job, const Manifest& from, std::uint32_t tasks, bool new_lineage) {
  if (new_lineage && edge_->refuses_earlier_rounds() && random_.chance(1, 2)) supersede(job);
  leave(job);
  ++job.attempt;
  job.round_since = now_;
  note(job.attempt * 16 + tasks);
  if (new_lineage) {
    const Hash128 id{job.uid.high, ++last_id_};
    TRIBUTARY_CHECK(job.history->branch(id, from.lineage, from.epoch).has_value());
    job.base.push_back(from.positions);
  }
  job.completed = from;
  job.completed.lineage = from.lineage;
  job.tasks = tasks;
  const auto plan = plan_sink_owners(from.record ? &*from.record : nullptr, from.snapshots, tasks,
                                     from.epoch, options_.hazards);
  if (!plan) return violation("no plan: " + plan.error().what());
  // W is on record, whatever the checkpoint says.
  job.numbers = std::max(job.numbers, plan->numbers);
  checkpoint::SinkRecord record = from.record.value_or(checkpoint::SinkRecord{});
  record.set_numbers(job.numbers);
  auto owners = plan_sink_owners(&record, from.snapshots, tasks, from.epoch, options_.hazards);
  const OwnershipRound round{job.attempt, 1};
  job.coordinator = std::make_unique<SinkCoordinator>(
      SinkCoordinator::Settings{.sink = "out",
                                .round = round,
                                .tasks = tasks,
                                .numbers = job.numbers,
                                .restored = from.epoch,
                                .drain_points = owners->drain_points,
                                .marks_from = owners->marks_from,
                                .marks_id = record.marks_id(),
                                .hazards = options_.hazards});
  for (std::uint32_t task = 0; task < tasks; ++task) {
    auto process = std::make_unique<Process>();
    process->id = static_cast<std::uint32_t>(processes_.size());
    process->job = job.index;
    process->task = task;
    process->tasks = tasks;
    process->round = round;
    process->lineage = static_cast<std::uint32_t>(job.history->lineages().size() - 1);
    process->next = from.positions;
    process->last_barrier = from.epoch;
    process->stager = std::make_unique<EpochStager>(SegmentOwner{job.uid, "out", {task}},
                                                    job.history->current().id, small_limits());
    process->owner = std::make_unique<SinkOwner>(SinkOwner::Settings{.sink = "out",
                                                                     .uid = job.uid,
                                                                     .own = {task},
                                                                     .round = round,
                                                                     .restored = from.epoch,
                                                                     .limits = small_limits(),
                                                                     .hazards = options_.hazards},
                                                 *job.history, std::move(owners->tasks[task]));
    job.processes.push_back(process->id);
    processes_.push_back(std::move(process));
    edge_->process_started(*processes_.back());
    owner_step(*processes_.back(), Started{});
  }
}

void World::restart(Job& job) { start(job, Manifest(job.completed), job.tasks, false); }

// ---- a task ----

void World::emit(const std::vector<std::uint32_t>& processes, std::uint32_t how_many) {
  if (processes.empty()) return;
  Process& process = *processes_[processes[random_.below(processes.size())]];
  if (!process.alive || process.paused || process.busy) return;
  for (std::uint32_t i = 0; i < how_many; ++i) {
    const auto key = static_cast<std::uint32_t>(random_.below(kKeys));
    if (key % process.tasks != process.task || process.next[key] >= options_.records_per_key)
      continue;
    edge_->emit(process, {process.job, process.lineage, key, process.next[key]++});
  }
  after_staging(process);
}

void World::stage(Process& process, const StagedRecord& record) {
  const Status added = process.stager->add(record, now_);
  TRIBUTARY_CHECK(added.has_value());
}

void World::after_staging(Process& process) {
  const std::uint32_t id = process.id;
  for (EpochStager::SegmentToStore& segment : process.stager->take_segments()) {
    post(id, [this, id, segment] {
      Process& at = *processes_[id];
      if (unlucky()) {
        at.stager->store_failed(segment.id);
        return;
      }
      checkpoint::PieceRef piece;
      piece.mutable_blob()->set_name(fmt::format("blob-{}", ++last_id_));
      blobs_[piece.blob().name()] = *segment.bytes;
      at.stager->stored(segment.id, piece);
      after_staging(at);
    });
  }
  while (const auto unit = process.stager->take_unit()) owner_step(process, UnitStaged{*unit});
}

void World::on_barrier(Process& process, Epoch epoch) {
  if (epoch <= process.last_barrier) return;
  process.last_barrier = epoch;
  process.at_barrier[epoch] = process.next;
  edge_->before_barrier(process, epoch);
  if (!process.alive) return;
  process.stager->close(epoch);
  owner_step(process, BarrierPassed{epoch});
  after_staging(process);
}

void World::answer(std::uint32_t id, OwnerEvent event) {
  Process& process = *processes_[id];
  if (process.alive) owner_step(process, event);
}

void World::owner_step(Process& process, const OwnerEvent& event) {
  const std::uint32_t id = process.id;
  for (OwnerAction& action : process.owner->step(event, now_)) {
    note(10 + action.index());
    if (std::holds_alternative<Fence>(action) && !current(process) &&
        superseded(*jobs_[process.job], process.round) == nullptr &&
        now_ - jobs_[process.job]->round_since >= small_limits().lease_nanos) {
      violation(fmt::format("process {} fences, {} s after its round ended", id,
                            (now_ - jobs_[process.job]->round_since) / kNanosPerSecond));
    }
    if (const auto* said = std::get_if<Report>(&action)) {
      report(process, said->report);
    } else if (const auto* load = std::get_if<LoadSegment>(&action)) {
      const std::string name = load->piece.blob().name();
      const SegmentAnswer base{load->number, load->call, std::string()};
      post(id, [this, id, name, base] {
        SegmentAnswer full = base;
        if (unlucky())
          full.result = fail(ErrorCode::F101, "reading {}", name);
        else
          full.result = blobs_.at(name);
        answer(id, full);
      });
    } else if (const auto* ready = std::get_if<SnapshotReady>(&action)) {
      const auto positions = process.at_barrier.extract(ready->epoch);
      post(std::nullopt,
           [this, id, epoch = ready->epoch, snapshot = ready->snapshot, at = positions.mapped()] {
             const Process& from = *processes_[id];
             Job& job = *jobs_[from.job];
             if (Superseded* run = superseded(job, from.round))
               return acknowledge(job, *run, from.task, epoch);
             acknowledge(job, from, epoch, snapshot, at);
           });
    } else if (const auto* down = std::get_if<StandDown>(&action)) {
      if (current(process)) violation("the owner stands down: " + down->reason);
    } else if (std::holds_alternative<DeadLetters>(action)) {
      violation("dead letters that nobody asked for");
    } else {
      edge_->call(process, action);
    }
  }
}

// ---- the coordinator ----

void World::report(const Process& process, const OwnerReport& said) {
  if (unlucky()) return;
  post(std::nullopt, [this, job = process.job, task = process.task, round = process.round, said] {
    Job& of = *jobs_[job];
    Superseded* run = superseded(of, round);
    coordinator_step(of, run != nullptr ? *run->coordinator : *of.coordinator,
                     OwnerSaid{task, round, said});
  });
}

void World::coordinator_step(Job& job, SinkCoordinator& coordinator, const SinkEvent& event) {
  for (const SinkAction& action : coordinator.step(event)) {
    if (const auto* failed = std::get_if<FailSink>(&action)) {
      // A transaction that hangs is for people to see to; they start the job again.
      if (failed->error.code() == ErrorCode::S475)
        job.to_restart |= &coordinator == job.coordinator.get();
      else
        violation("the sink failed: " + failed->error.what());
      continue;
    }
    const auto* order = std::get_if<ToOwner>(&action);
    if (order == nullptr || unlucky()) continue;
    // Everybody who ever had this place hears it: addresses outlive processes.
    for (const auto& process : processes_) {
      if (!process->alive || process->job != job.index || process->task != order->task) continue;
      if (process->round != order->round && !random_.chance(1, 2)) continue;
      post(process->id, [this, id = process->id, order = Order{order->round, order->order}] {
        owner_step(*processes_[id], order);
      });
    }
  }
}

void World::trigger(Job& job) {
  if (job.processes.empty()) return;
  job.pending.reset();
  job.pending.emplace();
  job.pending->epoch = {job.last_epoch += 1 + random_.below(2)};
  job.pending->positions = job.completed.positions;
  order_barrier(job.processes, job.pending->epoch);
  for (Superseded& run : job.superseded) trigger(job, run);
}

// Its ids are far from those of the other run: they are passed over.
void World::trigger(Job& job, Superseded& run) {
  run.acknowledged.clear();
  run.pending = {++job.last_epoch};
  order_barrier(run.processes, run.pending);
}

void World::order_barrier(const std::vector<std::uint32_t>& processes, Epoch epoch) {
  for (const std::uint32_t id : processes) {
    if (unlucky()) continue;
    post(id, [this, id, epoch] { on_barrier(*processes_[id], epoch); });
  }
}

void World::acknowledge(Job& job, Superseded& run, std::uint32_t task, Epoch epoch) {
  if (run.pending != epoch) return;
  run.acknowledged.insert(task);
  if (run.acknowledged.size() == run.processes.size())
    coordinator_step(job, *run.coordinator, EpochCompleted{epoch});
}

void World::acknowledge(Job& job, const Process& process, Epoch epoch,
                        const checkpoint::SinkSnapshot& snapshot, const Positions& positions) {
  if (!current(process) || !job.pending || job.pending->epoch != epoch) return;
  PendingCheckpoint& pending = *job.pending;
  pending.snapshots[process.task] = snapshot;
  for (std::uint32_t key = process.task; key < kKeys; key += process.tasks)
    pending.positions[key] = positions[key];
  if (pending.snapshots.size() != job.tasks) return;
  Manifest done;
  done.epoch = epoch;
  done.lineage = job.history->current().id;
  done.positions = pending.positions;
  done.record = job.coordinator->record();
  for (auto& [task, stored] : pending.snapshots) done.snapshots.push_back(std::move(stored));
  job.completed = std::move(done);
  job.pending.reset();
  coordinator_step(job, *job.coordinator, EpochCompleted{epoch});
}

// ---- what happens ----

void World::tick(std::int64_t nanos) {
  now_ += nanos;
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    Process& process = *processes_[i];
    if (!process.alive || process.paused || process.busy) continue;
    process.stager->tick(now_);
    after_staging(process);
    owner_step(process, Tick{});
  }
  for (const auto& job : jobs_) {
    end_superseded(*job);
    coordinator_step(*job, *job->coordinator, SinkTick{});
    for (const Superseded& run : job->superseded)
      coordinator_step(*job, *run.coordinator, SinkTick{});
  }
}

void World::chaos() {
  Job& job = *jobs_[random_.below(jobs_.size())];
  std::uint64_t what = random_.below(14);
  for (int i = 0; i < 40 && (mood_.kinds >> what & 1) == 0; ++i) what = random_.below(14);
  note(100 + what);
  if ((mood_.kinds >> what & 1) == 0) return;
  switch (what) {
    case 0:
    case 1:
      return restart(job);
    case 2: {
      // Falls asleep without a word; another takes its place.
      if (job.processes.empty()) return;
      Process& sleeper = *processes_[job.processes[random_.below(job.processes.size())]];
      if (sleeper.busy) return;
      sleeper.paused = true;
      job.processes[sleeper.task] = job.processes.back();
      job.processes.pop_back();
      return restart(job);
    }
    case 3:
      for (const auto& process : processes_) {
        if (process->paused && random_.chance(1, 2)) process->paused = false;
      }
      return;
    case 4:
      return start(job, Manifest(job.completed),
                   1 + static_cast<std::uint32_t>(random_.below(kTasksMax)), false);
    case kTakeSavepoint:
      if (job.completed.epoch == Epoch{}) return;
      if (job.savepoints.size() == 3) job.savepoints.erase(job.savepoints.begin() + 1);
      job.savepoints.push_back(job.completed);
      return;
    case kRestoreSavepoint:
      if (job.savepoints.empty() || job.history->lineages().size() >= 5) return;
      return start(job, Manifest(job.savepoints[random_.below(job.savepoints.size())]),
                   1 + static_cast<std::uint32_t>(random_.below(kTasksMax)), true);
    case 7:
      if (jobs_.size() >= 2 || job.completed.epoch == Epoch{} || random_.chance(1, 2)) return;
      return make_job({++last_id_, 77}, Positions(job.completed.positions));
    case 8:
      return tick(static_cast<std::int64_t>(2 + random_.below(11)) * kNanosPerSecond);
    case 9:
      if (interleaving_ || random_.chance(1, 2) || !edge_->power_cut()) return;
      for (const auto& process : processes_) crash_process(*process);
      return;
    case kStandStill: {
      // Stands still for a while, and nobody notices.
      if (job.processes.empty()) return;
      Process& still = *processes_[job.processes[random_.below(job.processes.size())]];
      if (!still.busy && still.alive) still.paused = true;
      return;
    }
    default:
      note(edge_->chaos(random_));
  }
}

void World::step() {
  ++events_;
  if (random_.below(100) < mood_.chaos) {
    chaos();
  } else if (random_.below(100) < mood_.deliver) {
    if (!deliver()) tick(kNanosPerSecond / 10);
    for (std::uint64_t more = random_.below(8); more > 0 && deliver(); --more) {
    }
  } else {
    switch (random_.below(8)) {
      case 0:
      case 1:
      case 2: {
        const Job& job = *jobs_[random_.below(jobs_.size())];
        const auto how_many = 1 + static_cast<std::uint32_t>(random_.below(6));
        const std::uint64_t run = random_.below(1 + job.superseded.size());
        emit(run == 0 ? job.processes : job.superseded[run - 1].processes, how_many);
        break;
      }
      case 3:
      case 4:
        tick(static_cast<std::int64_t>(1 + random_.below(8)) * kNanosPerSecond / 10);
        break;
      case kTakeSavepoint:
        trigger(*jobs_[random_.below(jobs_.size())]);
        break;
      default:
        edge_->progress(random_);
    }
  }
  for (const auto& job : jobs_) {
    if (job->to_restart) restart(*job);
  }
}

// ---- the end ----

bool World::finished() {
  for (const auto& job : jobs_) {
    for (const std::uint32_t at : job->completed.positions) {
      if (at < options_.records_per_key) return false;
    }
    if (!job->coordinator->published(job->completed.epoch)) return false;
  }
  return true;
}

// Everything is mended, zombies wake, and every job runs to its end.
void World::settle() {
  calm_ = true;
  edge_->mend();
  for (const auto& process : processes_) process->paused = false;
  for (std::uint32_t round = 0; !finished() && violation_.empty(); ++round) {
    if (round == kSettleRoundsMax) {
      return violation("the jobs do not come to their end");
    }
    for (const auto& job : jobs_) {
      if (job->to_restart) restart(*job);
      for (std::uint32_t i = 0; i < job->tasks; ++i) emit(job->processes, 24);
      if (round % 8 == 7) trigger(*job);
      if (!job->coordinator->blocked().empty())
        coordinator_step(*job, *job->coordinator, RetryBlocked{});
      for (const Superseded& run : job->superseded) {
        emit(run.processes, 24);
        if (!run.coordinator->blocked().empty())
          coordinator_step(*job, *run.coordinator, RetryBlocked{});
      }
    }
    for (int i = 0; i < 60 && deliver(); ++i) edge_->progress(random_);
    edge_->progress(random_);
    tick(kNanosPerSecond / 2);
  }
  // What zombies had under way is over, too.
  for (int i = 0; i < 2000 && deliver(); ++i) edge_->progress(random_);
  for (int i = 0; i < 100; ++i) {
    tick(kNanosPerSecond / 2);
    edge_->progress(random_);
  }
  check_superseded();
}

// A run that has something to publish and cannot, because another one owns the output, must have
// found out by now: one of its tasks, and it ends with it.
void World::check_superseded() {
  for (int i = 0; i < 4000 && deliver(); ++i) edge_->progress(random_);
  for (const auto& job : jobs_) {
    for (const Superseded& run : job->superseded) {
      if (has_ended(run)) continue;
      for (const std::uint32_t id : run.processes) {
        if (processes_[id]->owner->pending().epochs > 0)
          violation(fmt::format("superseded attempt {} has not ended", run.round.attempt));
      }
    }
  }
}

void World::check() {
  const auto all = edge_->read_all();
  if (!all) return violation(all.error().what());
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, std::uint32_t> next;
  for (const std::vector<Seen>& in_order : *all) {
    for (const Seen& seen : in_order) {
      note(seen.lineage * 1'000'003 + seen.key * 1009 + seen.number);
      const Job& job = *jobs_[seen.job];
      const auto [at, is_new] =
          next.try_emplace({seen.job, seen.lineage, seen.key}, job.base[seen.lineage][seen.key]);
      if (seen.number != at->second) {
        return violation(fmt::format("job {}, lineage {}, key {}: record {} where {} is expected",
                                     seen.job, seen.lineage, seen.key, seen.number, at->second));
      }
      ++at->second;
      // What a lineage rests on comes before what it adds.
      for (std::uint32_t later = seen.lineage + 1; later < job.base.size(); ++later) {
        if (!next.contains({seen.job, later, seen.key}) ||
            seen.number >= job.base[later][seen.key] ||
            !job.history->descends(job.history->lineages()[later].id,
                                   job.history->lineages()[seen.lineage].id, {1})) {
          continue;
        }
        return violation(fmt::format("job {}, key {}: record {} of lineage {} is behind lineage {}",
                                     seen.job, seen.key, seen.number, seen.lineage, later));
      }
    }
  }
  // The last lineage is to reach the end of the input, and what it rests on is to be out up to
  // where the next one began; what a restore gave up may be out or not.
  for (const auto& job : jobs_) {
    const std::vector<Lineage>& lineages = job->history->lineages();
    Positions needed;
    needed.fill(options_.records_per_key);
    for (auto at = std::optional(static_cast<std::uint32_t>(lineages.size() - 1)); at;
         at = lineages[*at].parent) {
      for (std::uint32_t key = 0; key < kKeys; ++key) {
        const auto found = next.find({job->index, *at, key});
        const std::uint32_t out = found == next.end() ? job->base[*at][key] : found->second;
        if (out >= needed[key]) continue;
        return violation(fmt::format("job {}, lineage {}, key {}: {} records are out of {}",
                                     job->index, *at, key, out, needed[key]));
      }
      needed = job->base[*at];
    }
  }
}

Outcome World::run() {
  make_job({++last_id_, 77}, {});
  for (std::uint32_t i = 0; i < options_.steps && violation_.empty(); ++i) step();
  if (violation_.empty()) settle();
  if (violation_.empty()) check();
  return {violation_, trace_, events_};
}

}  // namespace tributary::model
