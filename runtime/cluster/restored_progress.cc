#include "runtime/cluster/restored_progress.h"

#include <algorithm>

#include "runtime/graph/job_graph.h"

namespace tributary {
namespace {

using graph::VertexId;

bool is_done(const OperatorTime& time) { return time.ended && time.drained; }

class Progression {
 public:
  Progression(std::span<const OldOperator* const> known, const graph::JobGraph& graph,
              const graph::ExecutionPlan& plan, RestorePlan& restored)
      : known_(known), graph_(graph), plan_(plan), restored_(restored) {}

  // Stages and vertices in topological order: what a task reads from is settled before it.
  void run() {
    for (const graph::Stage& stage : plan_.stages) {
      std::vector<bool>& finished = restored_.stages[stage.id.index()].finished;
      finished.resize(stage.parallelism);
      for (std::uint32_t task = 0; task < stage.parallelism; ++task)
        finished[task] = stays_finished(stage, task);
      for (const VertexId vertex : stage.vertices) {
        for (std::uint32_t task = 0; task < stage.parallelism; ++task)
          restored_.vertices[vertex.index()].times.push_back(time_of(stage, vertex, task));
      }
    }
  }

 private:
  static bool was_finished(const OldOperator& one, std::uint32_t task, std::uint32_t tasks) {
    const auto& old = one.stage->tasks;
    if (tasks == one.parallelism()) return old[task]->finished();
    return std::ranges::all_of(old, &checkpoint::TaskSnapshot::finished);
  }

  bool stays_finished(const graph::Stage& stage, std::uint32_t task) const {
    const bool all_were = std::ranges::all_of(stage.vertices, [&](VertexId vertex) {
      const OldOperator* one = known_[vertex.index()];
      return one != nullptr && was_finished(*one, task, stage.parallelism);
    });
    return all_were && std::ranges::all_of(stage.inputs, [&](graph::ExchangeId input) {
             const graph::Exchange& exchange = plan_.exchanges[input.index()];
             const std::vector<bool>& senders = restored_.stages[exchange.from.index()].finished;
             for (std::uint32_t from = 0; from < exchange.from_parallelism; ++from)
               if (exchange.connects(from, task) && !senders[from]) return false;
             return true;
           });
  }

  OperatorTime time_of(const graph::Stage& stage, VertexId vertex, std::uint32_t task) const {
    const OldOperator* one = known_[vertex.index()];
    if (one == nullptr) return time_of_inputs(stage, vertex, task);
    OperatorTime time =
        stage.parallelism == one->parallelism() ? one->times[task] : merge_times(one->times);
    const bool goes_on = was_finished(*one, task, stage.parallelism) &&
                         !restored_.stages[stage.id.index()].finished[task];
    if (goes_on) time.ended = time.drained = false;
    return time;
  }

  OperatorTime time_of_inputs(const graph::Stage& stage, VertexId vertex,
                              std::uint32_t task) const {
    std::vector<OperatorTime> inputs;
    for (const graph::EdgeId id : stage.chained_edges) {
      const graph::Edge& edge = graph::edge_of(graph_, id);
      if (edge.to() == vertex.value) inputs.push_back(restored_.vertices[edge.from()].times[task]);
    }
    for (const graph::ExchangeId id : stage.inputs) {
      const graph::Exchange& exchange = plan_.exchanges[id.index()];
      if (exchange.to_vertex != vertex) continue;
      const auto& senders = restored_.vertices[exchange.from_vertex.index()].times;
      for (std::uint32_t from = 0; from < exchange.from_parallelism; ++from)
        if (exchange.connects(from, task)) inputs.push_back(senders[from]);
    }
    OperatorTime time = merge_times(inputs);
    time.ended = time.drained = false;
    return time;
  }

  const std::span<const OldOperator* const> known_;
  const graph::JobGraph& graph_;
  const graph::ExecutionPlan& plan_;
  RestorePlan& restored_;
};

}  // namespace

OperatorTime merge_times(std::span<const OperatorTime> times) {
  OperatorTime merged;
  if (times.empty()) return merged;
  const auto counts = [](const OperatorTime& time) { return !time.idle && !is_done(time); };
  merged.ended = std::ranges::all_of(times, &OperatorTime::ended);
  merged.drained = std::ranges::all_of(times, is_done);
  merged.idle = !merged.ended && std::ranges::none_of(times, counts);
  merged.has_no_event_time = merged.idle && std::ranges::all_of(times, [](const auto& time) {
                               return is_done(time) || time.has_no_event_time;
                             });
  merged.watermark = Timestamp::max();
  for (const OperatorTime& time : times) {
    const bool is_left_out = merged.idle ? is_done(time) : !merged.ended && !counts(time);
    if (!is_left_out) merged.watermark = std::min(merged.watermark, time.watermark);
  }
  return merged;
}

void restore_progress(std::span<const OldOperator* const> known, const graph::JobGraph& graph,
                      const graph::ExecutionPlan& plan, RestorePlan& restored) {
  Progression(known, graph, plan, restored).run();
}

}  // namespace tributary
