#include "runtime/graph/graph_check.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/graph/planner.h"
#include "tests/runtime/graph/graph_builder.h"

namespace tributary::graph {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::vector<std::string> reasons(const JobGraph& graph) {
  std::vector<std::string> texts;
  for (const Error& error : check_graph(graph))
    texts.push_back(std::string(error_page(error.code()).code) + " " + error.what());
  return texts;
}

TEST(GraphCheck, FindsNothingWrongWithARightGraph) {
  EXPECT_THAT(reasons(spend_by_team()), IsEmpty());
}

TEST(GraphCheck, NamesBothPlacesOfADuplicateName) {
  GraphBuilder job;
  const auto in = job.source("in");
  const auto first = job.map("attribute");
  const auto second = job.map("attribute");
  const auto out = job.sink("out");
  job.edge(in, first);
  job.edge(first, second);
  job.edge(second, out);
  EXPECT_THAT(
      reasons(job.graph),
      ElementsAre("G301 two operators are named \"attribute\" (job.cc:11, job.cc:12); names "
                  "find state again and must be unique"));
}

TEST(GraphCheck, NamesTheWayOutWhereTwoSourcesHaveDeadLetters) {
  GraphBuilder job;
  for (const char* name : {"charges", "commands"}) {
    const auto source = job.source(name);
    job.vertex(source).add_side_outputs("dead-letters");
    job.edge(source, job.sink(std::string(name) + "-out"));
    job.edge(source, job.sink("dead-letters")).set_from_port(1);
  }
  const std::vector<Error> errors = check_graph(job.graph);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].code(), ErrorCode::G301);
  EXPECT_THAT(errors[0].fix(), testing::HasSubstr(R"(dead_letter("bad-charges", sink))"));
}

TEST(GraphCheck, RefusesNamesWithControlCharacters) {
  for (const char* name : {"a\x1b[2J", "a\nb", "a\x7f", "a\xc2\x9b"}) {
    GraphBuilder job;
    job.edge(job.source("in"), job.sink(name));
    EXPECT_THAT(reasons(job.graph), ElementsAre(testing::HasSubstr("control characters"))) << name;
  }
  GraphBuilder job;
  job.edge(job.source("in"), job.sink("Grüße aus Köln"));
  EXPECT_THAT(reasons(job.graph), IsEmpty());
}

TEST(GraphCheck, AWindowNeedsEventTimeFromEverySourceBehindIt) {
  GraphBuilder job;
  const auto timed = job.source("timed");
  const auto timeless = job.source("timeless");
  const auto joined = job.map("joined");
  const auto window = job.map("hourly");
  const auto out = job.sink("out");
  job.vertex(timed).mutable_properties()->insert({"bounded_lateness", "1h"});
  job.vertex(window).mutable_properties()->insert({"window", "1h"});
  job.edge(timed, joined);
  job.edge(timeless, joined);
  job.edge(joined, window);
  job.edge(window, out);
  EXPECT_THAT(reasons(job.graph), ElementsAre(testing::StartsWith("G316 window \"hourly\"")));
  EXPECT_THAT(reasons(job.graph)[0], testing::HasSubstr("source \"timeless\""));
  // A process may give its records times of its own.
  job.vertex(joined).set_operator_type("process");
  EXPECT_THAT(reasons(job.graph), IsEmpty());
}

TEST(GraphCheck, ReportsEveryReasonAtOnce) {
  GraphBuilder job;
  const auto in = job.source("in");
  const auto unread = job.source("unread");
  const auto alone = job.map("alone");
  const auto loose = job.map("loose");
  const auto out = job.sink("out");
  const auto behind = job.sink("behind");
  const auto keeps = job.map("keeps");
  job.vertex(keeps).add_states()->set_name("s");
  job.vertex(keeps).set_named_by_author(false);
  job.vertex(unread).set_gated_by("nobody");
  job.vertex(out).mutable_properties()->insert({"accepts", "append, upsert"});
  job.edge(in, loose);
  job.edge(in, keeps);
  job.edge(keeps, out).set_kind(DELTA);
  job.edge(out, behind);
  job.edge(alone, out);
  job.graph.set_key_groups(40000);
  EXPECT_THAT(
      reasons(job.graph),
      UnorderedElementsAre(
          "G312 operator \"keeps\" (job.cc:16) keeps state but has no name of its own; it is found "
          "again by its name",
          "G304 the stream of source \"unread\" (job.cc:11) is not used; end it with .sink(...)",
          "G303 operator \"alone\" (job.cc:12) has no input",
          "G304 the stream of operator \"loose\" (job.cc:13) is not used; end it with .sink(...)",
          "G306 sink \"out\" (job.cc:14) has an output; a sink ends a stream",
          "G310 sink \"out\" (job.cc:14) cannot take the delta stream of \"keeps\" (job.cc:16): it "
          "accepts append, upsert",
          "G308 source \"unread\" (job.cc:11) waits for \"nobody\", which is no source of this job",
          "G311 job \"job\" wants 40000 key groups; at most 32768 are allowed"));
}

