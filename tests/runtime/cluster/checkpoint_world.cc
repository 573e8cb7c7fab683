#include "tests/runtime/cluster/checkpoint_world.h"

#include <charconv>
#include <utility>

#include "checkpoint/manifest/manifest_blobs.h"
#include "checkpoint/manifest/manifest_file.h"
#include "checkpoint/publish/lineage.h"

namespace tributary {

namespace act = checkpoint_action;
namespace happened = checkpoint_event;

namespace {

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};

std::uint64_t attempt_in(const std::string& blob) {
  std::uint64_t attempt = 0;
  std::from_chars(blob.data() + 1, blob.data() + blob.size(), attempt);
  return attempt;
}

}  // namespace

CheckpointWorld::CheckpointWorld(std::uint64_t seed, CheckpointHazards hazards)
    : random_(seed), hazards_(hazards), retained_(1 + static_cast<std::uint32_t>(seed % 2)) {
  record_.set_ids_below(1);
  *record_.mutable_lineages() = LineageHistory(Hash128{1, 2}).encode();
}

void CheckpointWorld::wrong(std::string what) {
  if (wrong_.empty()) wrong_ = std::move(what);
  over_ = true;
}

// ---- leaders ----

void CheckpointWorld::begin_election() {
  for (Leader& old : leaders_) old.alive = old.alive && random_.chance(1, 2);
  term_ = leaders_.size() + 1;
  ++version_;  // the record bears the new term before anything else
  Leader& leader = leaders_.emplace_back();
  leader.term = term_;
  leader.version = version_;
  CheckpointCoordinator::Settings settings{.uid = std::string(16, 'u'),
                                           .graph_digest = std::string(16, 'd'),
                                           .key_groups = 8,
                                           .term = term_,
                                           .interval = seconds(10),
                                           .time_out = seconds(40),
                                           .retained = retained_,
                                           .sweep_interval = seconds(60),
                                           .hazards = hazards_};
  leader.coordinator.emplace(std::move(settings), record_);
  const std::size_t index = leaders_.size() - 1;
  event(index, happened::Started{});
  if (tasks_.empty() || random_.chance(1, 3)) {
    tasks_.clear();
    event(index, happened::RestoreWanted{});
    return;
  }
  // Adopts what runs.
  to_tasks(index, attempt_, [](Task&) {});
  happened::AttemptStarted adopted{.attempt = attempt_};
  for (std::uint32_t i = 0; i < kTasks; ++i) adopted.tasks.push_back({attempt_, 0, i});
  event(index, adopted);
}

void CheckpointWorld::event(std::size_t leader, const CheckpointEvent& event) {
  if (!leaders_[leader].alive || over_) return;
  note(event.index() + 100 * leader);
  const auto actions = leaders_[leader].coordinator->step(event, now_);
  for (const CheckpointAction& action : actions) {
    // It may die between any two.
    if (!leaders_[leader].alive || over_) return;
    note(action.index() + 1000);
    perform(leader, action);
  }
}

void CheckpointWorld::persist(std::size_t leader, const cluster::CheckpointRecord& record) {
  Leader& self = leaders_[leader];
  const bool stored = version_ == self.version && term_ == self.term;
  if (stored) {
    self.version = ++version_;
    record_ = record;
    for (const auto& one : record_.completed()) ever_completed_.insert(one.id());
    check_record();
  }
  messages_.emplace_back([this, leader, stored] {
    if (stored)
      event(leader, happened::RecordPersisted{});
    else
      event(leader, happened::PersistFailed{});
  });
}

