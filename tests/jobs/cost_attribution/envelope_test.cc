#include "jobs/cost_attribution/core/envelope.h"

#include <gtest/gtest.h>

#include "tests/jobs/cost_attribution/core_fixture.h"

namespace tributary::cost {
namespace {

const Timestamp kNow = at("2026-09-19T00:00:00Z");

constexpr std::string_view kHead =
    R"("v":1,"kind":"charge","tenant":"acme","source":"aws-cur","period":"2026-09","shard":3,"charge_id":"c1")";
constexpr std::string_view kRow =
    R"("ChargePeriodStart":"2026-09-01T10:00:00Z","ChargePeriodEnd":"2026-09-01T11:00:00Z","BillingCurrency":"USD","BilledCost":"1.50")";

std::string charge(std::string_view more_row = "", std::string_view more_head = "") {
  return fmt::format("{{{}{},\"row\":{{{}{}}}}}", kHead, more_head, kRow, more_row);
}

// The refusal as "REASON field".
std::string refusal(std::string_view record) {
  EnvelopeParser parser;
  const auto result = parser.parse(record, kNow);
  if (result) return "accepted";
  return fmt::format("{} {}", reason_name(result.error().reason), result.error().field);
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, text.npos) << from;
  return text.replace(at, from.size(), to);
}

ContentHash hash_of(std::string_view record) {
  EnvelopeParser parser;
  const auto result = parser.parse(record, kNow);
  EXPECT_TRUE(result) << (result ? "" : result.error().message) << record;
  return result ? (*result)->hash : ContentHash{};
}

TEST(Envelope, ReadsAChargeWithColumnsAndSortedTags) {
  EnvelopeParser parser;
  const auto result = parser.parse(
      charge(
          R"(,"ListCost":2.5E-9,"EffectiveCost":null,"ServiceName":"S\u0033 \"x\"","SubAccountId":"012345",)"
          R"("Tags":{"team":"Payments","app":7,"on":true,"nested":{ "a" : [1, "b c"] },"gone":null,"empty":""},"Foo":[1])",
          R"(,"revision":4,"extra":{"a":[]})"),
      kNow);
  ASSERT_TRUE(result) << result.error().message;
  const Envelope& envelope = **result;
  EXPECT_EQ(envelope.kind, EnvelopeKind::kCharge);
  EXPECT_EQ(envelope.head.tenant, "acme");
  EXPECT_EQ(envelope.head.source, "aws-cur");
  EXPECT_EQ(format_period(envelope.head.period), "2026-09");
  EXPECT_EQ(envelope.head.shard, 3);
  EXPECT_EQ(envelope.head.charge_id, "c1");
  EXPECT_EQ(envelope.head.revision, 4);
  EXPECT_EQ(envelope.unknown_fields, 2U);
  EXPECT_EQ(envelope.row.start, at("2026-09-01T10:00Z"));
  EXPECT_EQ(envelope.row.amounts[0], money("1.5"));
  EXPECT_EQ(envelope.row.amounts[2], money("0.0000000025"));
  EXPECT_EQ(envelope.row.missing_metrics, 0b1010);
  EXPECT_EQ(envelope.row.column(Column::kServiceName), "S3 \"x\"");
  EXPECT_EQ(envelope.row.column(Column::kSubAccountId), "012345");
  const std::vector<Tag> expected = {
      {"app", "7"}, {"nested", R"({"a":[1,"b c"]})"}, {"on", "true"}, {"team", "Payments"}};
  EXPECT_TRUE(std::ranges::equal(envelope.row.tags, expected));
}

TEST(Envelope, ReadsADelete) {
  EnvelopeParser parser;
  std::string record = fmt::format("{{{},\"revision\":2}}", kHead);
  record = replaced(record, "\"charge\"", "\"charge_delete\"");
  const auto result = parser.parse(record, kNow);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ((*result)->kind, EnvelopeKind::kChargeDelete);
  EXPECT_EQ((*result)->head.revision, 2);
  EXPECT_EQ(refusal(replaced(record, ",\"revision\":2", "")), "MISSING_FIELD revision");
  EXPECT_EQ(refusal(replaced(record, "\"revision\":2", "\"revision\":2,\"delivery\":9")),
            "BAD_FIELD delivery");
}