TEST(GraphCheck, WantsASource) {
  EXPECT_THAT(reasons(GraphBuilder().graph), ElementsAre("G302 job \"job\" is empty"));
  GraphBuilder job;
  const auto a = job.map("a");
  job.edge(a, job.sink("b"));
  EXPECT_THAT(reasons(job.graph), ElementsAre("G302 job \"job\" has no source",
                                              "G303 operator \"a\" (job.cc:10) has no input"));
}

TEST(GraphCheck, NamesTheOperatorsOnACycle) {
  GraphBuilder job;
  const auto in = job.source("in");
  const auto a = job.map("a");
  const auto b = job.map("b");
  const auto c = job.map("c");
  const auto out = job.sink("out");
  job.edge(in, a);
  job.edge(a, b);
  job.edge(b, c);
  job.edge(c, b);
  job.edge(c, out);
  EXPECT_THAT(reasons(job.graph),
              ElementsAre("G305 the streams form a cycle: \"b\" -> \"c\" -> \"b\""));
  EXPECT_FALSE(plan(job.graph, {}).has_value());
}

TEST(GraphCheck, LetsNoSourceWaitForItselfOrInACircle) {
  GraphBuilder job;
  const auto out = job.sink("out");
  for (const auto* name : {"a", "b", "c", "d"}) job.edge(job.source(name), out);
  job.vertex(1).set_gated_by("b");
  job.vertex(2).set_gated_by("a");
  job.vertex(3).set_gated_by("a");
  job.vertex(4).set_gated_by("d");
  EXPECT_THAT(reasons(job.graph),
              ElementsAre("G308 sources wait for each other: \"a\" -> \"b\" -> \"a\"",
                          "G308 source \"d\" (job.cc:14) waits for itself"));
}

TEST(GraphCheck, LetsOnlySourcesWait) {
  JobGraph graph = spend_by_team();
  graph.mutable_vertices(3)->set_gated_by("rules");
  EXPECT_THAT(reasons(graph), ElementsAre("G308 operator \"hourly\" (job.cc:13) waits for source "
                                          "\"rules\"; only a source can wait"));
}

TEST(GraphCheck, AnOperatorMayBeReadAtASideOutputOnlyButASourceMayNot) {
  GraphBuilder job;
  const auto in = job.source("in");
  const auto split = job.map("split");
  const auto out = job.sink("out");
  job.vertex(in).add_side_outputs("bad");
  job.vertex(split).add_side_outputs("odd");
  job.edge(split, out).set_from_port(1);
  job.edge(in, split).set_from_port(1);
  EXPECT_THAT(
      reasons(job.graph),
      ElementsAre(
          "G304 the stream of source \"in\" (job.cc:10) is not used; end it with .sink(...)"));
}

TEST(GraphCheck, RefusesGraphsWithoutFormBeforeItLooksAtAnythingElse) {
  JobGraph graph = spend_by_team();
  graph.mutable_edges(0)->set_to(99);
  graph.mutable_edges(1)->set_from_port(3);
  graph.mutable_edges(2)->set_kind(STREAM_KIND_UNSPECIFIED);
  graph.mutable_edges(3)->set_exchange(static_cast<ExchangeKind>(77));
  graph.mutable_vertices(1)->set_id(7);
  const auto errors = check_graph(graph);
  ASSERT_EQ(errors.size(), 5U);
  for (const Error& error : errors) EXPECT_EQ(error.code(), ErrorCode::G313) << error.what();
}

}  // namespace
}  // namespace tributary::graph
