// Every query against its oracle: on several numbers of slots, for each choice of keys, also when
// something happens in the middle.
#include "jobs/nexmark/queries.h"

#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/nexmark/core/event_log.h"
#include "jobs/nexmark/query_job.h"
#include "operators/testing/job_test.h"
#include "tests/jobs/nexmark/oracle/answers.h"

namespace tributary::nexmark {
namespace {

using ::testing::IsEmpty;
using testing::JobTest;
using testing::JobTestOptions;
using ::testing::Not;
using ::testing::Values;
using ::testing::ValuesIn;

// Half of the events have been pushed when it happens.
struct Disturbance {
  std::string name;
  std::function<void(JobTest&)> happens;
};
const Disturbance kDisturbances[] = {
    {"Undisturbed", [](JobTest&) {}},
    {"WorkedOff", [](JobTest& job) { job.run(); }},
    {"AfterAMinute", [](JobTest& job) { job.advance(1min); }},
};

using Publish = Lines (*)(const std::vector<Event>& events, const JobTestOptions& options,
                          const Disturbance& disturbance);

template <Query kQuery, typename Row>
Lines publish(const std::vector<Event>& events, const JobTestOptions& options,
              const Disturbance& disturbance) {
  JobTest job(query_job<kQuery>, NexmarkSettings{}, options);
  auto source = job.source<Event>("events");
  auto results = job.sink<Row>("results");
  const std::span<const Event> all(events);
  source.push_all(all.first(all.size() / 2));
  disturbance.happens(job);
  source.push_all(all.subspan(all.size() / 2));
  job.end();
  Lines lines;
  for (const Row& row : results.published()) {
    std::ostringstream line;
    line << row;
    lines.push_back(line.str());
  }
  return lines;
}

struct Case {
  std::string query;
  Publish publish;
};
const Case kCases[] = {
    {"q0", &publish<&q0, BidRow>},          {"q1", &publish<&q1, EuroBid>},
    {"q2", &publish<&q2, AuctionPrice>},    {"q7", &publish<&q7, BidRow>},
    {"q11", &publish<&q11, BidderCount>},   {"q12", &publish<&q12, BidderCount>},
    {"q14", &publish<&q14, CalculatedBid>}, {"q17", &publish<&q17, AuctionDay>},
    {"q18", &publish<&q18, Bid>},
};

using Parameters = std::tuple<Case, std::uint32_t, Disturbance>;
struct QueryTest : ::testing::TestWithParam<Parameters> {};

// 8,000 events over 100 s, as they come.
struct TestEvents {
  Generator generator;
  EventLog log{generator, 8'000};
  std::vector<Event> in_order_of_arrival() const {
    std::vector<Event> events;
    for (std::uint64_t position = 0; position < log.size(); ++position)
      events.push_back(log.event(generator.number_at(position)));
    return events;
  }
};

TEST_P(QueryTest, AnswersAsAPlainRecomputationDoes) {
  const auto& [query, slots, disturbance] = GetParam();
  const Oracle& oracle = oracle_of(query.query);
  for (const GeneratorOptions& options : {
           GeneratorOptions{.keys = KeyChoice::kHot, .events_per_second = 80},
           GeneratorOptions{
               .keys = KeyChoice::kHot, .events_per_second = 80, .out_of_order_group = 200},
           GeneratorOptions{.keys = KeyChoice::kUniform, .key_count = 300, .events_per_second = 80},
           GeneratorOptions{.keys = KeyChoice::kZipf, .key_count = 300, .events_per_second = 80},
       }) {
    SCOPED_TRACE(
        fmt::format("{}, groups of {}", enum_name(options.keys), options.out_of_order_group));
    const TestEvents made{.generator = Generator(options)};
    const std::vector<Event> events = made.in_order_of_arrival();
    const Lines expected = oracle.expected(events);
    EXPECT_THAT(expected, Not(IsEmpty()));
    EXPECT_EQ(oracle.folded(query.publish(events, {.slots = slots}, disturbance)), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Nexmark, QueryTest,
                         ::testing::Combine(ValuesIn(kCases), Values(1U, 2U, 7U),
                                            ValuesIn(kDisturbances)),
                         [](const auto& test) {
                           return std::get<0>(test.param).query + "On" +
                                  std::to_string(std::get<1>(test.param)) +
                                  std::get<2>(test.param).name;
                         });

TEST(Queries, HaveAnOracleEach) { EXPECT_EQ(std::size(kCases), oracles().size()); }

// Events 100 s apart go through a whole day and into the next ones.
TEST(Queries, KnowHoursAndDays) {
  std::vector<Event> events;
  for (std::int64_t i = 0; i < 2'000; ++i) {
    events.push_back({.type = EventType::kBid,
                      .person = {},
                      .auction = {},
                      .bid = Bid{.auction = i % 3,
                                 .bidder = i % 5,
                                 .price = 2'000'000 + i * 30'000,
                                 .channel = "Apple",
                                 .url = "u",
                                 .date_time = testing::t("00:00") + seconds(100) * i,
                                 .extra = i % 2 == 0 ? "abcabc" : "cat"}});
  }
  for (const Case& query : kCases) {
    SCOPED_TRACE(query.query);
    const Oracle& oracle = oracle_of(query.query);
    EXPECT_EQ(oracle.folded(query.publish(events, {.slots = 2}, kDisturbances[0])),
              oracle.expected(events));
  }
}

}  // namespace
}  // namespace tributary::nexmark
