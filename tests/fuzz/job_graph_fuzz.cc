// Any bytes are a job graph, which has one form and is planned or refused with reasons, or are
// refused. The first byte is the number of slots.
#include "runtime/graph/job_graph.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <google/protobuf/stubs/logging.h>

#include "runtime/api/output_folders.h"
#include "runtime/api/plan_json.h"
#include "runtime/graph/explain.h"
#include "runtime/graph/planner.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tributary;
  // It would print each text that is not UTF-8.
  static auto* const silenced = google::protobuf::SetLogHandler(nullptr);
  static_cast<void>(silenced);
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto graph = graph::parse_job_graph(bytes);
  if (!graph) {
    TRIBUTARY_CHECK(graph.error().code() == ErrorCode::G313, "{}", graph.error().to_string());
    return 0;
  }
  const std::string once = graph::serialize(*graph);
  const auto again = graph::parse_job_graph(once);
  TRIBUTARY_CHECK(again.has_value() && graph::serialize(*again) == once, "two forms of one graph");
  TRIBUTARY_CHECK(graph::digest(*graph) == graph::digest(*again));
  static_cast<void>(output_folders(*graph));
  const std::uint32_t slots = data[0] % 16 + 1;
  const auto plan = graph::plan(*graph, {.slots = slots});
  if (!plan) {
    TRIBUTARY_CHECK(!plan.error().empty(), "a refusal has a reason");
    for (const Error& error : plan.error()) TRIBUTARY_CHECK(!error.to_string().empty());
    return 0;
  }
  TRIBUTARY_CHECK(plan->slot_count >= 1 && plan->slot_count <= slots, "{} slots", plan->slot_count);
  TRIBUTARY_CHECK(!graph::explain_text(*graph, *plan).empty());
  TRIBUTARY_CHECK(!graph::explain_lines(*graph, *plan).empty());
  TRIBUTARY_CHECK(!graph::explain_mermaid(*graph, *plan).empty());
  TRIBUTARY_CHECK(!plan_json(*graph, *plan).empty());
  return 0;
}
