// What the job refuses, by name and once, while everything else goes on.
#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/settings.h"
#include "jobs/cost_attribution/job.h"
#include "tests/jobs/cost_attribution/job_fixture.h"

namespace tributary::cost {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, text.npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(JobRefusals, AnEqualRevisionWithOtherContentIsAConflictAndTheFirstStays) {
  CostJob job;
  job.charge(charge_line({.billed = "10"}));
  job.run();
  job.charge(charge_line({.billed = "11"}));
  job.charge(charge_line({.billed = "10"}));  // the same once more is no conflict
  job.charge(delete_line({}));                // a delete of the same revision is
  EXPECT_THAT(job.refusals(),
              ElementsAre("CONFLICTING_DUPLICATE revision", "CONFLICTING_DUPLICATE revision"));
  EXPECT_THAT(job.billed(), ElementsAre(Pair("(input)=aws-cur", "10")));
  const DeadLetter letter = job.dead().front();
  EXPECT_EQ(letter.tenant, Text("acme"));
  EXPECT_EQ(letter.topic, "cost.charges");
  EXPECT_EQ(letter.partition, "part-0.jsonl");
  EXPECT_EQ(letter.line, 2);
  EXPECT_EQ(letter.value, "1");
  EXPECT_EQ(letter.raw.str(), base64_encode(charge_line({.billed = "11"})));
}

TEST(JobRefusals, ARowOfAnExpiredPeriodIsRefusedBeforeAndAfterItsStateIsDropped) {
  CostSettings settings;
  settings.retain_days = 5;
  CostJob job(settings);
  job.charge(charge_line({.period = "2026-08", .id = "old"}));
  job.charge(
      charge_line({.id = "new", .start = "2026-09-06T00:00:00Z", .end = "2026-09-06T01:00:00Z"}));
  job.run();
  // Exactly retain_days after the end of August: still accepted.
  job.charge(charge_line({.period = "2026-08", .id = "late", .revision = 1}));
  EXPECT_THAT(job.dead(), IsEmpty());
  job.charge(
      charge_line({.id = "newer", .start = "2026-09-06T00:00:01Z", .end = "2026-09-06T01:00:00Z"}));
  job.run();
  job.charge(charge_line({.period = "2026-08", .id = "later"}));
  job.charge(delete_line({.period = "2026-08", .id = "old", .revision = 2}));
  EXPECT_THAT(job.refusals(), ElementsAre("PERIOD_EXPIRED period", "PERIOD_EXPIRED period"));
  EXPECT_THAT(job.dead().front().message.str(), HasSubstr("5 days"));
  EXPECT_EQ(job.dead().front().value, "2026-08");

  // Its charges are forgotten after a while; a row is then still not taken for a new one, and the
  // money that was posted stays posted.
  job.advance(std::chrono::hours(3));
  job.charge(charge_line({.period = "2026-08", .id = "old", .billed = "99"}));
  EXPECT_THAT(job.dead(), ::testing::SizeIs(3));
  EXPECT_THAT(job.billed(), ElementsAre(Pair("(input)=aws-cur", "40")));
  // New rules find none of them.
  job.command(rules_line("acme", 1, by_tag("team", "team")));
  EXPECT_THAT(job.billed(), UnorderedElementsAre(Pair("(input)=aws-cur", "40"),
                                                 Pair("team=(unattributed)", "20")));
  job.end();
  EXPECT_THAT(job.control("conservation_violation"), IsEmpty());
}

TEST(JobRefusals, ExpiryIsOfATenantAndItsOwnClock) {
  CostSettings settings;
  settings.retain_days = 5;
  CostJob job(settings);
  job.charge(charge_line({.start = "2026-09-20T00:00:00Z", .end = "2026-09-20T01:00:00Z"}));
  job.run();
  job.charge(charge_line({.tenant = "globex", .period = "2026-08"}));
  EXPECT_THAT(job.dead(), IsEmpty());
}

TEST(JobRefusals, ChargesBeyondTheLimitOfAKeyAreRefusedAndToldOnce) {
  CostSettings settings;
  settings.limits.charges_per_key = 3;
  CostJob job(settings);
  for (int i = 0; i < 6; ++i) {
    job.charge(charge_line({.id = "c" + std::to_string(i)}));
    job.run();
  }
  EXPECT_THAT(job.refusals(), ElementsAre("TENANT_LIMIT charge_id", "TENANT_LIMIT charge_id",
                                          "TENANT_LIMIT charge_id"));
  ASSERT_THAT(job.control("tenant_limit"), ::testing::SizeIs(1));
  EXPECT_EQ(*job.control("tenant_limit").front().key, "acme|aws-cur|2026-09|0");
  // Corrections of the ones that are in, other keys and other tenants go on; a place that becomes
  // free is used.
  job.charge(charge_line({.id = "c0", .revision = 2, .billed = "11"}));
  job.charge(charge_line({.shard = 1, .id = "c7", .billed = "100"}));
  job.charge(charge_line({.tenant = "globex", .id = "c7", .billed = "7"}));
  job.charge(delete_line({.id = "c1", .revision = 2}));
  job.run();
  job.charge(charge_line({.id = "c8", .billed = "1000"}));
  EXPECT_THAT(job.dead(), ::testing::SizeIs(3));
  EXPECT_THAT(job.billed(), ElementsAre(Pair("(input)=aws-cur", "1121")));
  EXPECT_THAT(job.billed("globex"), ElementsAre(Pair("(input)=aws-cur", "7")));
  EXPECT_THAT(job.control("tenant_limit"), ::testing::SizeIs(1));
}

TEST(JobRefusals, WhatIsNotAvailableYetIsRefusedByName) {
  CostJob job;
  const std::string row = charge_line({});
  job.charge(replaced(row, R"("revision":1)", R"("delivery":3)"));
  job.charge(
      R"({"v":1,"kind":"delivery_end","tenant":"acme","source":"aws-cur","period":"2026-09","shard":0,"delivery":3,"rows":1,"totals":{"USD":"1"}})");
  job.charge(
      R"({"v":1,"kind":"settle","tenant":"acme","source":"aws-cur","period":"2026-09","shard":0,"from":"2026-09-01","to":"2026-09-02"})");
  job.charge(R"({"v":1,"kind":"telemetry","tenant":"acme","stream":"s","id":"1","op":"sum"})");
  job.command(R"({"v":1,"kind":"tenant_quarantined","tenant":"acme","by":"ann","reason":"noise"})");
  job.command(R"({"v":1,"kind":"tenant_released","tenant":"acme","by":"ann","reason":"over"})");
  job.charge(row);
  EXPECT_THAT(job.refusals(),
              UnorderedElementsAre("NOT_YET_SUPPORTED delivery", "NOT_YET_SUPPORTED kind",
                                   "NOT_YET_SUPPORTED kind", "NOT_YET_SUPPORTED kind",
                                   "NOT_YET_SUPPORTED kind", "NOT_YET_SUPPORTED kind"));
  std::vector<std::string> values;
  for (const DeadLetter& letter : job.dead()) values.push_back(letter.value.str());
  EXPECT_THAT(values, UnorderedElementsAre("3", "delivery_end", "settle", "telemetry",
                                           "tenant_quarantined", "tenant_released"));
  EXPECT_THAT(job.billed(), ElementsAre(Pair("(input)=aws-cur", "10")));
}

TEST(JobRefusals, EveryMalformedLineIsADeadLetterOnceAndNamesItsPlace) {
  CostJob job;
  const std::string row = charge_line({});
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"{", "MALFORMED_JSON "},
      {"", "MALFORMED_JSON "},
      {replaced(row, "charge\"", "dance\""), "UNKNOWN_KIND kind"},
      {replaced(row, R"("charge_id":"c1",)", ""), "MISSING_FIELD charge_id"},
      {replaced(row, R"("shard":0)", R"("shard":64)"), "BAD_FIELD shard"},
      {replaced(row, R"("BilledCost":10)", R"("BilledCost":"ten")"), "BAD_DECIMAL row.BilledCost"},
      {replaced(row, R"("BilledCost":10)", R"("BilledCost":1e-19)"),
       "TOO_MANY_DECIMALS row.BilledCost"},
      {replaced(row, R"("BilledCost":10)", R"("BilledCost":1e16)"),
       "AMOUNT_OVERFLOW row.BilledCost"},
      {replaced(row, "USD", "usd"), "BAD_CURRENCY row.BillingCurrency"},
      {replaced(row, "2026-09-01T11", "2026-09-01T09"),
       "PERIOD_END_BEFORE_START row.ChargePeriodEnd"},
      {replaced(row, "2026-09-01T11", "2028-09-01T11"), "PERIOD_TOO_LONG row.ChargePeriodEnd"},
  };
  for (const auto& [line, refusal] : bad) job.charge(line);
  const std::vector<DeadLetter> letters = job.dead();
  ASSERT_EQ(letters.size(), bad.size());
  for (std::size_t i = 0; i < bad.size(); ++i) {
    SCOPED_TRACE(bad[i].first);
    EXPECT_EQ(job.refusals()[i], bad[i].second);
    EXPECT_EQ(letters[i].line, static_cast<std::int64_t>(i + 1));
    EXPECT_EQ(letters[i].raw.str(), base64_encode(bad[i].first));
  }
  EXPECT_THAT(job.lines(), IsEmpty());
}