TEST(Envelope, HashDependsOnWhatTheRowSaysAndNotOnHowItIsSpelled) {
  const ContentHash plain = hash_of(charge(R"(,"ServiceName":"S3","Tags":{"a":"1","b":"2"})"));
  EXPECT_EQ(plain, hash_of(charge(R"(,"Tags":{"b":"2","a":"1"},"ServiceName":"S\u0033")")));
  EXPECT_EQ(plain, hash_of(charge(R"(, "ServiceName" : "S3", "Tags" : { "a" : "1", "b" : "2" } )",
                                  R"(,"revision":7)")));
  EXPECT_EQ(plain, hash_of(replaced(charge(R"(,"ServiceName":"S3","Tags":{"a":"1","b":"2"})"),
                                    "\"1.50\"", "15E-1")));
  EXPECT_EQ(
      plain,
      hash_of(charge(
          R"(,"ServiceName":"S3","ListCost":0,"SkuId":"","Tags":{"a":"1","b":"2","c":null})")));
  EXPECT_EQ(plain, hash_of(charge(R"(,"ServiceName":"S3","Unknown":5,"Tags":{"a":"1","b":"2"})")));
  EXPECT_NE(plain, hash_of(charge(R"(,"ServiceName":"S4","Tags":{"a":"1","b":"2"})")));
  EXPECT_NE(plain, hash_of(charge(R"(,"ServiceName":"S3","Tags":{"a":"1","b":"3"})")));
  EXPECT_NE(plain, hash_of(charge(R"(,"SkuId":"S3","Tags":{"a":"1","b":"2"})")));
  EXPECT_NE(plain, hash_of(replaced(charge(R"(,"ServiceName":"S3","Tags":{"a":"1","b":"2"})"),
                                    "1.50", "1.51")));
}

TEST(Envelope, RefusesByNameWhatComesLater) {
  for (const std::string_view kind : {"delivery_end", "settle", "telemetry"}) {
    const auto record = fmt::format(R"({{"v":1,"kind":"{}","tenant":"acme","delivery":5}})", kind);
    EnvelopeParser parser;
    const auto result = parser.parse(record, kNow);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason, DeadLetterReason::kNotYetSupported);
    EXPECT_EQ(result.error().field, "kind");
    EXPECT_EQ(result.error().value, kind);
    EXPECT_EQ(result.error().head.tenant, "acme");
    EXPECT_EQ(result.error().head.delivery, 5);
  }
  EXPECT_EQ(refusal(charge("", R"(,"delivery":2026091903)")), "NOT_YET_SUPPORTED delivery");
  EXPECT_EQ(refusal(charge("", R"(,"delivery":null)")), "accepted");
}

