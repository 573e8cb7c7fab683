// What graph a job's function makes, and how its settings are read.
#include "operators/job_builder.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/graph/graph_check.h"
#include "runtime/graph/job_graph.h"
#include "tests/operators/charges_job.h"

namespace tributary::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct TeamRule {
  Text account;
};
TRIBUTARY_RECORD(TeamRule, account);

struct SpendSettings {
  Text charges = "data/charges";
  Text output = "out";
  Duration lateness = days(40);
  std::int64_t rate = 100;
};
TRIBUTARY_RECORD(SpendSettings, charges, output, lateness, rate);

class Attribute : public BroadcastProcess<Text, Charge, TeamRule, Line> {
 public:
  static constexpr SideOutput<Charge> unmatched{"unmatched"};
  void on_record(const Charge& charge, Context& ctx) { ctx.emit(unmatched, charge); }
  void on_broadcast(const TeamRule& rule, BroadcastContext& ctx) {
    rules_.put(ctx, rule.account, rule);
  }

 private:
  Value<Line> last_ = value<Line>("last");
  MapOf<Text, Charge> charges_ = map<Text, Charge>("charges");
  BroadcastMap<Text, TeamRule> rules_ = broadcast_map<Text, TeamRule>("rules");
};

struct SumCost {
  using Accumulator = Line;
  void add(Line& sum, const Line& line) { sum.units += line.units; }
  Line result(const Text& key, const Window&, const Line& sum) {
    return {.account = key, .units = sum.units, .text = {}};
  }
};

void spend_by_team(Job& job, const SpendSettings& settings) {
  auto rules = job.source("rules", none<TeamRule>()).broadcast();
  auto charges = job.source("charges", none<Charge>())
                     .event_time(&Charge::start, bounded_lateness(5s))
                     .after(rules.caught_up())
                     .rate_limit(settings.rate)
                     .on_bad_record(dead_letter(drop<DeadLetter, kAppend>()));

  auto lines = charges.key_by(&Charge::account).with(rules).process<Attribute>("attribute");

  lines.key_by(&Line::account)
      .window(tumbling(1h), allowed_lateness(settings.lateness))
      .aggregate<SumCost>("hourly", emit(total))
      .sink("hourly-out", drop<Line, kUpsert>());
  lines.side_output(Attribute::unmatched).sink("unmatched", drop<Charge, kAppend>()).parallelism(1);
  lines.filter([](const Line& line) { return line.units > 0; })
      .rebalance()
      .sink("big", drop<Line, kAppend>());
}

const graph::Vertex& vertex(const JobProgram& program, std::string_view name) {
  for (const graph::Vertex& one : program.graph.vertices()) {
    if (one.name() == name) return one;
  }
  throw std::runtime_error("no vertex " + std::string(name));
}
const graph::Edge& edge_to(const JobProgram& program, std::string_view name,
                           std::uint32_t input = 0) {
  for (const graph::Edge& one : program.graph.edges()) {
    if (one.to() == vertex(program, name).id() && one.to_input() == input) return one;
  }
  throw std::runtime_error("no edge to " + std::string(name));
}

TEST(JobBuilder, MakesTheGraphThatTheAuthorWrote) {
  const Result<JobProgram> made =
      make_program("spend-by-team", &spend_by_team, Settings{{"rate", "7"}});
  ASSERT_TRUE(made.has_value()) << made.error().to_string();
  const JobProgram& program = *made;
  EXPECT_EQ(program.graph.name(), "spend-by-team");
  for (const Error& error : graph::check_graph(program.graph)) ADD_FAILURE() << error.to_string();
  EXPECT_EQ(program.vertices.size(), static_cast<std::size_t>(program.graph.vertices_size()));

  const graph::Vertex& charges = vertex(program, "charges");
  EXPECT_EQ(charges.kind(), graph::SOURCE);
  EXPECT_EQ(charges.gated_by(), "rules");
  EXPECT_EQ(charges.properties().at("bad_records"), "dead letter");
  EXPECT_EQ(charges.properties().at("records_per_second"), "7");
  EXPECT_EQ(edge_to(program, "dead-letters").from_port(), 1u);
  EXPECT_EQ(program.vertices[charges.id()].bounded_lateness, seconds(5));

  const graph::Vertex& attribute = vertex(program, "attribute");
  EXPECT_TRUE(attribute.named_by_author());
  EXPECT_THAT(attribute.declared_at(), ::testing::StartsWith("job_builder_test.cc:"));
  ASSERT_EQ(attribute.states_size(), 3);
  EXPECT_EQ(attribute.states(0).name(), "last");
  EXPECT_EQ(attribute.states(1).kind(), "map");
  EXPECT_EQ(attribute.states(2).kind(), "broadcast");
  EXPECT_FALSE(attribute.states(0).value_schema().empty());
  ASSERT_EQ(attribute.side_outputs_size(), 1);
  EXPECT_EQ(attribute.side_outputs(0), "unmatched");
  EXPECT_EQ(edge_to(program, "attribute", 0).exchange(), graph::KEYED);
  EXPECT_EQ(edge_to(program, "attribute", 0).key(), "account");
  EXPECT_EQ(edge_to(program, "attribute", 1).exchange(), graph::BROADCAST);

  EXPECT_EQ(edge_to(program, "hourly-out").kind(), graph::UPSERT);
  EXPECT_EQ(vertex(program, "hourly-out").properties().at("accepts"), "upsert");
  EXPECT_EQ(vertex(program, "unmatched").parallelism(), 1u);
  EXPECT_EQ(edge_to(program, "big").exchange(), graph::REBALANCE);
  EXPECT_THAT(program.graph.vertices(static_cast<int>(edge_to(program, "big").from())).name(),
              HasSubstr("filter#"));
}

