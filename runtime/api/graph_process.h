// runtime/api/graph_process.h
// Obtains a job's graph from a process of its own that is thrown away: `tributary graph JOB`, with
// the configuration on its standard input and the serialised JobGraph on its standard output. The
// author's function cannot hurt who plans.
//
// Blocks its thread until the child has ended or its time is over; then the child is killed. The
// child's errors go to this process's standard error.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "runtime/graph/job_graph.h"

namespace tributary {

struct GraphRequest {
  std::string program;                 // this program: /proc/self/exe
  std::vector<std::string> arguments;  // after the program's name
  std::string input;                   // the configuration's text
  Duration time_limit = seconds(60);
  std::size_t output_bytes_max = graph::kJobGraphBytesMax;
};

struct GraphAnswer {
  graph::JobGraph graph;
  // The child has refused the job and said why on standard error; `graph` is empty.
  bool refused = false;
};

// What a child exits with, and answers, when it has printed why there is no graph. Both, because
// the job's function may end the process with any code.
inline constexpr int kGraphRefused = 2;
inline constexpr std::string_view kGraphRefusedAnswer = "refused\n";

// B206 if the child could not be started, was killed, ran out of time, or did not answer with a
// graph.
Result<GraphAnswer> request_graph(const GraphRequest& request, const Clock& clock);

}  // namespace tributary
