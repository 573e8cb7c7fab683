#include "runtime/graph/job_graph.h"

#include <gtest/gtest.h>

#include "tests/runtime/graph/graph_builder.h"

namespace tributary::graph {
namespace {

TEST(JobGraphBytes, AreTheSameWhateverTheOrderOfProperties) {
  JobGraph a = spend_by_team();
  JobGraph b = spend_by_team();
  for (int i = 0; i < 50; ++i) {
    (*a.mutable_vertices(0)->mutable_properties())[std::to_string(i)] = "x";
    (*b.mutable_vertices(0)->mutable_properties())[std::to_string(49 - i)] = "x";
  }
  EXPECT_EQ(serialize(a), serialize(b));
}

TEST(JobGraphBytes, AreReadBack) {
  const JobGraph graph = spend_by_team();
  const auto read = parse_job_graph(serialize(graph));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(serialize(*read), serialize(graph));
}

TEST(JobGraphBytes, OfAnotherFormatOrDamagedAreRefused) {
  JobGraph graph = spend_by_team();
  graph.set_format(2);
  EXPECT_EQ(parse_job_graph(serialize(graph)).error().code(), ErrorCode::G313);
  EXPECT_EQ(parse_job_graph("\xff\xff\xff").error().code(), ErrorCode::G313);
  EXPECT_EQ(parse_job_graph(std::string(kJobGraphBytesMax + 1, 'x')).error().code(),
            ErrorCode::G313);
}

TEST(JobGraphDigest, IgnoresWhereThingsAreDeclaredAndNothingElse) {
  const JobGraph graph = spend_by_team();
  JobGraph moved = graph;
  moved.mutable_vertices(2)->set_declared_at("other.cc:1");
  EXPECT_EQ(digest(moved), digest(graph));
  JobGraph renamed = graph;
  renamed.mutable_vertices(2)->set_name("attribution");
  EXPECT_NE(digest(renamed), digest(graph));
  JobGraph wider = graph;
  wider.mutable_vertices(2)->set_parallelism(1);
  EXPECT_NE(digest(wider), digest(graph));
}

}  // namespace
}  // namespace tributary::graph