void CheckpointWorld::perform(std::size_t leader, const CheckpointAction& action) {
  const auto later = [&](Message message) { messages_.push_back(std::move(message)); };
  std::visit(
      Overloaded{
          [&](const act::PersistRecord& order) {
            later([this, leader, record = order.record] { persist(leader, record); });
          },
          [&](const act::TriggerCheckpoint& order) {
            if (!triggered_.insert(order.id.value).second)
              wrong(fmt::format("checkpoint id {} is used twice", order.id.value));
            to_tasks(leader, order.attempt,
                     [this, leader, order](Task& task) { on_trigger(leader, task, order); });
          },
          [&](const act::AbortCheckpoint& order) {
            to_tasks(leader, order.attempt, [order](Task& task) {
              task.passed = std::max(task.passed, order.id.value);
              if (task.holding <= order.id.value) task.holding = 0;
            });
          },
          [&](const act::NotifyCompleted& order) {
            if (!ever_completed_.contains(order.id.value))
              wrong(fmt::format("word about checkpoint {}, which is not complete", order.id.value));
            to_tasks(leader, order.attempt, [order](Task& task) {
              task.completed = std::max(task.completed, order.id.value);
            });
          },
          [&](const act::WriteManifest& order) {
            later([this, leader, manifest = order.manifest] {
              const CheckpointId id{manifest.checkpoint()};
              if (random_.chance(1, 20))
                return event(leader, happened::ManifestFailed{id, Error(ErrorCode::F102, "EIO")});
              checkpoint::ManifestRef ref;
              ref.set_name(manifest_name(manifest));
              if (!manifests_.emplace(ref.name(), manifest).second)
                return wrong(fmt::format("manifest {} is written twice", ref.name()));
              messages_.emplace_back(
                  [this, leader, id, ref] { event(leader, happened::ManifestWritten{id, ref}); });
            });
          },
          [&](const act::DeleteCheckpoint& order) {
            later([this, leader, order] {
              if (!leaders_[leader].alive) return;
              const CheckpointId id{order.condemned.id()};
              if (random_.chance(1, 10))
                return event(leader, happened::DeletionFailed{id, Error(ErrorCode::F102, "EIO")});
              remove_blobs(order.condemned, order.kept);
              messages_.emplace_back(
                  [this, leader, id] { event(leader, happened::CheckpointDeleted{id}); });
            });
          },
          [&](const act::SweepOrphans& order) {
            later([this, leader, order] {
              if (!leaders_[leader].alive) return;
              std::set<std::string> named;
              for (const auto& one : order.kept) {
                const auto found = manifests_.find(one.manifest().name());
                if (found == manifests_.end()) return;  // an old leader's order: it finds nothing
                named.merge(blob_names(found->second));
              }
              std::erase_if(blobs_, [&](const auto& blob) {
                return attempt_in(blob.first) < order.attempt && !named.contains(blob.first);
              });
              check_record();
            });
          },
          [&](const act::WriteSavepoint& order) {
            later([this, leader, order] {
              if (!leaders_[leader].alive) return;
              const bool zombie = !current(leader);
              const auto manifest = manifests_.find(order.checkpoint.manifest().name());
              bool whole = manifest != manifests_.end();
              if (whole)
                for (const std::string& name : blob_names(manifest->second))
                  whole = whole && blobs_.contains(name);
              if (!whole && !zombie && !damaged_.contains(order.checkpoint.id()))
                return wrong(
                    fmt::format("checkpoint {} went while it was copied", order.checkpoint.id()));
              event(leader, happened::SavepointWritten{order.request});
            });
          },
          [&](const act::SavepointDone&) {},
          [&](const act::StopDone& done) {
            if (done.error || !current(leader)) return;
            for (const Task& task : tasks_)
              if (out_[task.index] != task.position)
                return wrong(fmt::format("the job ended and {} of {} records of task {} are out",
                                         out_[task.index], task.position, task.index));
            over_ = true;
          },
          [&](const act::RestoreFrom& order) { restore(leader, order); },
          [&](const act::ReadMarks&) {
            if (!current(leader)) return;
            ++attempt_;
            happened::MarksRead read;
            for (std::uint32_t i = 0; i < kTasks; ++i) {
              fence_[i] = attempt_;
              read.marks.push_back({"out", i, mark_[i]});
            }
            later([this, leader, read] { event(leader, read); });
          },
          [&](const act::JobUnrecoverable&) {
            if (!current(leader)) return;
            if (damaged_.empty()) wrong("the job was given up and nothing is damaged");
            over_ = true;
          },
      },
      action);
}

void CheckpointWorld::remove_blobs(const cluster::CompletedCheckpoint& condemned,
                                   const std::vector<cluster::CompletedCheckpoint>& kept) {
  const auto found = manifests_.find(condemned.manifest().name());
  if (found == manifests_.end()) return;
  std::set<std::string> needed;
  for (const auto& one : kept) {
    const auto manifest = manifests_.find(one.manifest().name());
    if (manifest == manifests_.end()) return;  // cannot be read: not now
    needed.merge(blob_names(manifest->second));
  }
  for (const std::string& name : blob_names(found->second))
    if (!needed.contains(name)) blobs_.erase(name);
  manifests_.erase(found);
  check_record();
}

void CheckpointWorld::check_record() {
  for (const auto& one : record_.completed()) {
    const auto manifest = manifests_.find(one.manifest().name());
    if (manifest == manifests_.end())
      return wrong(fmt::format("the manifest of checkpoint {} is gone", one.id()));
    for (const std::string& name : blob_names(manifest->second))
      if (!blobs_.contains(name))
        return wrong(fmt::format("checkpoint {} names blob {}, which is gone", one.id(), name));
  }
}

// ---- attempts ----