TEST(Envelope, RefusesWhatIsNoJson) {
  for (const std::string_view record :
       {"", "null", "[]", "{", "{]", "{\"v\":1", "{\"v\":1}x", "{\"v\":1,}", "{\"v\":01}",
        "{\"v\":1 \"kind\":2}", "{\"x\":[1,}", "{\"x\":abc}", "{\"x\":nul}", "{\"v\":1.}",
        "{\"x\":\"\x01\"}", "{\"x\":\"\xff\"}", "{v:1}"}) {
    EXPECT_EQ(refusal(record), "MALFORMED_JSON ") << record;
  }
  EXPECT_EQ(refusal("{\"x\":" + std::string(5000, '[') + std::string(5000, ']') + "}"),
            "MALFORMED_JSON ");
  EXPECT_EQ(refusal(charge() + std::string(70'000, ' ')), "RECORD_TOO_LARGE ");
}

TEST(Envelope, RefusesBadHeads) {
  EXPECT_EQ(refusal("{}"), "MISSING_FIELD v");
  EXPECT_EQ(refusal(R"({"v":2,"kind":"charge"})"), "BAD_FIELD v");
  EXPECT_EQ(refusal(R"({"v":1})"), "MISSING_FIELD kind");
  EXPECT_EQ(refusal(R"({"v":1,"kind":"charges"})"), "UNKNOWN_KIND kind");
  EXPECT_EQ(refusal(R"({"v":1,"kind":7})"), "UNKNOWN_KIND kind");
  EXPECT_EQ(refusal(replaced(charge(), "\"acme\"", "\"ac me\"")), "BAD_FIELD tenant");
  EXPECT_EQ(refusal(replaced(charge(), "\"acme\"", fmt::format("\"{}\"", std::string(65, 'a')))),
            "BAD_FIELD tenant");
  EXPECT_EQ(refusal(replaced(charge(), "\"aws-cur\"", "\"\"")), "BAD_FIELD source");
  EXPECT_EQ(refusal(replaced(charge(), "2026-09\"", "2026-13\"")), "BAD_FIELD period");
  EXPECT_EQ(refusal(replaced(charge(), "\"shard\":3", "\"shard\":64")), "BAD_FIELD shard");
  EXPECT_EQ(refusal(replaced(charge(), "\"shard\":3", "\"shard\":1.0")), "BAD_FIELD shard");
  EXPECT_EQ(refusal(replaced(charge(), "\"c1\"", fmt::format("\"{}\"", std::string(257, 'c')))),
            "BAD_FIELD charge_id");
  EXPECT_EQ(refusal(replaced(charge(), ",\"charge_id\":\"c1\"", "")), "MISSING_FIELD charge_id");
  EXPECT_EQ(refusal(charge("", R"(,"revision":0)")), "BAD_FIELD revision");
  EXPECT_EQ(refusal(charge("", R"(,"tenant":"other")")), "BAD_FIELD tenant");
  EXPECT_EQ(refusal(fmt::format("{{{}}}", kHead)), "MISSING_FIELD row");
  EXPECT_EQ(refusal(fmt::format("{{{},\"row\":[]}}", kHead)), "BAD_FIELD row");
}

TEST(Envelope, RefusesBadRows) {
  EXPECT_EQ(refusal(replaced(charge(), "\"USD\"", "\"usd\"")), "BAD_CURRENCY row.BillingCurrency");
  EXPECT_EQ(refusal(replaced(charge(), "\"USD\"", "null")), "MISSING_FIELD row.BillingCurrency");
  EXPECT_EQ(refusal(replaced(charge(), "\"1.50\"", "\"1,50\"")), "BAD_DECIMAL row.BilledCost");
  EXPECT_EQ(refusal(replaced(charge(), "\"1.50\"", "true")), "BAD_DECIMAL row.BilledCost");
  EXPECT_EQ(refusal(replaced(charge(), "\"1.50\"", "0.1234567890123456789")),
            "TOO_MANY_DECIMALS row.BilledCost");
  EXPECT_EQ(refusal(replaced(charge(), "\"1.50\"", "1E15")), "accepted");
  EXPECT_EQ(refusal(replaced(charge(), "\"1.50\"", "1E16")), "AMOUNT_OVERFLOW row.BilledCost");
  EXPECT_EQ(refusal(replaced(charge(), "T11:00:00Z", "T09:59:59Z")),
            "PERIOD_END_BEFORE_START row.ChargePeriodEnd");
  EXPECT_EQ(refusal(replaced(charge(), "T11:00:00Z", "T10:00:00Z")), "accepted");
  EXPECT_EQ(refusal(replaced(charge(), "2026-09-01T11:00:00Z", "2027-09-02T10:00:00Z")),
            "accepted");
  EXPECT_EQ(refusal(replaced(charge(), "2026-09-01T11:00:00Z", "2027-09-02T10:00:01Z")),
            "PERIOD_TOO_LONG row.ChargePeriodEnd");
  EXPECT_EQ(refusal(replaced(charge(), "2026-09-01T11:00:00Z", "yesterday")),
            "BAD_FIELD row.ChargePeriodEnd");
  const std::string future = replaced(charge(), "2026-09-01T11:00:00Z", "2026-10-29T00:00:01Z");
  EXPECT_EQ(refusal(replaced(future, "2026-09-01T10:00:00Z", "2026-10-29T00:00:00Z")), "accepted");
  EXPECT_EQ(refusal(replaced(future, "2026-09-01T10:00:00Z", "2026-10-29T00:00:01Z")),
            "FUTURE_TIMESTAMP row.ChargePeriodStart");
  EXPECT_EQ(refusal(charge(R"(,"SkuId":5)")), "BAD_FIELD row.SkuId");
  EXPECT_EQ(refusal(charge(fmt::format(",\"SkuId\":\"{}\"", std::string(1024, 'x')))), "accepted");
  EXPECT_EQ(refusal(charge(fmt::format(",\"SkuId\":\"{}\"", std::string(1025, 'x')))),
            "BAD_FIELD row.SkuId");
  EXPECT_EQ(refusal(charge(R"(,"SkuId":"a","SkuId":"b")")), "BAD_FIELD row.SkuId");
  EXPECT_EQ(refusal(charge(R"(,"Tags":["a"])")), "BAD_FIELD row.Tags");
  EXPECT_EQ(refusal(charge(R"(,"Tags":{"a":"1","b":"2","a":"1"})")), "BAD_FIELD row.Tags");
  EXPECT_EQ(refusal(charge(fmt::format(R"(,"Tags":{{"{}":"1"}})", std::string(129, 'k')))),
            "BAD_FIELD row.Tags");
  EXPECT_EQ(refusal(charge(fmt::format(R"(,"Tags":{{"a":"{}"}})", std::string(257, 'v')))),
            "BAD_FIELD row.Tags");
  std::string tags;
  for (int i = 0; i < 100; ++i) tags += fmt::format("{}\"t{}\":\"x\"", i == 0 ? "" : ",", i);
  EXPECT_EQ(refusal(charge(fmt::format(",\"Tags\":{{{}}}", tags))), "accepted");
  EXPECT_EQ(refusal(charge(fmt::format(",\"Tags\":{{{},\"u\":null}}", tags))),
            "TOO_MANY_TAGS row.Tags");
}

TEST(Envelope, ARefusalShowsTheHeadThatWasReadable) {
  EnvelopeParser parser;
  const auto result = parser.parse(replaced(charge("", R"(,"revision":8)"), "1.50", "x"), kNow);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().head.tenant, "acme");
  EXPECT_EQ(result.error().head.source, "aws-cur");
  EXPECT_EQ(result.error().head.period, parse_period("2026-09"));
  EXPECT_EQ(result.error().head.shard, 3);
  EXPECT_EQ(result.error().head.charge_id, "c1");
  EXPECT_EQ(result.error().head.revision, 8);
  EXPECT_EQ(result.error().value, "x");
  EXPECT_EQ(result.error().message, "\"BilledCost\" is not a decimal number");
}

TEST(Envelope, CutsTheRefusedValueAtACharacter) {
  EnvelopeParser parser;
  std::string value = "x";
  for (int i = 0; i < 200; ++i) value += "é";
  const auto result = parser.parse(replaced(charge(), "1.50", value), kNow);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().value.size(), 255U);
}

TEST(Envelope, LetsInOnlyTheListedTenants) {
  EnvelopeParser parser({"globex"});
  const auto result = parser.parse(charge(), kNow);
  ASSERT_FALSE(result);
  EXPECT_EQ(reason_name(result.error().reason), "UNKNOWN_TENANT");
  EXPECT_TRUE(parser.parse(replaced(charge(), "acme", "globex"), kNow));
}

TEST(Envelope, OneRecordLeavesNothingBehindForTheNext) {
  EnvelopeParser parser;
  ASSERT_TRUE(
      parser.parse(charge(R"(,"SkuId":"a","Tags":{"a":"1"},"Foo":1)", R"(,"revision":4)"), kNow));
  ASSERT_FALSE(parser.parse("{\"v\":1,\"tenant\":5}", kNow));
  const auto result = parser.parse(charge(), kNow);
  ASSERT_TRUE(result);
  EXPECT_TRUE((*result)->row.tags.empty());
  EXPECT_EQ((*result)->row.column(Column::kSkuId), "");
  EXPECT_EQ((*result)->head.revision, 1);
  EXPECT_EQ((*result)->unknown_fields, 0U);
}

}  // namespace
}  // namespace tributary::cost