TEST(JobRefusals, ALineThatIsTooLongIsADeadLetter) {
  CostJob job;
  job.too_long(charge_line({}).substr(0, 50));
  EXPECT_THAT(job.refusals(), ElementsAre("RECORD_TOO_LARGE "));
}

TEST(JobRefusals, TenantsThatAreNotOnTheListAreRefused) {
  CostSettings settings;
  const Text tenants[] = {"acme"};
  settings.tenants = List<Text>(tenants);
  CostJob job(settings);
  job.charge(charge_line({}));
  job.charge(charge_line({.tenant = "globex"}));
  EXPECT_THAT(job.refusals(), ElementsAre("UNKNOWN_TENANT tenant"));
  EXPECT_THAT(job.billed(), ElementsAre(Pair("(input)=aws-cur", "10")));
}

TEST(JobRefusals, SettingsOfLaterVersionsAreRefusedByName) {
  const auto refusal = [](const Settings& settings) -> std::string {
    try {
      testing::JobTest job(cost_attribution, settings);
      return "accepted";
    } catch (const testing::JobTestFailure& failure) {
      return failure.what();
    }
  };
  EXPECT_EQ(refusal({}), "accepted");
  EXPECT_THAT(refusal({{"kafka.brokers", "b:9092"}}), HasSubstr("setting kafka"));
  EXPECT_THAT(refusal({{"topics.telemetry", "t"}}), HasSubstr("setting topics.telemetry"));
  EXPECT_THAT(refusal({{"topics.parked", "t"}}), HasSubstr("setting topics.parked"));
  EXPECT_THAT(refusal({{"allocation_flush", "1s"}}), HasSubstr("setting allocation_flush"));
  EXPECT_THAT(refusal({{"checkpoint.interval", "1s"}}), HasSubstr("setting checkpoint"));
  EXPECT_THAT(refusal({{"retain_days", "0"}}), HasSubstr("setting retain_days"));
  EXPECT_THAT(refusal({{"job", "other"}}), HasSubstr("setting job"));
  EXPECT_THAT(refusal({{"limits.charges_per_key", "0"}}), HasSubstr("charges_per_key"));
  EXPECT_THAT(refusal({{"bulk_rows_per_second", "0"}}), HasSubstr("bulk_rows_per_second"));
  EXPECT_THAT(refusal({{"retain_dayz", "1"}}), HasSubstr("retain_days"));
}

}  // namespace
}  // namespace tributary::cost
