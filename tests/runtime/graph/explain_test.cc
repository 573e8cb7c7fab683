#include "runtime/graph/explain.h"

#include <gtest/gtest.h>

#include "runtime/graph/planner.h"
#include "tests/runtime/graph/graph_builder.h"

namespace tributary::graph {
namespace {

TEST(Explain, TellsANewcomerWhatRunsWhere) {
  const JobGraph graph = spend_by_team();
  EXPECT_EQ(explain_text(graph, *plan(graph, {.slots = 2})),
            R"(spend-by-team: 2 slots, 4 stages, 3 exchanges, 1024 key groups
A slot is a thread. A stage is a chain of operators that hand each other records by a call; each of its
tasks is one copy of the chain. "=>" is an exchange: a queue between the tasks of two stages.

stage 0: 1 task, on slot 0
  rules  source files, job.cc:10
  rules => stage 2 (attribute): to every task, 2 channels

stage 1: 2 tasks, one on each slot
  charges  source kafka, job.cc:11
  charges => stage 2 (attribute): by key account, 4 channels; Charge (append)

stage 2: 2 tasks, one on each slot
  attribute  operator process, job.cc:12
  unmatched  sink, job.cc:15
  attribute => stage 3 (hourly): by key team, 4 channels

stage 3: 2 tasks, one on each slot
  hourly      operator aggregate, job.cc:13; state totals (value)
  hourly-out  sink, job.cc:14

sources that wait
  charges waits until all that rules had at the start is read and has arrived in stage 2 (attribute)
)");
}

TEST(Explain, ShowsRunsOfStagesOnOneLine) {
  const JobGraph graph = spend_by_team();
  EXPECT_EQ(explain_lines(graph, *plan(graph, {.slots = 2})), R"(rules =broadcast=> attribute
charges =key=> attribute
attribute
  -> unmatched
  =key=> hourly -> hourly-out
)");
}

TEST(Explain, DrawsMermaid) {
  const JobGraph graph = spend_by_team();
  EXPECT_EQ(explain_mermaid(graph, *plan(graph, {.slots = 2})), R"(flowchart LR
  subgraph stage0 ["stage 0: 1 task"]
    v0(["rules"])
  end
  subgraph stage1 ["stage 1: 2 tasks"]
    v1(["charges"])
  end
  subgraph stage2 ["stage 2: 2 tasks"]
    v2["attribute"]
    v5[["unmatched"]]
  end
  subgraph stage3 ["stage 3: 2 tasks"]
    v3["hourly"]
    v4[["hourly-out"]]
  end
  v3 --> v4
  v2 --> v5
  v1 =="by key account"==> v2
  v0 =="to every task"==> v2
  v2 =="by key team"==> v3
  v0 -. "holds" .-> v1
)");
}

TEST(Explain, WritesByNumberWhatMermaidWouldTakeForItsOwn) {
  GraphBuilder job;
  job.edge(job.source("a \"<b>\" #1"), job.sink("out"));
  const std::string drawn = explain_mermaid(job.graph, *plan(job.graph, {.slots = 1}));
  EXPECT_NE(drawn.find("([\"a #34;#60;b#62;#34; #35;1\"])"), std::string::npos) << drawn;
}

}  // namespace
}  // namespace tributary::graph
