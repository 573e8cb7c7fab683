// runtime/api/run_report.h
// What `tributary run` prints: the job at its start, progress, the end; for a terminal, a log or a
// program.
//
// Thread: the main one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "runtime/api/progress.h"
#include "runtime/api/run_command.h"
#include "runtime/api/run_summary.h"
#include "runtime/api/terminal.h"
#include "runtime/graph/job_graph.h"

namespace tributary {

class RunReport {
 public:
  // `mode` is not kAuto; `plan` and `graph` outlive it.
  // `state`: where the job keeps its state.
  RunReport(ProgressMode mode, const graph::JobGraph& graph, const graph::ExecutionPlan& plan,
            std::string state, const Surroundings& surroundings);

  void started();
  void progress(const JobProgress& progress);
  // A line for people: "stopping: …".
  void notice(const std::string& text);
  // `error` may be null; people read it on standard error.
  void ended(const RunSummary& summary, const Error* error);

 private:
  ProgressMode mode_;
  const graph::JobGraph& graph_;
  const graph::ExecutionPlan& plan_;
  const std::string state_;
  const int out_;
  const int err_;
  TerminalBlock block_;
};

// "hourly-spend  1 slot  …" and the stages, each line ended by a newline.
std::string start_text(const graph::JobGraph& graph, const graph::ExecutionPlan& plan,
                       std::string_view state);

}  // namespace tributary
