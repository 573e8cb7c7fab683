// What the attribution of charges knows of a tenant after a restore, when its keys are all that is
// left: how many have charges, and how far the tenant's clock had come.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/cost_attribution/attribute_process.h"
#include "tests/jobs/cost_attribution/job_fixture.h"
#include "tests/operators/charges_job.h"
#include "tests/operators/operator_harness.h"

namespace tributary::cost {
namespace {

using testing::drop;
using ::testing::ElementsAre;
using testing::none;
using testing::OperatorHarness;
using ::testing::SizeIs;

constexpr std::uint32_t kCharges = 0;
constexpr std::uint32_t kCommands = 1;

// Side outputs by their port.
constexpr std::uint32_t kDead = 1;
constexpr std::uint32_t kWalks = 4;

void attribution(Job& job) {
  auto commands = job.source("commands", none<CommandRecord>());
  auto lines = job.source("charges", none<ChargeEvent>())
                   .key_by([](const ChargeEvent& event) {
                     return ChargeKey{.tenant = event.tenant,
                                      .source = event.source,
                                      .period = event.period,
                                      .shard = event.shard};
                   })
                   .with(commands.broadcast())
                   .process<AttributeProcess>("attribute", AttributeOptions{.retain_days = 100});
  lines.sink("lines", drop<CostLine, kDelta>());
  lines.side_output(AttributeProcess::dead).sink("dead", drop<DeadLetter, kAppend>());
  lines.side_output(AttributeProcess::control).sink("control", drop<Control, kAppend>());
  lines.side_output(AttributeProcess::audit).sink("audit", drop<AuditEntry, kAppend>());
  lines.side_output(AttributeProcess::walks).sink("walks", drop<WalkReport, kAppend>());
}

ChargeEvent charge(int shard, std::string_view month, std::string_view start) {
  const Period period = *parse_period(month);
  ChargeEvent event{.tenant = "acme",
                    .source = "aws-cur",
                    .period = period.months,
                    .shard = shard,
                    .charge_id = "c1"};
  event.row.start = *parse_timestamp(start);
  event.row.end = event.row.start + hours(1);
  event.row.currency = *Currency::parse("USD");
  event.row.billed = Amount{10};
  return event;
}

class AttributeRestore : public ::testing::Test {
 protected:
  void push(const ChargeEvent& event) { task_.push<ChargeEvent>({{event, {}}}, kCharges); }
  // Publishes rules and lets the walk end: keys and charges of each report.
  std::vector<std::string> publish(int version) {
    const std::size_t before = task_.records<WalkReport>(kWalks).size();
    const std::string line = rules_line("acme", version, testing_dimensions());
    CommandRecord command{.tenant = "acme"};
    command.origin.raw = line;
    task_.push<CommandRecord>({{command, {}}}, kCommands);
    task_.run_background();
    std::vector<std::string> reports;
    const auto all = task_.records<WalkReport>(kWalks);
    for (std::size_t i = before; i < all.size(); ++i)
      reports.push_back(
          fmt::format("v{}: {} keys, {} charges", all[i].version, all[i].keys, all[i].charges));
    return reports;
  }
  static std::string testing_dimensions() { return by_tag("team", "team"); }

  OperatorHarness task_{testing::program_of<attribution>(), "attribute"};
};

TEST_F(AttributeRestore, AWalkIsReportedWithAllKeysThatHaveCharges) {
  for (int shard = 0; shard < 3; ++shard) push(charge(shard, "2026-09", "2026-09-01T10:00:00Z"));
  EXPECT_THAT(publish(1), ElementsAre("v1: 3 keys, 3 charges"));
  task_.restart();
  push(charge(3, "2026-09", "2026-09-01T10:00:00Z"));
  EXPECT_THAT(publish(2), ElementsAre("v2: 4 keys, 4 charges"));
  task_.restart();
  EXPECT_THAT(publish(3), ElementsAre("v3: 4 keys, 4 charges"));
}

TEST_F(AttributeRestore, AnExpiredPeriodIsStillRefused) {
  push(charge(0, "2026-09", "2026-09-01T10:00:00Z"));
  const ChargeEvent late = charge(0, "2026-01", "2026-01-01T10:00:00Z");
  push(late);
  EXPECT_THAT(task_.records<DeadLetter>(kDead), SizeIs(1));
  task_.restart();
  push(late);
  const auto dead = task_.records<DeadLetter>(kDead);
  ASSERT_THAT(dead, SizeIs(2));
  EXPECT_EQ(dead[1].reason, dead[0].reason);
  EXPECT_EQ(dead[1].message, dead[0].message);
}

}  // namespace
}  // namespace tributary::cost
