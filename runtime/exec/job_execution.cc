#include "runtime/exec/job_execution.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "runtime/exec/task_building.h"

namespace tributary {

using graph::Exchange;
using graph::ExchangeId;
using graph::Stage;
using graph::StageId;

JobExecution::JobExecution(const JobProgram& program, const graph::ExecutionPlan& plan,
                           ExecutionOptions options, TaskListener& listener)
    : program_(program), plan_(plan), options_(std::move(options)), listener_(listener) {
  for (std::uint32_t i = 0; i < plan_.slot_count; ++i) {
    slots_.push_back(std::make_unique<Slot>(Slot::Options{.index = i,
                                                          .slot_count = plan_.slot_count,
                                                          .slice = options_.slice,
                                                          .clock = options_.clock}));
  }
  build_channels();
  TaskBuilding::Attempt attempt{
      .program = program_,
      .plan = plan_,
      .options = options_,
      .listener = listener_,
      .channel = [this](ExchangeId exchange, std::uint32_t from,
                        std::uint32_t to) { return channel(exchange, from, to); },
      .connectors = {}};
  for (const Stage& stage : plan_.stages) {
    for (std::uint32_t task = 0; task < stage.parallelism; ++task) {
      const graph::SlotIndex on = stage.slots[task];
      TaskMetrics& metrics = metrics_.emplace_back();
      metrics.stage = stage.id.value;
      metrics.task = task;
      metrics.slot = on.value;
      metrics.backlog.set(-1);
      metrics.watermark.set(Timestamp::min().micros);
      Slot& slot = *slots_[on.index()];
      slot.add_task(TaskBuilding(attempt, stage, task, slot, metrics).build());
    }
  }
}

JobExecution::~JobExecution() {
  for (const auto& slot : slots_) slot->clear_tasks();
  channels_.clear();
}

Channel* JobExecution::channel(ExchangeId exchange, std::uint32_t from, std::uint32_t to) {
  return channels_[exchange.index()]
                  [std::size_t{from} * plan_.exchanges[exchange.index()].to_parallelism + to]
                      .get();
}

// The channels, and between each two slots a ring with room for all the credit that crosses it.
void JobExecution::build_channels() {
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t> crossing;
  for (const Exchange& exchange : plan_.exchanges) {
    auto& channels =
        channels_.emplace_back(std::size_t{exchange.from_parallelism} * exchange.to_parallelism);
    const std::size_t senders = exchange.kind == graph::FORWARD ? 1 : exchange.from_parallelism;
    const std::size_t bytes =
        std::max(options_.credit_pool_bytes / senders, options_.credit_floor_bytes);
    // Rings have room for every batch of every channel: a channel that is owed little gets few.
    const auto batches = static_cast<std::uint32_t>(
        std::clamp<std::size_t>(bytes / 512, 8, std::max(8U, options_.credit_batches)));
    const ChannelCredit credit{.bytes = bytes,
                               .batches = std::min(batches, options_.credit_batches)};
    for (std::uint32_t from = 0; from < exchange.from_parallelism; ++from) {
      for (std::uint32_t to = 0; to < exchange.to_parallelism; ++to) {
        if (!exchange.connects(from, to)) continue;
        const ChannelId id = ChannelId::make(options_.attempt, exchange.id.value, from, to);
        channels[std::size_t{from} * exchange.to_parallelism + to] =
            std::make_unique<Channel>(id, credit);
        credit_bytes_ += credit.bytes;
        const std::uint32_t from_slot = plan_.stages[exchange.from.index()].slots[from].value;
        const std::uint32_t to_slot = plan_.stages[exchange.to.index()].slots[to].value;
        if (from_slot != to_slot) crossing[{from_slot, to_slot}] += credit.batches;
      }
    }
  }
  for (const auto& [pair, capacity] : crossing) {
    SlotLink& link =
        *links_.emplace_back(std::make_unique<SlotLink>(pair.first, pair.second, capacity));
    slots_[link.from]->add_outgoing(link);
    slots_[link.to]->add_incoming(link);
  }
}

std::vector<TaskId> JobExecution::task_ids() const {
  std::vector<TaskId> ids;
  for (const Stage& stage : plan_.stages) {
    for (std::uint32_t task = 0; task < stage.parallelism; ++task)
      ids.push_back({.attempt = options_.attempt, .stage = stage.id.value, .task = task});
  }
  return ids;
}

void JobExecution::start(Executor& executor) {
  // Slots step from the moment they are spawned, but look at wakers only in answer to a command,
  // and nobody posts one before this returns.
  std::vector<Waker*> wakers;
  for (std::uint32_t i = 0; i < slots_.size(); ++i) {
    wakers.push_back(&executor.spawn(fmt::format("slot-{}", i), *slots_[i]));
  }
  for (const auto& slot : slots_) slot->set_wakers(wakers);
  for (Waker* waker : wakers) waker->wake();
}

void JobExecution::post_all(const std::function<void(Slot&)>& order) {
  for (const auto& slot : slots_) slot->post(order);
}

void JobExecution::for_all_tasks(const std::function<void(Task&)>& order) {
  post_all([order](Slot& slot) {
    for (const auto& task : slot.tasks()) order(*task);
  });
}

// Of words that the control plane says again, or does without.
void JobExecution::say_all(const std::function<void(Task&)>& word) {
  for (const auto& slot : slots_) {
    say([to = slot.get(), word] {
      to->post([word](Slot& at) {
        for (const auto& task : at.tasks()) {
          if (!task->over()) word(*task);
        }
      });
    });
  }
}

void JobExecution::say(const std::function<void()>& deliver) {
  ControlWire* wire = options_.services->simulation.wire;
  if (wire != nullptr)
    wire->carry(deliver);
  else
    deliver();
}

void JobExecution::for_tasks(StageId stage, const std::function<void(Task&)>& order) {
  for (std::uint32_t task = 0; task < plan_.stages[stage.index()].parallelism; ++task)
    for_task(stage, task, order);
}

void JobExecution::for_task(StageId stage, std::uint32_t task,
                            const std::function<void(Task&)>& order) {
  const TaskId id{.attempt = options_.attempt, .stage = stage.value, .task = task};
  slots_[plan_.stages[stage.index()].slots[task].index()]->post(
      [id, order](Slot& slot) { order(*slot.find(id)); });
}

void JobExecution::open_tasks() {
  for_all_tasks([](Task& task) { task.open(); });
}

void JobExecution::run_tasks() {
  for_all_tasks([](Task& task) { task.run(); });
}

void JobExecution::add_splits(graph::VertexId source, std::uint32_t task,
                              std::vector<Split> splits) {
  for_task(plan_.stage_of_vertex[source.index()], task,
           [splits = std::move(splits)](Task& reader) { reader.source()->add_splits(splits); });
}

void JobExecution::set_share_of_rate(graph::VertexId source, std::uint32_t task, double share) {
  for_task(plan_.stage_of_vertex[source.index()], task,
           [share](Task& reader) { reader.source()->set_share_of_rate(share); });
}

void JobExecution::no_more_splits(graph::VertexId source) {
  for_tasks(plan_.stage_of_vertex[source.index()],
            [](Task& task) { task.source()->no_more_splits(); });
}

void JobExecution::open_gate(graph::GateId gate) {
  for_tasks(plan_.gates[gate.index()].gated, [](Task& task) { task.source()->open_gate(); });
}

void JobExecution::stop_sources() {
  for_all_tasks([](Task& task) {
    if (task.source() != nullptr) task.source()->stop();
  });
}

void JobExecution::order_checkpoint(const CheckpointOrder& order) {
  say_all([order](Task& task) { task.snapshots()->on_order(order); });
}

void JobExecution::abort_checkpoint(CheckpointId id) {
  say_all([id](Task& task) { task.snapshots()->on_abort(id); });
}

void JobExecution::checkpoint_completed(CheckpointId id) {
  say_all([id](Task& task) { task.snapshots()->on_completed(id); });
}

void JobExecution::order_sink(graph::VertexId sink, std::uint32_t task, OwnershipRound round,
                              const OwnerOrder& order) {
  say([=, this] {
    for_task(plan_.stage_of_vertex[sink.index()], task,
             [=](Task& owner) { owner.on_sink_order(sink, round, order); });
  });
}

void JobExecution::cancel() {
  for_all_tasks([](Task& task) { task.cancel(); });
}

void JobExecution::leave() {
  post_all([](Slot& slot) {
    for (const auto& task : slot.tasks()) task->leave();
    slot.leave();
  });
}

}  // namespace tributary
