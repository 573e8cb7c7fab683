// runtime/api/run_summary.h
// What a run came to: how it ended, what went in and out, where the output lies, what operators
// counted.
//
// summarize() reads counters when no slot runs any more; the texts are pure.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/cluster/local_job.h"
#include "runtime/exec/task_metrics.h"
#include "runtime/graph/job_graph.h"

namespace tributary {

struct SinkSummary {
  std::string name;
  std::int64_t records = 0;
  std::string output;  // folder, topic; may be empty
  bool is_dead_letters = false;
};

struct RunSummary {
  std::string job;
  cluster::JobPhase phase = cluster::JOB_PHASE_UNSPECIFIED;
  std::int64_t records_in = 0;       // read by sources, bad ones too
  std::int64_t records_out = 0;      // taken by sinks other than those of dead letters
  std::int64_t late_records = 0;     // counters "late_records" of all operators
  std::int64_t dead_letters = 0;     // taken by sinks of dead letters
  std::int64_t skipped_records = 0;  // bad ones that went nowhere
  double wall_s = 0;
  std::optional<CheckpointProgress> checkpoints;  // of a job that keeps state
  std::vector<SinkSummary> sinks;
  // Of dead letters, by reason.
  std::map<std::string, std::int64_t> dead_letter_reasons;
  // After a stop: timers of windows and processes that event time did not reach, by operator.
  std::map<std::string, std::int64_t> held;
  // Counters that operators name themselves, summed over tasks: operator -> counter -> value.
  std::map<std::string, std::map<std::string, std::int64_t>> counters;
};

RunSummary summarize(const graph::JobGraph& graph, const std::deque<TaskMetrics>& metrics,
                     cluster::JobPhase phase, double wall_s);

// "finished (end of input)  in 1,000  out 24  …" and the lines below it, each ended by a newline.
std::string summary_text(const RunSummary& summary);
// {"event":"finished",…} without a newline; the event is finished, stopped, cancelled or failed.
// `error` may be null.
std::string summary_json(const RunSummary& summary, const Error* error);

}  // namespace tributary
