#include "tests/jobs/cost_attribution/oracle/history_words.h"

#include <chrono>
#include <cstdio>
#include <map>

#include <nlohmann/json.hpp>

namespace tributary::cost_oracle {
namespace {

// Up to `bytes_max`, of characters of 1 to 4 bytes, so that every cut at 256 bytes occurs.
std::string long_text(Dice& dice, std::size_t bytes_max) {
  static const std::vector<std::string> letters = {"a", "Z", "é", "ß", "中", "😀", " ", "-"};
  const std::string& mostly = dice.pick(letters);
  std::string text = dice.percent(30) ? "(" : "x";
  while (true) {
    const std::string& letter = dice.percent(80) ? mostly : dice.pick(letters);
    if (text.size() + letter.size() > bytes_max) return text;
    text += letter;
  }
}

std::string account(Dice& dice) {
  static const std::vector<std::string> accounts = {"012345670123", "111111111111", "222222222222",
                                                    "no", "2026-09-01"};
  return dice.pick(accounts);
}

const std::vector<std::string>& words() {
  static const std::vector<std::string> all = {"payments",
                                               "Payments",
                                               " payments",
                                               "search ",
                                               "SEARCH",
                                               "data-platform",
                                               "Data Platform!",
                                               "\tplatform\r\n",
                                               "(unattributed)",
                                               "(internal)",
                                               "  (odd) ",
                                               "globex",
                                               "Initech, Inc.",
                                               "équipe",
                                               "ÉQUIPE Ü",
                                               "チーム",
                                               "a/b/c",
                                               "a//c",
                                               "/",
                                               "   ",
                                               "---",
                                               "api-gateway",
                                               "prod",
                                               "Prod",
                                               "dev",
                                               "no",
                                               "012",
                                               "null",
                                               "kafka-logs",
                                               "tmp-12",
                                               "tmp-",
                                               "x|y%z",
                                               "say \"hi\" \\",
                                               "\x1f",
                                               "😀"};
  return all;
}

}  // namespace

const std::vector<std::string>& tag_keys() {
  static const std::vector<std::string> keys = {"team",        " team",       "Team",     "app",
                                                "environment", "env",         "customer", "client",
                                                "flag",        "cost center", "größe",    "a:b"};
  return keys;
}

const std::vector<std::string>& group_names() {
  static const std::vector<std::string> names = {"infrastructure", "no",   "shared services",
                                                 "Größe",          "0123", "_(kept)",
                                                 "data-platform",  "prod"};
  return names;
}

std::string random_tag_value(Dice& dice) {
  if (dice.percent(5)) return "";
  if (dice.percent(5)) return long_text(dice, dice.between(240, 256));
  return dice.pick(words());
}

const std::vector<std::string>& row_columns() {
  static const std::vector<std::string> columns = {
      "ChargeCategory", "ChargeClass",  "ChargeDescription", "ServiceName",  "ServiceCategory",
      "ProviderName",   "SubAccountId", "SubAccountName",    "ResourceName", "ResourceId"};
  return columns;
}

std::string random_column_value(Dice& dice, const std::string& column) {
  static const std::map<std::string, std::vector<std::string>> pools = {
      {"ChargeCategory", {"Usage", "Credit", "Adjustment", "Tax"}},
      {"ChargeClass", {"Correction", ""}},
      {"ServiceName", {"EC2", "Lambda", "S3", "Amazon Simple Queue Service", "Support", ""}},
      {"ServiceCategory", {"Compute", "Storage", "Other"}},
      {"ProviderName", {"AWS", "Microsoft", "Oracle"}},
      {"BillingCurrency", {"USD", "EUR"}}};
  if (const auto pool = pools.find(column); pool != pools.end()) return dice.pick(pool->second);
  if (column.ends_with("AccountId")) return account(dice);
  if (dice.percent(4)) return "";
  if (dice.percent(12)) return long_text(dice, dice.between(250, 1'000));
  return dice.pick(words());
}

std::string random_piece(Dice& dice, const std::string& text, bool from_begin, bool to_end) {
  std::vector<std::size_t> bounds;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) bounds.push_back(i);
  }
  if (bounds.empty()) return text;
  bounds.push_back(text.size());
  std::size_t first = from_begin ? 0 : dice.below(bounds.size() - 1);
  std::size_t last = to_end ? bounds.size() - 1 : dice.between(first + 1, bounds.size() - 1);
  return text.substr(bounds[first], bounds[last] - bounds[first]);
}

std::string joined(std::initializer_list<std::string> parts) {
  std::string text;
  for (const std::string& part : parts) text += part;
  return text;
}

std::string quoted(const std::string& text) { return nlohmann::json(text).dump(); }

std::string time_text(std::int64_t micros) {
  const std::chrono::sys_time<std::chrono::microseconds> instant{std::chrono::microseconds(micros)};
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(instant - day);
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  std::string result = text;
  if (const auto fraction = time.subseconds().count(); fraction != 0) {
    std::snprintf(text, sizeof text, ".%06d", static_cast<int>(fraction));
    result += text;
  }
  return result + "Z";
}

}  // namespace tributary::cost_oracle
