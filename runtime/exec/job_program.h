// runtime/exec/job_program.h
// A job as a task process holds it: the JobGraph, and beside each vertex the code that the graph
// cannot carry.
//
// Made by the typed API (operators/include/tributary), by JobTest, or by hand in tests. Immutable
// once built. Operators and readers are made where the tasks are built, before any slot runs; code
// of the author that may throw runs in open() or later, where a failure has a name.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/type_info.h"
#include "checkpoint/publish/sink_connector.h"
#include "runtime/exec/operator.h"
#include "runtime/exec/source.h"
#include "runtime/exec/staged_output.h"
#include "runtime/graph/job_graph.pb.h"

namespace tributary {

// Sets the event time column of records [0, size) of a batch from a field.
using EventTimeKernel = std::function<void(Batch& batch)>;
// Sets the key hash column from the key; called by the sender before the partitioner.
using KeyHashKernel = std::function<void(Batch& batch)>;

struct VertexCode {
  // Operators and sinks.
  std::function<std::unique_ptr<Operator>()> make_operator;
  // Sinks that can publish exactly once; else empty. The connector is used by the I/O pool.
  std::function<std::shared_ptr<SinkConnector>(const SinkIdentity&)> make_connector;
  // Sources.
  std::function<std::unique_ptr<SourceReader>()> make_reader;
  std::function<std::unique_ptr<SplitLister>()> make_lister;
  EventTimeKernel event_time;   // empty: records have no event time, and the source no watermark
  Duration bounded_lateness{};  // watermark = highest event time of a split - this - 1 us
  Duration idle_after = seconds(5);     // a split that was listened to for so long in vain is idle
  std::int64_t records_per_second = 0;  // rate limit of the whole source, 0 = none
  BadRecordPolicy bad_records = BadRecordPolicy::kUnset;
  const TypeInfo* output_type = nullptr;
};

struct EdgeCode {
  const TypeInfo* record_type = nullptr;
  KeyHashKernel key_hash;  // keyed edges
};

struct JobProgram {
  graph::JobGraph graph;
  std::vector<VertexCode> vertices;  // by Vertex.id
  std::vector<EdgeCode> edges;       // by position in graph.edges
};

}  // namespace tributary