void CheckpointWorld::restore(std::size_t leader, const act::RestoreFrom& order) {
  const auto& from = order.checkpoint;
  // A leader that is none any more cannot put an attempt on record.
  if (!current(leader)) return;
  if (!from) return start_tasks(leader, nullptr, 0, false);
  if (damaged_.contains(from->id())) {
    const CheckpointId id{from->id()};
    messages_.emplace_back([this, leader, id] {
      event(leader, happened::CheckpointDamaged{id, Error(ErrorCode::S411, "blob x")});
    });
    return;
  }
  const auto manifest = manifests_.find(from->manifest().name());
  if (manifest == manifests_.end())
    return wrong(fmt::format("restored from checkpoint {}, which is gone", from->id()));
  start_tasks(leader, &manifest->second, from->id(), order.only_publish);
}

void CheckpointWorld::start_tasks(std::size_t leader, const checkpoint::Manifest* manifest,
                                  std::uint64_t id, bool only_publish) {
  ++attempt_;
  tasks_.clear();
  happened::AttemptStarted started{.attempt = attempt_};
  for (std::uint32_t i = 0; i < kTasks; ++i) {
    Task& task = tasks_.emplace_back();
    task.attempt = attempt_;
    task.index = i;
    task.term = term_;
    task.passed = task.completed = id;
    if (only_publish) task.holding = id;
    started.tasks.push_back({attempt_, 0, i});
    fence_[i] = attempt_;
    if (manifest == nullptr) continue;
    for (const checkpoint::TaskSnapshot& snapshot : manifest->tasks()) {
      if (snapshot.task() != i) continue;
      task.position = snapshot.splits(0).position();
      for (const auto& blob : snapshot.operator_states(0).blobs()) {
        task.chain.push_back(blob.name());
        task.chain_position += blobs_[blob.name()];
      }
      if (task.chain_position != task.position)
        return wrong(fmt::format("checkpoint {} gives task {} state of {} records at position {}",
                                 id, i, task.chain_position, task.position));
      for (const auto& unit : snapshot.sinks(0).writers(0).units())
        if (unit.epoch() > mark_[i])
          task.staged.push_back({unit.epoch(), static_cast<std::int64_t>(unit.segments(0).bytes()),
                                 static_cast<std::int64_t>(unit.segments(0).records())});
    }
    task.staged_from = task.position;
  }
  event(leader, started);
}

void CheckpointWorld::fail_attempt() {
  const std::size_t leader = leaders_.size() - 1;
  if (!leaders_[leader].alive || tasks_.empty()) return;
  if (!record_.completed().empty() && random_.chance(1, 6))
    damaged_.insert(record_.completed(record_.completed_size() - 1).id());
  tasks_.clear();
  event(leader, happened::AttemptEnded{attempt_});
  event(leader, happened::RestoreWanted{});
}

// ---- tasks ----

void CheckpointWorld::to_tasks(std::size_t leader, std::uint32_t attempt,
                               std::function<void(Task&)> order) {
  for (std::uint32_t i = 0; i < kTasks; ++i)
    messages_.emplace_back([this, leader, attempt, i, order] {
      if (i >= tasks_.size() || tasks_[i].attempt != attempt) return;
      Task& task = tasks_[i];
      if (leaders_[leader].term < task.term) return;  // the words of a zombie
      task.term = leaders_[leader].term;
      order(task);
    });
}

void CheckpointWorld::on_trigger(std::size_t leader, Task& task,
                                 const act::TriggerCheckpoint& order) {
  if (order.id.value <= task.passed) return;
  task.passed = order.id.value;
  const bool hold = order.stop == cluster::STOP || order.stop == cluster::DRAIN;
  task.holding = hold ? order.id.value : 0;
  const TaskId name{task.attempt, 0, task.index};
  if (task.position > task.staged_from)
    task.staged.push_back({order.id.value, task.staged_from, task.position});
  task.staged_from = task.position;
  if (task.position != task.chain_position || task.chain.empty()) {
    if (task.folded && random_.chance(1, 2)) {
      // The base is stored long since; now it is named for the first time.
      const auto covered = static_cast<std::ptrdiff_t>(task.folded->covers);
      task.chain.erase(task.chain.begin(), task.chain.begin() + covered);
      task.chain.insert(task.chain.begin(), task.folded->blob);
      task.folded.reset();
    }
    std::string blob = fmt::format("b{}/{}", task.attempt, ++blob_count_);
    blobs_[blob] = task.position - task.chain_position;
    task.chain.push_back(std::move(blob));
    task.chain_position = task.position;
    if (!task.folded && task.chain.size() >= 4) {
      task.folded = {fmt::format("b{}/{}", task.attempt, ++blob_count_), task.chain.size()};
      blobs_[task.folded->blob] = task.position;
    }
  }
  if (random_.chance(1, 12)) {
    messages_.emplace_back([this, leader, name, id = order.id] {
      event(leader, happened::TaskDeclined{name, id, Error(ErrorCode::F102, "disk full")});
    });
    return;
  }
  happened::TaskAcked ack{.task = name, .id = order.id};
  if (order.unchanged_allowed && task.snapshot_id == order.base.value &&
      task.snapshot_position == task.position) {
    ack.unchanged = true;
  } else {
    task.snapshot_id = order.id.value;
    task.snapshot_position = task.position;
    ack.snapshot.add_operators("copy");
    ack.snapshot.set_task(task.index);
    ack.snapshot.set_parallelism(kTasks);
    ack.snapshot.set_finished(task.finished());
    ack.snapshot.add_splits()->set_position(task.position);
    auto& state = *ack.snapshot.add_operator_states();
    for (const std::string& blob : task.chain) state.add_blobs()->set_name(blob);
    auto& writer = *ack.snapshot.add_sinks()->add_writers();
    for (const Unit& unit : task.staged) {
      auto& stored = *writer.add_units();
      stored.set_epoch(unit.epoch);
      auto& segment = *stored.add_segments();
      segment.set_bytes(static_cast<std::uint64_t>(unit.from));
      segment.set_records(static_cast<std::uint64_t>(unit.to));
    }
  }
  messages_.emplace_back([this, leader, ack] { event(leader, ack); });
}

