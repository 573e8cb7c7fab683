// runtime/cluster/restore_match.h
// Finds for every task of a plan what a checkpoint holds of it: the same graph, other parallelism,
// an edited graph, evolved schemas; or refuses, naming what does not fit. And says what it found,
// for people: the match report.
//
// Pure.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "checkpoint/manifest/manifest.pb.h"
#include "runtime/cluster/job_record.pb.h"
#include "runtime/exec/restore_plan.h"
#include "runtime/exec/source.h"
#include "runtime/graph/plan.h"

namespace tributary {

struct MatchOptions {
  // Operators whose state may go although the graph has them no more.
  std::set<std::string> drop_state;
  SinkStart sinks = SinkStart::kContinue;
  // Of the run that begins; the drain rule's points depend on it.
  PublishHazards hazards;
};

// What becomes of one operator's or source's state.
struct MatchLine {
  enum class Fate : std::uint8_t { kKept, kNew, kDropped };
  Fate fate = Fate::kKept;
  std::string operator_name;
  std::string state;   // empty: the operator as a whole
  std::string change;  // "field units added (default 0)", "2 tasks -> 3"; empty: as it was
};

// A source that goes on: its split table for the new plan, and where each of its splits is.
struct ResumedSource {
  cluster::SourceSplits table;
  std::vector<Split> splits;  // beside table.splits(): with the position and event time restored
};

struct RestoredJob {
  RestorePlan plan;
  std::vector<ResumedSource> sources;  // of those that the checkpoint knows
  std::vector<graph::GateId> open_gates;
  std::vector<MatchLine> report;  // kept, new, dropped; by name within
};

// A start from nothing.
RestorePlan plan_first_start(const graph::JobGraph& graph, const graph::ExecutionPlan& plan);

// All reasons why not at once: S401 (a state's types), S402 (state without operator), S405 (key
// groups), S474 (sinks).
std::expected<RestoredJob, std::vector<Error>> match_checkpoint(
    const checkpoint::Manifest& manifest, const graph::JobGraph& graph,
    const graph::ExecutionPlan& plan, const MatchOptions& options);

// One line each: "kept 2, new 1 (unit-cost), dropped 0", and what changed.
std::string match_text(const std::vector<MatchLine>& report);

}  // namespace tributary
