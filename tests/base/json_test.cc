#include "base/json.h"

#include <gtest/gtest.h>

#include "tests/base/sample_records.h"

namespace tributary {
namespace {

using sample::Invoice;
using sample::Status;

struct Charge {
  Text tenant = "nobody";
  Money billed;
  Amount rate;
  Timestamp start;
  Status status = Status::kNew;
  Optional<Text> note;
  std::int32_t count = 3;
  std::int64_t big = 0;
  bool is_final = false;
  List<Text> names;
  Map<Text, Amount> tags;
  Map<sample::ResourceKey, std::int32_t> resources;
  Map<std::int32_t, bool> ports;
};
TRIBUTARY_RECORD(Charge, tenant, billed, rate, start, status, note, count, big, is_final, names,
                 tags, resources, ports);

std::string to_json(const Charge& charge) {
  std::string text;
  write_json(type_info<Charge>(), &charge, text);
  return text;
}

class JsonTest : public testing::Test {
 protected:
  Result<Charge> read(std::string_view line, JsonReadOptions options = {}) {
    Charge charge;
    JsonReader reader(options);
    TRY(reader.read(type_info<Charge>(), line, &charge, arena_));
    return charge;
  }
  std::string error_of(std::string_view line, JsonReadOptions options = {}) {
    const auto charge = read(line, options);
    return charge ? "none"
                  : fmt::format("{} {}", error_page(charge.error().code()).code,
                                charge.error().what());
  }

