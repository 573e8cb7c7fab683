#include "jobs/cost_attribution/core/command.h"

#include <gtest/gtest.h>

#include "tests/jobs/cost_attribution/core_fixture.h"

namespace tributary::cost {
namespace {

std::string refusal(std::string_view record) {
  const auto command = parse_command(record);
  return command ? "accepted"
                 : fmt::format("{} {}", reason_name(command.error().reason), command.error().field);
}

TEST(Command, ReadsPublishedRules) {
  const auto command = parse_command(fmt::format(
      R"({{"v":1,"kind":"rules_published","tenant":"acme","version":2,"valid_from":"2026-01-01","published_at":"2026-09-19T10:00:00Z","author":"ann","yaml":"a: b\n","sha256":"{}","more":1}})",
      std::string(64, 'a')));
  ASSERT_TRUE(command) << command.error().message;
  const auto& rules = std::get<RulesPublished>(*command);
  EXPECT_EQ(rules.version, 2);
  EXPECT_EQ(rules.yaml, "a: b\n");
  EXPECT_EQ(rules.valid_from, at("2026-01-01"));
  EXPECT_TRUE(is_supported(*command));
  EXPECT_EQ(command_tenant(*command), "acme");
}

TEST(Command, ReadsTheOthersAndSaysWhichAreCarriedOut) {
  const auto closed = parse_command(
      R"({"v":1,"kind":"period_closed","tenant":"acme","period":"2026-09","by":"ann"})");
  ASSERT_TRUE(closed);
  EXPECT_EQ(std::get<PeriodClosed>(*closed).period, parse_period("2026-09"));
  EXPECT_TRUE(is_supported(*closed));
  for (const std::string_view kind : {"tenant_quarantined", "tenant_released"}) {
    const auto command = parse_command(
        fmt::format(R"({{"v":1,"kind":"{}","tenant":"acme","by":"ann","reason":"noise"}})", kind));
    ASSERT_TRUE(command);
    EXPECT_EQ(command_kind(*command), kind);
    EXPECT_FALSE(is_supported(*command));
  }
}

TEST(Command, RefusesWithReasonAndField) {
  EXPECT_EQ(refusal("{"), "MALFORMED_JSON ");
  EXPECT_EQ(refusal("[]"), "MALFORMED_JSON ");
  EXPECT_EQ(refusal(std::string(100'000, '[')), "MALFORMED_JSON ");
  EXPECT_EQ(refusal(R"({"kind":"period_closed"})"), "MISSING_FIELD v");
  EXPECT_EQ(refusal(R"({"v":1})"), "MISSING_FIELD kind");
  EXPECT_EQ(refusal(R"({"v":1,"kind":"dance"})"), "UNKNOWN_KIND kind");
  EXPECT_EQ(refusal(R"({"v":1,"kind":"period_closed","tenant":"a b"})"), "BAD_FIELD tenant");
  EXPECT_EQ(
      refusal(R"({"v":1,"kind":"period_closed","tenant":"acme","period":"09-2026","by":"x"})"),
      "BAD_FIELD period");
  EXPECT_EQ(refusal(R"({"v":1,"kind":"rules_published","tenant":"acme","version":0})"),
            "BAD_FIELD version");
}

}  // namespace
}  // namespace tributary::cost
