// docs/formats/state-keys.md is the truth: its tables are read here.
#include "checkpoint/lsm_key.h"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace tributary {
namespace {

// The cells of each row of the table below `heading`, without backticks and spaces.
std::vector<std::vector<std::string>> table_below(const std::string& heading) {
  std::ifstream file(std::string(TRIBUTARY_SOURCE_DIR) + "/docs/formats/state-keys.md");
  std::vector<std::vector<std::string>> rows;
  bool below = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) below = line == heading;
    if (!below || !line.starts_with("|")) continue;
    std::vector<std::string> cells;
    std::istringstream row(line.substr(1));
    for (std::string cell; std::getline(row, cell, '|');) {
      std::erase_if(cell, [](char c) { return c == '`' || c == ' '; });
      cells.push_back(cell);
    }
    rows.push_back(std::move(cells));
  }
  EXPECT_GE(rows.size(), 3U) << "no table below " << heading;
  rows.erase(rows.begin(), rows.begin() + 2);
  return rows;
}

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

std::uint16_t number(const std::string& text) {
  return static_cast<std::uint16_t>(std::stoi(text));
}

TEST(LsmKey, EntriesHaveTheBytesOfTheDocument) {
  for (const auto& row : table_below("### Entries")) {
    ASSERT_EQ(row.size(), 6U);
    std::string key;
    append_entry_key({number(row[0])}, {number(row[1])}, from_hex(row[2]), from_hex(row[3]), key);
    key += from_hex(row[4]);
    EXPECT_EQ(key, from_hex(row[5])) << row[5];
    const auto parsed = parse_entry_key(key);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->group.value, number(row[0]));
    EXPECT_EQ(parsed->state.value, number(row[1]));
    EXPECT_EQ(parsed->key, from_hex(row[2]));
    EXPECT_EQ(parsed->name_space, from_hex(row[3]));
    EXPECT_EQ(parsed->map_key, from_hex(row[4]));
  }
}

TEST(LsmKey, TimersHaveTheBytesOfTheDocument) {
  for (const auto& row : table_below("### Timers")) {
    ASSERT_EQ(row.size(), 8U);
    std::string key;
    append_timer_key({number(row[0])}, {number(row[1])}, static_cast<TimeDomain>(number(row[2])),
                     Timestamp{std::stoll(row[3])}, from_hex(row[4]), from_hex(row[5]),
                     from_hex(row[6]), key);
    EXPECT_EQ(key, from_hex(row[7])) << row[7];
    const auto parsed = parse_timer_key(key);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->at.micros, std::stoll(row[3]));
    EXPECT_EQ(parsed->domain, static_cast<TimeDomain>(number(row[2])));
    EXPECT_EQ(parsed->key, from_hex(row[4]));
    EXPECT_EQ(parsed->name_space, from_hex(row[5]));
    EXPECT_EQ(parsed->name, from_hex(row[6]));
  }
}

TEST(LsmKey, Rule33_KeyAndNamespaceDoNotRunTogetherAndSortAsTheyDo) {
  const std::vector<std::string> parts{"",
                                       std::string("\0", 1),
                                       std::string("\0\xff", 2),
                                       "\x01",
                                       "a",
                                       std::string("a\0", 2),
                                       "ab",
                                       "b",
                                       "\xff",
                                       "\xff\xff"};
  std::string last;
  for (const std::string& key : parts) {
    for (const std::string& name_space : parts) {
      std::string bytes;
      append_entry_key({3}, {4}, key, name_space, bytes);
      EXPECT_LT(last, bytes);
      last = bytes;
    }
  }
}

TEST(LsmKey, RefusesBytesThatNoKeyHas) {
  std::string key;
  append_entry_key({1}, {2}, std::string("a\0b", 3), "ns", key);
  for (std::size_t size = 0; size < key.size(); ++size)
    EXPECT_FALSE(parse_entry_key(key.substr(0, size)).has_value()) << size;
  EXPECT_FALSE(parse_entry_key(std::string("\0\1\0\2a\0\2\0\1", 9)).has_value());
  std::string timer;
  append_timer_key({1}, {2}, TimeDomain::kEvent, Timestamp{5}, "k", "", "", timer);
  for (std::size_t size = 0; size < timer.size(); ++size)
    EXPECT_FALSE(parse_timer_key(timer.substr(0, size)).has_value()) << size;
  timer[4] = 2;
  EXPECT_FALSE(parse_timer_key(timer).has_value());
}

}  // namespace
}  // namespace tributary