TEST(JobBuilder, GivesTheSameGraphEachTime) {
  const Result<JobProgram> a = make_program("spend", &spend_by_team, Settings{});
  const Result<JobProgram> b = make_program("spend", &spend_by_team, Settings{});
  EXPECT_EQ(graph::digest(a->graph), graph::digest(b->graph));
}

TEST(JobBuilder, RefusesSettingsThatTheJobDoesNotKnow) {
  const Result<JobProgram> made =
      make_program("spend", &spend_by_team, Settings{{"latenes", "40d"}});
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code(), ErrorCode::C101);
  EXPECT_THAT(made.error().what(), HasSubstr("did you mean lateness?"));
}

void throwing(Job&, const Settings&) { throw std::runtime_error("no such rate"); }
void refusing(Job& job, const Settings&) { job.refuse("rate must be above zero"); }

TEST(JobBuilder, TurnsWhatTheAuthorsFunctionThrowsIntoAnError) {
  const Result<JobProgram> made = make_program("bad", &throwing, Settings{});
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().what(), HasSubstr("no such rate"));
  EXPECT_THAT(make_program("bad", &refusing, Settings{}).error().what(), HasSubstr("above zero"));
}

std::vector<std::string> reasons_against(void (*function)(Job&, const Settings&)) {
  JobProgram program;
  std::vector<std::string> texts;
  for (const Error& error :
       internal::build_job_function<Settings>("bad", function, Settings{}, program))
    texts.push_back(std::string(error_page(error.code()).code) + " " + error.what());
  return texts;
}

void wrong_everywhere(Job& job, const Settings&) {
  const auto keep = [](const Charge& so_far, const Charge&) { return so_far; };
  auto charges = job.source("charges", none<Charge>())
                     .event_time(&Charge::start, bounded_lateness(-1s))
                     .rate_limit(0);
  charges.key_by(&Charge::account).window(tumbling(0h)).reduce("hourly", keep);
  charges.key_by(&Charge::account).window(tumbling(-1h)).reduce("daily", keep);
}

TEST(JobBuilder, SaysEveryReasonWithThoseOfTheGraphItself) {
  EXPECT_THAT(
      reasons_against(&wrong_everywhere),
      ::testing::ElementsAre(HasSubstr("bounded_lateness(-1s): expected zero or more"),
                             HasSubstr("rate_limit(0): expected at least 1"), HasSubstr("G315"),
                             HasSubstr("G315"), HasSubstr("G304 the stream of operator \"hourly\""),
                             HasSubstr("G304 the stream of operator \"daily\"")));
}

void refusing_twice(Job& job, const Settings&) {
  job.refuse("one");
  job.refuse("two");
}

TEST(JobBuilder, SaysNothingOfAGraphThatItsAuthorLeftUnfinished) {
  EXPECT_THAT(reasons_against(&refusing_twice), ::testing::ElementsAre("C102 one", "C102 two"));
}

void united(Job& job, const Settings&) {
  auto a = job.source("a", none<Charge>());
  auto b = job.source("b", none<Charge>());
  a.union_with(b)
      .new_stage()
      .map([](const Charge& charge) { return charge; })
      .sink("out", drop<Charge, kAppend>());
}

TEST(JobBuilder, AUnionIsTwoEdgesIntoOneInput) {
  const Result<JobProgram> made = make_program("united", &united, Settings{});
  ASSERT_TRUE(made.has_value());
  EXPECT_THAT(graph::check_graph(made->graph), IsEmpty());
  int into_map = 0;
  for (const graph::Edge& edge : made->graph.edges())
    into_map += edge.exchange() == graph::FORWARD ? 1 : 0;
  EXPECT_EQ(into_map, 2);
}

}  // namespace
}  // namespace tributary::testing

namespace tributary::testing {
TRIBUTARY_JOB("spend-by-team", spend_by_team)

TEST(JobDescriptor, NamesTheJobAndBuildsIt) {
  const JobDescriptor& descriptor = *tributary_job_descriptor();
  EXPECT_STREQ(descriptor.name, "spend-by-team");
  EXPECT_STREQ(descriptor.abi, job_abi());
  ASSERT_NE(descriptor.settings_type, nullptr);
  EXPECT_EQ(descriptor.settings_type->name, "SpendSettings");
  JobProgram program;
  EXPECT_THAT(descriptor.build(Settings{}, program), IsEmpty());
  const std::vector<Error> errors = descriptor.build(Settings{{"rate", "many"}}, program);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].code(), ErrorCode::C102);
}
}  // namespace tributary::testing
