// runtime/cluster/restore_match.h
// Finds for every task of a plan what a checkpoint holds of it: the same graph, other parallelism,
// an edited graph, evolved schemas; or refuses, naming what does not fit. And says what it found,
// for people: the match report.
//
// An operator is found again by its name, if it is still of its kind and type ("files", "process").
// Pure.
#pragma once

#include <expected>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "checkpoint/manifest/manifest.pb.h"
#include "runtime/cluster/job_record.pb.h"
#include "runtime/cluster/match_report.h"
#include "runtime/exec/restore_plan.h"
#include "runtime/exec/source.h"
#include "runtime/graph/plan.h"

namespace tributary {

struct MatchOptions {
  // What may go although the graph has no place for it: "operator", or "operator.state" if the
  // operator stays. A name of what stays or never was does nothing,
  // and the report says so.
  std::set<std::string> drop_state;
  // Of the run that begins; the drain rule's points depend on it.
  PublishHazards hazards;
};

// A source that goes on: its split table for the new plan, and where each of its splits is.
struct ResumedSource {
  cluster::SourceSplits table;  // sorted by id; positions are where splits began
  std::vector<Split> splits;    // beside table.splits(): with the position and event time restored
};

struct RestoredJob {
  RestorePlan plan;
  std::vector<ResumedSource> sources;  // of those that the checkpoint knows, by vertex
  // Of sources that wait for the same source as then, and had read on.
  std::vector<graph::GateId> open_gates;
  std::vector<MatchLine> report;  // kept, new, dropped; by name within
};

// A start from nothing.
RestorePlan plan_first_start(const graph::JobGraph& graph, const graph::ExecutionPlan& plan);

// `manifest` has passed check_manifest(), `plan` is one of `graph`. All reasons why not at once:
// S401 (a state's types), S402 (state without operator), S405 (key groups), S406 (states of two
// stages in one), S474 (sinks); first and alone S415, S431, S432 or G313: the manifest contradicts
// itself.
//
// Keyed state goes to the stages whose operators have some of it, whole: each task cuts it to its
// key groups. States that are gone, or of operators that went to another stage, are carried along
// where they lie between others, under names that nobody has (CheckpointContents::dropped_name).
// What becomes of event time and of tasks that had finished: restored_progress.h. Splits stay with
// their tasks; for another number of tasks they go to the least loaded one, by what is left to
// read. `only_publish` is for the caller to say.
std::expected<RestoredJob, std::vector<Error>> match_checkpoint(
    const checkpoint::Manifest& manifest, const graph::JobGraph& graph,
    const graph::ExecutionPlan& plan, const MatchOptions& options);

}  // namespace tributary
