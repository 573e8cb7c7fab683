#include "runtime/api/run_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tributary {
namespace {

using ::testing::HasSubstr;

// numbers -> out, numbers.dead -> bad
graph::JobGraph graph_with_dead_letters() {
  graph::JobGraph graph;
  graph.set_name("spend");
  const char* names[] = {"numbers", "out", "bad"};
  for (std::uint32_t i = 0; i < 3; ++i) {
    graph::Vertex& vertex = *graph.add_vertices();
    vertex.set_id(i);
    vertex.set_name(names[i]);
    vertex.set_kind(i == 0 ? graph::SOURCE : graph::SINK);
    if (i > 0) {
      (*vertex.mutable_properties())["output"] = std::string("out/") + names[i];
      graph::Edge& edge = *graph.add_edges();
      edge.set_from(0);
      edge.set_to(i);
      edge.set_record_name(i == 2 ? "DeadLetter" : "Charge");
    }
  }
  return graph;
}

TaskMetrics& add_task(std::deque<TaskMetrics>& metrics, std::uint32_t vertex, const char* name,
                      std::int64_t records) {
  TaskMetrics& task = metrics.emplace_back();
  auto& operation = task.operators.emplace_back(std::make_unique<OperatorMetrics>());
  operation->vertex = vertex;
  operation->name = name;
  operation->records_in.add(records);
  return task;
}

RunSummary sample() {
  std::deque<TaskMetrics> metrics;
  add_task(metrics, 0, "numbers", 600).operators[0]->count("bad_records", 2);
  add_task(metrics, 0, "numbers", 400);
  add_task(metrics, 1, "out", 24).operators[0]->count("late_records", 3);
  const TaskMetrics& bad = add_task(metrics, 2, "bad", 4);
  bad.operators[0]->count("dead_letters.MALFORMED_JSON", 1);
  bad.operators[0]->count("dead_letters.MISSING_FIELD", 3);
  return summarize(graph_with_dead_letters(), metrics, cluster::FINISHED, 0.31);
}

TEST(RunSummary, SumsTasksAndTellsDeadLettersFromOutput) {
  const RunSummary summary = sample();
  EXPECT_EQ(summary.records_in, 1000);
  EXPECT_EQ(summary.records_out, 24);
  EXPECT_EQ(summary.dead_letters, 4);
  EXPECT_EQ(summary.late_records, 3);
  EXPECT_EQ(summary.skipped_records, 0);
}

TEST(RunSummary, SaysOnTheFirstLineWhatCameOfIt) {
  EXPECT_THAT(summary_text(sample()),
              HasSubstr("finished (end of input)  in 1,000  out 24  late 3  dead 4  wall 0.31 s"
                        "  (3,226 records/s)\n"));
}

TEST(RunSummary, SaysWhereOutputAndDeadLettersLie) {
  EXPECT_THAT(summary_text(sample()), HasSubstr("  output        out  24 records  out/out\n"));
  EXPECT_THAT(summary_text(sample()), HasSubstr("  dead letters  bad  4 records  out/bad\n"));
}

TEST(RunSummary, SaysWhyRecordsWereRefusedTheMostFrequentReasonFirst) {
  EXPECT_THAT(summary_text(sample()),
              HasSubstr("  dead letters  4: MISSING_FIELD 3, MALFORMED_JSON 1\n"));
}

TEST(RunSummary, ListsTheCountersThatOperatorsNamed) {
  EXPECT_THAT(summary_text(sample()), HasSubstr("  counters      numbers: bad_records 2\n"));
}

TEST(RunSummary, CountsBadRecordsAsSkippedWhereNobodyTakesThem) {
  graph::JobGraph graph = graph_with_dead_letters();
  graph.mutable_edges()->RemoveLast();
  graph.mutable_vertices()->RemoveLast();
  std::deque<TaskMetrics> metrics;
  add_task(metrics, 0, "numbers", 5).operators[0]->count("bad_records", 2);
  EXPECT_THAT(summary_text(summarize(graph, metrics, cluster::STOPPED, 1)),
              HasSubstr("dead 0  skipped 2"));
}

TEST(RunSummary, SaysWhatAStopLeavesUnwritten) {
  std::deque<TaskMetrics> metrics;
  add_task(metrics, 0, "numbers", 5);
  const auto stopped = [&] {
    return summarize(graph_with_dead_letters(), metrics, cluster::STOPPED, 1);
  };
  EXPECT_THAT(summary_text(stopped()), HasSubstr("stopped (all that was read is written)"));
  for (int task = 0; task < 2; ++task)
    add_task(metrics, 1, "hourly", 5).operators[0]->count("event_timers_left", 12);
  EXPECT_THAT(summary_text(stopped()),
              HasSubstr("stopped (all that was read is processed; windows and timers that event "
                        "time did not reach are not written: hourly 24)"));
  EXPECT_EQ(nlohmann::json::parse(summary_json(stopped(), nullptr))["held"]["hourly"], 24);
  EXPECT_FALSE(stopped().counters.contains("hourly"));
}

TEST(RunSummary, ShowsOverrunsWhereThereAreSome) {
  std::deque<TaskMetrics> metrics;
  add_task(metrics, 1, "out", 5);
  const auto text = [&] {
    return summary_text(summarize(graph_with_dead_letters(), metrics, cluster::FINISHED, 1));
  };
  EXPECT_THAT(text(), ::testing::Not(HasSubstr("overruns")));
  metrics[0].operators[0]->overruns.add(3);
  EXPECT_THAT(text(), HasSubstr("  counters      out: overruns 3\n"));
}

TEST(RunSummary, IsTheLastEventForPrograms) {
  const auto json = nlohmann::json::parse(summary_json(sample(), nullptr));
  EXPECT_EQ(json["event"], "finished");
  EXPECT_EQ(json["records_in"], 1000);
  EXPECT_EQ(json["dead"], 4);
  EXPECT_EQ(json["dead_reasons"]["MISSING_FIELD"], 3);
  EXPECT_FALSE(json["counters"].contains("bad"));
  EXPECT_EQ(json["sinks"][1]["output"], "out/bad");
  EXPECT_EQ(json["sinks"][1]["dead_letters"], true);
  EXPECT_EQ(json["counters"]["numbers"]["bad_records"], 2);
}

TEST(RunSummary, CarriesTheErrorOfAJobThatFailed) {
  RunSummary summary = sample();
  summary.phase = cluster::FAILED;
  const Error error(ErrorCode::P801, "operator out failed", "mend it");
  const auto json = nlohmann::json::parse(summary_json(summary, &error));
  EXPECT_EQ(json["event"], "failed");
  EXPECT_EQ(json["error"]["code"], "P801");
  EXPECT_EQ(json["error"]["do"], "mend it");
}

}  // namespace
}  // namespace tributary