void CheckpointWorld::read(Task& task) {
  if (task.holding != 0 || task.finished()) return;
  task.position =
      std::min(kRecords, task.position + 1 + static_cast<std::int64_t>(random_.below(4)));
}

void CheckpointWorld::publish(Task& task) {
  if (task.staged.empty() || task.staged.front().epoch > task.completed) return;
  if (fence_[task.index] != task.attempt) return;
  const Unit unit = task.staged.front();
  task.staged.erase(task.staged.begin());
  if (unit.from != out_[task.index])
    return wrong(fmt::format("task {} publishes records {} to {} as epoch {}, and {} are out",
                             task.index, unit.from, unit.to, unit.epoch, out_[task.index]));
  out_[task.index] = unit.to;
  mark_[task.index] = unit.epoch;
}

void CheckpointWorld::report_published() {
  if (tasks_.size() != kTasks) return;
  std::uint64_t all = ~std::uint64_t{0};
  for (const Task& task : tasks_) {
    std::uint64_t out = task.completed;
    if (!task.staged.empty()) out = std::min(out, task.staged.front().epoch - 1);
    all = std::min(all, out);
  }
  const std::size_t leader = leaders_.size() - 1;
  messages_.emplace_back([this, leader, all] { event(leader, happened::Published{all}); });
}

// ---- time ----

void CheckpointWorld::tick(Duration step) {
  now_ = now_ + step;
  for (std::size_t i = 0; i < leaders_.size(); ++i)
    if (leaders_[i].alive && leaders_[i].coordinator->next_tick() <= now_)
      event(i, happened::Tick{});
  report_published();
  Leader& leader = leaders_.back();
  bool finished = tasks_.size() == kTasks;
  for (const Task& task : tasks_) finished = finished && task.finished();
  if (finished && leader.told_finished_of != attempt_) {
    leader.told_finished_of = attempt_;
    event(leaders_.size() - 1, happened::AllTasksFinished{});
  }
}

void CheckpointWorld::one_step(bool faults) {
  const std::uint64_t dice = random_.below(100);
  note(dice);
  if (dice < 55 && !messages_.empty()) {
    // Any order; in the quiet time the oldest is not left behind for ever.
    const std::size_t at =
        random_.below(faults ? messages_.size() : std::min<std::size_t>(messages_.size(), 4));
    const Message message = std::move(messages_[at]);
    messages_.erase(messages_.begin() + static_cast<std::ptrdiff_t>(at));
    return message();
  }
  if (dice < 70 && !tasks_.empty()) return read(tasks_[random_.below(tasks_.size())]);
  if (dice < 85 && !tasks_.empty()) return publish(tasks_[random_.below(tasks_.size())]);
  if (dice < 96 || !faults) return tick(seconds(1 + static_cast<std::int64_t>(random_.below(5))));
  const std::size_t leader = leaders_.size() - 1;
  if (dice == 96) return begin_election();
  if (dice == 97) return fail_attempt();
  if (dice == 98) return event(leader, happened::SavepointRequested{++requests_, "/sp"});
  if (random_.chance(1, 4))
    return event(
        leader, happened::StopRequested{random_.chance(1, 2) ? cluster::STOP : cluster::DRAIN, {}});
}

std::string CheckpointWorld::run() {
  begin_election();
  for (int i = 0; i < 700 && !over_; ++i) one_step(true);
  if (!over_) begin_election();
  for (int i = 0; i < 4000 && !over_; ++i) one_step(false);
  if (!over_) wrong("the job does not end");
  return wrong_;
}

}  // namespace tributary
