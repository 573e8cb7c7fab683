// tests/jobs/cost_attribution/core_fixture.h
// Short ways to write rows, amounts and rule documents in tests of the cost core.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "jobs/cost_attribution/core/rule_parser.h"

namespace tributary::cost {

inline Amount money(std::string_view text) { return parse_amount(text).value(); }
inline Timestamp at(std::string_view text) { return parse_timestamp(text).value(); }

// A row with its own tags, one hour of EC2 for 10 USD unless told otherwise. Tags must be given
// sorted.
struct TestRow {
  explicit TestRow(std::vector<Tag> given = {}) : tags(std::move(given)) {
    row.start = at("2026-09-01T10:00Z");
    row.end = at("2026-09-01T11:00Z");
    row.currency = Currency::parse("USD").value();
    row.amounts[0] = money("10");
    set(Column::kServiceName, "EC2");
    row.tags = tags;
  }
  TestRow(const TestRow&) = delete;
  TestRow& operator=(const TestRow&) = delete;

  void set(Column column, std::string_view value) {
    row.columns[static_cast<std::size_t>(column)] = value;
  }

  std::vector<Tag> tags;
  ChargeRow row;
};

inline std::string document(std::string_view dimensions, int version = 1,
                            std::string_view valid_from = "2026-01-01T00:00:00Z") {
  return fmt::format(
      "apiVersion: tributary/cost-rules/v1\ntenant: acme\nversion: {}\nvalid_from: "
      "{}\ndimensions:\n{}",
      version, valid_from, dimensions);
}

inline std::shared_ptr<const RuleSet> rules_of(std::string_view yaml) {
  auto rules = parse_rules(yaml);
  if (!rules) {
    ADD_FAILURE() << to_error(rules.error()).what();
    return nullptr;
  }
  return std::make_shared<const RuleSet>(std::move(*rules));
}

// The texts of all problems, one a line.
inline std::string problems_of(std::string_view yaml) {
  const auto rules = parse_rules(yaml);
  return rules ? "accepted" : to_error(rules.error()).what();
}

}  // namespace tributary::cost
