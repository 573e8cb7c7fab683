#include "checkpoint/inspect/state_decoder.h"

#include <string>

#include <gmock/gmock.h>

#include "base/bytes.h"
#include "base/record_codec.h"
#include "tests/checkpoint/inspect/stored_job.h"

namespace tributary::testing_state {
namespace {

using checkpoint::StateInCatalog;
using testing::HasSubstr;

template <typename T>
std::string schema() {
  std::string bytes;
  schema_of(type_info<T>()).encode(bytes);
  return bytes;
}

template <typename T>
KeyText key_text() {
  return *KeyText::make(schema<T>());
}

StateInCatalog accounts(bool expires = false) {
  StateInCatalog entry;
  entry.set_operator_name("book");
  entry.set_name("accounts");
  entry.set_state_id(1);
  entry.set_key_schema(schema<AccountKey>());
  entry.add_value_schemas(schema<Posting>());
  entry.add_value_schemas(schema<Account>());
  if (expires) entry.set_ttl_micros(1);
  return entry;
}

std::string stored(const Account& account, std::string front) {
  RecordCodec(type_info<Account>()).encode(&account, front);
  return front;
}

TEST(KeyText, ReadsScalarsAsTextAndRecordsAsJson) {
  const AccountKey key{.tenant = "acme", .number = -3};
  std::string bytes;
  KeyCodec(type_info<AccountKey>()).encode(&key, bytes);
  EXPECT_EQ(*key_text<AccountKey>().to_bytes(R"({"tenant":"acme","number":-3})"), bytes);
  EXPECT_EQ(*key_text<AccountKey>().to_json(bytes), R"({"tenant":"acme","number":-3})");
  EXPECT_EQ(*key_text<std::int32_t>().to_json(*key_text<std::int32_t>().to_bytes("-7")), "-7");
  EXPECT_EQ(*key_text<Text>().to_json(*key_text<Text>().to_bytes(R"({"not":"json"})")),
            R"("{\"not\":\"json\"}")");
  EXPECT_EQ(*key_text<Timestamp>().to_json(*key_text<Timestamp>().to_bytes("2026-09-01")),
            R"("2026-09-01T00:00:00Z")");
}

TEST(KeyText, RefusesTextThatIsNoKeyAndSaysWhatIsExpected) {
  const auto refusal = [](const KeyText& key, std::string_view text) {
    const auto read = key.to_bytes(text);
    EXPECT_FALSE(read.has_value()) << text;
    if (read) return std::string();
    EXPECT_EQ(read.error().code(), ErrorCode::C114);
    return read.error().what();
  };
  EXPECT_THAT(refusal(key_text<std::int32_t>(), "seven"), HasSubstr("expected int32"));
  EXPECT_THAT(refusal(key_text<std::int32_t>(), "99999999999"), HasSubstr("int32"));
  const KeyText record = key_text<AccountKey>();
  EXPECT_THAT(refusal(record, "acme"),
              HasSubstr("expected AccountKey {tenant: Text, number: int32}"));
  EXPECT_THAT(refusal(record, R"({"tenant":"acme"})"), HasSubstr("number"));
  EXPECT_THAT(refusal(record, R"({"tenant":"acme","number":1,"day":2})"), HasSubstr("day"));
  EXPECT_THAT(refusal(record, std::string((1 << 20) + 1, 'x')), HasSubstr("at most"));
}

TEST(KeyText, ShowsBytesWithoutASchemaInHexadecimal) {
  const KeyText key = *KeyText::make("");
  EXPECT_EQ(key.type(), "bytes");
  EXPECT_EQ(*key.to_json(std::string_view("\x00\xff", 2)), R"("0x00ff")");
  EXPECT_EQ(*key.to_bytes("0x00fF"), std::string("\x00\xff", 2));
  for (const char* wrong : {"", "00ff", "0x0", "0xgg"})
    EXPECT_EQ(key.to_bytes(wrong).error().code(), ErrorCode::C114) << wrong;
}

TEST(KeyText, RefusesBytesThatAreNoKeyAndSchemasThatNoKeyHas) {
  EXPECT_EQ(key_text<std::int32_t>().to_json("xyz").error().code(), ErrorCode::S441);
  EXPECT_EQ(key_text<AccountKey>().to_json("acme").error().code(), ErrorCode::S441);
  EXPECT_EQ(KeyText::make(schema<Account>()).error().code(), ErrorCode::S431);
  EXPECT_EQ(KeyText::make("\x01\x77").error().code(), ErrorCode::S431);
}

TEST(StateDecoder, DecodesEachValueByTheSchemaThatItBears) {
  const StateDecoder state = *StateDecoder::make(accounts());
  EXPECT_EQ(state.value(stored({.owner = "o", .balance = *parse_amount("1.5")}, "\x01"))->json,
            R"({"owner":"o","balance":"1.5","limits":{}})");
  std::string older(1, '\0');
  ByteWriter(older).fixed(std::int64_t{250});
  EXPECT_EQ(state.value(older)->json, R"({"cents":250})");
  EXPECT_EQ(state.value_type(),
            "Account {owner: Text, balance: Amount, limits: Map<Text, Amount>, note: "
            "Optional<Text>}");
}

TEST(StateDecoder, TellsWhenAValueThatExpiresWasWritten) {
  const StateDecoder state = *StateDecoder::make(accounts(true));
  std::string bytes = "\x01";
  ByteWriter(bytes).fixed(std::int64_t{1'000'000});
  const auto value = state.value(stored({.owner = "o"}, bytes));
  EXPECT_EQ(format_timestamp(*value->written), "1970-01-01T00:00:01Z");
}

TEST(StateDecoder, RefusesEachCutOfAValue) {
  const StateDecoder state = *StateDecoder::make(accounts(true));
  std::string front = "\x01";
  ByteWriter(front).fixed(std::int64_t{1});
  const std::string whole = stored({.owner = "an owner of some length"}, front);
  ASSERT_TRUE(state.value(whole).has_value());
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(state.value(whole.substr(0, size)).error().code(), ErrorCode::S441) << size;
  EXPECT_EQ(state.value(whole + "x").error().code(), ErrorCode::S441);
  EXPECT_EQ(state.value("\x02").error().code(), ErrorCode::S441);
}

TEST(NameSpaces, AreTheStartsOfWindowsOrBytes) {
  const std::string bytes = *name_space_bytes("2026-09-01T10:00Z");
  EXPECT_EQ(name_space_text(bytes), "2026-09-01T10:00:00Z");
  EXPECT_EQ(name_space_text(""), "");
  EXPECT_EQ(name_space_text("ab"), "0x6162");
  EXPECT_EQ(*name_space_bytes("0x6162"), "ab");
  EXPECT_EQ(name_space_bytes("noon").error().code(), ErrorCode::C114);
}

}  // namespace
}  // namespace tributary::testing_state
