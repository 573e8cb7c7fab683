// examples/first_job/job_test.cc
#include "examples/first_job/job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/testing/job_test.h"

namespace first_job {
namespace {

using namespace tributary::testing;  // NOLINT: t("10:05"), amount("1.10")
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct HourlySpendTest : ::testing::Test {
  JobTest job{hourly_spend, Settings{{"charges", "in"}, {"output", "out"}, {"lateness", "2h"}}};
  TestSource<Charge> charges = job.source<Charge>("charges");
  TestSink<HourlySpend> spend = job.sink<HourlySpend>("spend");
  TestSink<Charge> too_late = job.sink<Charge>("too-late");
};

TEST_F(HourlySpendTest, AnHourIsSummedByTenant) {
  charges.push({.tenant = "acme", .time = t("10:05"), .billed = amount("1.10")});
  charges.push({.tenant = "acme", .time = t("10:59"), .billed = amount("-0.10")});
  EXPECT_THAT(spend.published(), IsEmpty());  // the hour is not over
  charges.watermark(t("11:00"));
  EXPECT_THAT(spend.published(), ElementsAre(HourlySpend{"acme", t("10:00"), amount("1"), 2}));
}

TEST_F(HourlySpendTest, ALateChargeCorrectsTheHour) {
  charges.push({.tenant = "acme", .time = t("10:05"), .billed = amount("1.10")});
  charges.watermark(t("11:00"));
  EXPECT_THAT(spend.published(), SizeIs(1));
  charges.push({.tenant = "acme", .time = t("10:06"), .billed = amount("0.20")});
  job.advance(1s);  // corrections come at most once a second
  EXPECT_EQ(spend.folded(&HourlySpend::tenant, &HourlySpend::hour).at({"acme", t("10:00")}),
            (HourlySpend{"acme", t("10:00"), amount("1.30"), 2}));
}

TEST_F(HourlySpendTest, AChargeBeyondTheLatenessGoesAside) {
  charges.watermark(t("13:00"));
  charges.push({.tenant = "acme", .time = t("10:06"), .billed = amount("0.20")});
  EXPECT_THAT(too_late.published(), SizeIs(1));
  EXPECT_THAT(spend.published(), IsEmpty());
}

TEST_F(HourlySpendTest, WhatCannotBeReadIsADeadLetter) {
  charges.bad_record("BAD_DECIMAL", R"({"billed":"two dollars"})");
  job.end();
  EXPECT_THAT(job.dead_letters("charges"), SizeIs(1));
}

TEST_F(HourlySpendTest, NeitherOrderNorParallelismChangesTheResult) {
  spend.keyed_by(&HourlySpend::tenant, &HourlySpend::hour);
  for (int minute = 0; minute < 60; ++minute) {
    charges.push({.tenant = minute % 3 == 0 ? "acme" : "globex",
                  .time = t("10:00") + minutes(minute),
                  .billed = amount("0.01")});
  }
  EXPECT_TRUE(job.same_result_when_permuted(20));
}

}  // namespace
}  // namespace first_job