  Arena arena_;
};

TEST_F(JsonTest, RandomValuesComeBack) {
  JsonReader reader;
  Random random(41);
  for (int i = 0; i < 500; ++i) {
    Arena arena;
    const auto value = sample::random_value<Invoice>(random, arena);
    std::string line;
    write_json(type_info<Invoice>(), &value, line);
    Invoice back;
    const auto status = reader.read(type_info<Invoice>(), line, &back, arena);
    ASSERT_TRUE(status) << status.error().to_string() << '\n' << line;
    EXPECT_EQ(back, value) << line;
  }
}

TEST_F(JsonTest, WritesEachTypeInItsForm) {
  Charge charge;
  charge.tenant = "a\"\\\n\x01€";
  charge.billed = {{Amount::kOne / 2}, *Currency::parse("USD")};
  charge.big = INT64_MAX;
  charge.status = Status::kPeriodClosed;
  const Map<sample::ResourceKey, std::int32_t>::Entry resources[] = {{{"acme", 1}, 5}};
  charge.resources = Map<sample::ResourceKey, std::int32_t>::copy(resources, arena_);
  const Map<std::int32_t, bool>::Entry ports[] = {{80, true}, {-1, false}};
  charge.ports = Map<std::int32_t, bool>::copy(ports, arena_);
  EXPECT_EQ(
      to_json(charge),
      R"({"tenant":"a\"\\\n\u0001€","billed":{"amount":"0.5","currency":"USD"},"rate":"0",)"
      R"("start":"1970-01-01T00:00:00Z","status":"period_closed","count":3,"big":9223372036854775807,)"
      R"("is_final":false,"names":[],"tags":{},"resources":[[{"account":"acme","region":1},5]],)"
      R"("ports":{"-1":false,"80":true}})");
}

TEST_F(JsonTest, WritesReplacementsForBytesThatAreNotUtf8) {
  Charge charge;
  charge.tenant = "a\xFF\xC3";
  EXPECT_TRUE(to_json(charge).starts_with("{\"tenant\":\"a\xEF\xBF\xBD\xEF\xBF\xBD\""))
      << to_json(charge);
}

// Texts are copied eight bytes at a time, the last ones overlapping.
TEST_F(JsonTest, EscapesAByteWhereverItStandsInATextOfAnyLength) {
  const std::pair<char, std::string_view> escapes[] = {
      {'"', "\\\""}, {'\\', "\\\\"}, {'\n', "\\n"}, {'\x1f', "\\u001f"}, {'\xff', "\xEF\xBF\xBD"}};
  for (std::size_t size = 0; size <= 33; ++size) {
    const std::string plain(size, '~');
    EXPECT_EQ(to_json({.tenant = plain}).substr(0, size + 13), R"({"tenant":")" + plain + R"(",)");
    for (std::size_t place = 0; place < size; ++place) {
      for (const auto& [byte, escaped] : escapes) {
        std::string text = plain;
        text[place] = byte;
        std::string shown = plain;
        shown.replace(place, 1, escaped);
        EXPECT_TRUE(to_json({.tenant = text}).starts_with(R"({"tenant":")" + shown + R"(",)"))
            << "byte " << static_cast<int>(byte) << " at " << place << " of " << size;
      }
    }
  }
}

TEST_F(JsonTest, MissingFieldsTakeTheirDefaults) {
  const auto charge = read(R"( {"note":null, "count": -4} )");
  ASSERT_TRUE(charge) << charge.error().to_string();
  EXPECT_EQ(charge->tenant, "nobody");
  EXPECT_EQ(charge->count, -4);
  EXPECT_FALSE(charge->note.has_value());
}

TEST_F(JsonTest, ReadsAmountsFromStringsAndFromNumbersExactly) {
  const auto charge = read(
      R"({"rate": 0.100000000000000001, "billed":{"amount":123456789.123456789012345678,"currency":"EUR"}})");
  ASSERT_TRUE(charge) << charge.error().to_string();
  EXPECT_EQ(format_amount(charge->rate), "0.100000000000000001");
  EXPECT_EQ(format_amount(charge->billed.amount), "123456789.123456789012345678");
  EXPECT_EQ(format_amount(read(R"({"rate":"5.2E-9"})")->rate), "0.0000000052");
}

TEST_F(JsonTest, ErrorsNameThePathAndTheValue) {
  EXPECT_EQ(error_of(R"({"count":"7"})"), R"(D101 Charge.count: expected an integer, got '"7"')");
  EXPECT_EQ(error_of(R"({"count":3000000000})"),
            "D101 Charge.count: '3000000000' is out of range [-2147483648, 2147483647]");
  EXPECT_EQ(error_of(R"({"count":1.5})"), "D101 Charge.count: '1.5' is not an integer");
  EXPECT_EQ(error_of(R"({"count":007})"), "D101 Charge.count: expected an integer, got '007'");
  EXPECT_EQ(error_of(R"({"is_final":tru})"),
            "D101 Charge.is_final: 'tru' is neither true nor false");
  EXPECT_EQ(error_of(R"({"tenant":null})"), "D101 Charge.tenant: expected a string, got 'null'");
  EXPECT_EQ(error_of(R"({"status":"old"})"), "D101 Charge.status: 'old' is not one of Status");
  EXPECT_EQ(error_of(R"({"tenant":"a","tenant":"b"})"), "D101 Charge.tenant: comes twice");
  EXPECT_EQ(error_of(R"({"tags":{"a":"1","a":"2"}})"), "D101 Charge.tags: a key comes twice");
  EXPECT_EQ(error_of(R"({"billed":{"amount":"1"}})"), "D101 Charge.billed: currency is missing");
  EXPECT_EQ(error_of(R"({"names":["a",1]})"), "D101 Charge.names: expected a string, got '1'");
  EXPECT_EQ(error_of("[1]"), "D101 Charge: expected an object, got '[1]'");
  EXPECT_TRUE(error_of(R"({"billed":{"amount":"ten","currency":"EUR"}})")
                  .starts_with("D104 Charge.billed.amount: "));
  EXPECT_TRUE(error_of(R"({"start":"yesterday"})").starts_with("D105 Charge.start: "));
}

TEST_F(JsonTest, RefusesWhatIsNoJson) {
  for (const std::string_view line :
       {"", "{", "{\"count\":}", "{\"count\" 1}", "{} {}", "{\"count\":1,}", "{\"a\":\"\xFF\"}",
        "{\"tenant\":\"\\ud800\"}", "nonsense", "{\"count\":1 2}"})
    EXPECT_TRUE(error_of(line).starts_with("D101 ")) << line << ": " << error_of(line);
}

TEST_F(JsonTest, CutsALongValueInAMessage) {
  const std::string error = error_of("{\"count\":\"" + std::string(500, 'x') + "\"}");
  EXPECT_LT(error.size(), 130U) << error;
}

TEST_F(JsonTest, CountsUnknownFieldsOrRefusesThem) {
  JsonReader reader;
  Charge charge;
  ASSERT_TRUE(reader.read(type_info<Charge>(), R"({"x":{"y":[1,{"z":"}"}]},"count":9,"w":1})",
                          &charge, arena_));
  EXPECT_EQ(charge.count, 9);
  EXPECT_EQ(reader.unknown_fields(), 2U);
  EXPECT_EQ(error_of(R"({"x":1})", {.refuse_unknown_fields = true}),
            "D101 Charge: unknown field 'x'");
}

TEST_F(JsonTest, RequiresFieldsWhenAsked) {
  EXPECT_EQ(error_of("{}", {.require_all_fields = true}), "D101 Charge.tenant: is missing");
}

TEST_F(JsonTest, LimitsLinesTextsElementsAndMemory) {
  EXPECT_TRUE(error_of(R"({"tenant":"abcdef"})", {.line_bytes_max = 8}).starts_with("D102 "));
  EXPECT_TRUE(error_of(R"({"tenant":"abcdef"})", {.text_bytes_max = 5}).starts_with("D102 "));
  EXPECT_TRUE(error_of(R"({"names":["a","b"]})", {.list_elements_max = 1}).starts_with("D102 "));
  EXPECT_TRUE(error_of(R"({"names":["a","b"]})", {.total_bytes_max = 20}).starts_with("D102 "));
}

TEST_F(JsonTest, AReaderGoesOnAfterAnError) {
  JsonReader reader;
  Charge charge;
  EXPECT_FALSE(reader.read(type_info<Charge>(), R"({"names":["a",)", &charge, arena_));
  EXPECT_EQ(charge.tenant, "nobody");
  EXPECT_TRUE(reader.read(type_info<Charge>(), R"({"names":["a"],"tenant":"b"})", &charge, arena_));
  EXPECT_EQ(charge.names.size(), 1U);
}

}  // namespace
}  // namespace tributary
