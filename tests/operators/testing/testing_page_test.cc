// The code of docs/authors/testing.md, word for word, and the test that it is so.
// page: begin
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tributary/files.h>
#include <tributary/job.h>

#include "operators/testing/job_test.h"

namespace {

using namespace tributary;
using namespace tributary::testing;

struct Charge {
  Text team;
  Timestamp start;
  Amount billed;
};
TRIBUTARY_RECORD(Charge, team, start, billed);

struct HourlySpend {
  Text team;
  Timestamp hour;
  Amount billed;
};
TRIBUTARY_RECORD(HourlySpend, team, hour, billed);

struct SpendSettings {
  Duration lateness = days(40);
  Text charges = "charges";
  Text spend = "spend";
};
TRIBUTARY_RECORD(SpendSettings, lateness, charges, spend);

struct Sum {
  using Accumulator = HourlySpend;
  void add(HourlySpend& sum, const Charge& charge) { sum.billed.units += charge.billed.units; }
  HourlySpend result(const Text& team, const Window& window, const HourlySpend& sum) {
    return {.team = team, .hour = window.start, .billed = sum.billed};
  }
};

void hourly_spend(Job& job, const SpendSettings& settings) {
  job.source("charges", files<Charge>(settings.charges.str()))
      .event_time(&Charge::start, bounded_lateness(10min))
      .key_by(&Charge::team)
      .window(tumbling(1h), allowed_lateness(settings.lateness))
      .aggregate<Sum>("hourly", emit(total))
      .sink("spend", files_upsert<HourlySpend>(settings.spend.str()));
}

TEST(HourlySpendTest, ALateChargeCorrectsTheHour) {
  JobTest job(hourly_spend, Settings{{"lateness", "1d"}});
  auto charges = job.source<Charge>("charges");
  auto spend = job.sink<HourlySpend>("spend").keyed_by(&HourlySpend::team, &HourlySpend::hour);

  charges.push({.team = "core", .start = t("10:05"), .billed = amount("1.10")});
  charges.watermark(t("11:00"));
  EXPECT_THAT(spend.published(),
              ::testing::ElementsAre(HourlySpend{"core", t("10:00"), amount("1.10")}));

  charges.push({.team = "core", .start = t("10:06"), .billed = amount("0.20")});  // late
  job.advance(1s);  // a window corrects itself once a second
  auto latest = spend.folded(&HourlySpend::team, &HourlySpend::hour);
  EXPECT_EQ(latest.at({"core", t("10:00")}).billed, amount("1.30"));

  EXPECT_TRUE(job.same_result_when_permuted(/*seeds=*/50));
}

TEST(HourlySpendTest, ACrashAndOtherSlotsChangeNothing) {
  JobTest job(hourly_spend, Settings{{"lateness", "1d"}});
  auto charges = job.source<Charge>("charges");
  auto spend = job.sink<HourlySpend>("spend");

  charges.push({.team = "core", .start = t("10:05"), .billed = amount("1.10")});
  charges.watermark(t("11:00"));
  job.checkpoint();
  charges.push({.team = "core", .start = t("10:06"), .billed = amount("0.20")});  // late
  job.crash();
  EXPECT_THAT(spend.published(), ::testing::SizeIs(1));
  job.restore();  // from the checkpoint; the late charge is read again
  job.rescale(3);
  job.checkpoint();
  job.advance(1s);
  auto latest = spend.folded(&HourlySpend::team, &HourlySpend::hour);
  EXPECT_EQ(latest.at({"core", t("10:00")}).billed, amount("1.30"));
}

}  // namespace
// page: end

#include <fstream>
#include <sstream>
#include <string>

namespace {

std::string content(const std::string& path) {
  std::ifstream file(std::string(TRIBUTARY_SOURCE_DIR) + "/" + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string between(const std::string& text, const std::string& begin, const std::string& end) {
  const std::size_t from = text.find(begin);
  if (from == std::string::npos) return "no " + begin;
  const std::size_t start = from + begin.size();
  return text.substr(start, text.find(end, start) - start);
}

TEST(TestingPageTest, ItsCodeIsTheCodeThatIsTestedHere) {
  EXPECT_EQ(between(content("docs/authors/testing.md"), "```cpp\n", "```"),
            between(content("tests/operators/testing/testing_page_test.cc"), "// page: begin\n",
                    "// page: end"));
}

}  // namespace
