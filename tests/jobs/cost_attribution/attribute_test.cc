#include "jobs/cost_attribution/core/attribute.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "jobs/cost_attribution/core/posting_period.h"
#include "tests/jobs/cost_attribution/core_fixture.h"

namespace tributary::cost {
namespace {

constexpr Duration kRetain = days(100);

// A state that owns what it stores, and follows decisions as a job would.
class Ledger {
 public:
  RuleBook book;
  std::vector<std::string> last;  // the lines of the last event
  Outcome outcome = Outcome::kStale;
  std::map<std::string, Int128> totals;  // by dimension/element, billed

  void publish(std::string_view yaml) {
    const auto result = book.publish(rules_of(yaml), std::nullopt, kRetain);
    ASSERT_TRUE(result) << result.error().to_string();
  }

  void row(std::int64_t revision, const TestRow& test_row) {
    const ContentHash hash = content_hash(test_row.row, scratch_);
    follow(attributor_.on_row(head(revision), test_row.row, hash, stored(), &book), &test_row.row,
           hash);
  }
  void remove(std::int64_t revision) {
    follow(attributor_.on_delete(head(revision), stored()), nullptr, {});
  }
  void rules() { follow(attributor_.on_rules("aws-cur", *stored(), book), nullptr, {}); }

 private:
  ChargeHead head(std::int64_t revision) const {
    return {"acme", "aws-cur", *parse_period("2026-09"), 0, "c1", revision};
  }
  const StoredView* stored() { return has_ ? &view_ : nullptr; }

  void follow(const Decision& decision, const ChargeRow* row, const ContentHash& hash) {
    outcome = decision.outcome;
    last.clear();
    for (const LineDraft& line : decision.lines) {
      last.push_back(fmt::format("{} {} {} {} {} v{}", line.dimension, line.element,
                                 format_amount(line.amounts[0]), cause_name(line.cause),
                                 line.rule_id.empty() ? "-" : line.rule_id, line.rules_version));
      totals[fmt::format("{}/{}", line.dimension, line.element)] += line.amounts[0].units;
    }
    if (decision.change == StateChange::kNone) return;
    has_ = true;
    view_.revision = decision.revision;
    if (decision.change == StateChange::kRevision) return;
    if (decision.change == StateChange::kTombstone) {
      view_ = StoredView{};
      view_.revision = decision.revision;
      view_.deleted = true;
      return;
    }
    if (decision.change == StateChange::kReplace) {
      view_.deleted = false;
      view_.hash = hash;
      view_.row = *row;  // the tests' rows outlive the ledger
    }
    names_.clear();
    for (const Assignment& each : decision.assignments) {
      names_.push_back(
          {std::string(each.dimension), std::string(each.element), std::string(each.rule_id)});
    }
    assignments_.clear();
    for (const auto& name : names_) assignments_.push_back({name[0], name[1], name[2]});
    view_.rules_version = decision.rules_version;
    view_.assignments = assignments_;
  }

  Attributor attributor_;
  std::string scratch_;
  bool has_ = false;
  StoredView view_;
  std::vector<std::array<std::string, 3>> names_;
  std::vector<Assignment> assignments_;
};

constexpr std::string_view kV1 = R"(
  - name: team
    rules:
      - {id: tag, group_by: {source: "tag:team", transform: [trim, lower]}}
  - name: service
    rules:
      - {id: name, group_by: {source: ServiceName}}
)";
using Lines = std::vector<std::string>;

TEST(Attributor, PostsANewChargeToInputAndEveryDimension) {
  Ledger ledger;
  ledger.publish(document(kV1));
  const TestRow row(std::vector<Tag>{{"team", "Payments"}});
  ledger.row(1, row);
  EXPECT_EQ(ledger.outcome, Outcome::kNew);
  EXPECT_EQ(ledger.last, (Lines{"(input) aws-cur 10 new - v0", "team payments 10 new tag v1",
                                "service EC2 10 new name v1"}));
}

TEST(Attributor, BeforeTheFirstVersionThereIsInputAlone) {
  Ledger ledger;
  const TestRow row;
  ledger.row(1, row);
  EXPECT_EQ(ledger.last, (Lines{"(input) aws-cur 10 new - v0"}));
}

TEST(Attributor, IgnoresRepeatsAndOlderRevisions) {
  Ledger ledger;
  const TestRow row;
  TestRow other;
  other.row.amounts[0] = money("11");
  ledger.row(2, row);
  ledger.row(2, row);
  EXPECT_EQ(ledger.outcome, Outcome::kDuplicate);
  ledger.row(1, other);
  EXPECT_EQ(ledger.outcome, Outcome::kStale);
  ledger.row(2, other);
  EXPECT_EQ(ledger.outcome, Outcome::kRejected);
  EXPECT_TRUE(ledger.last.empty());
  ledger.row(3, row);
  EXPECT_EQ(ledger.outcome, Outcome::kUnchanged);
  EXPECT_TRUE(ledger.last.empty());
  ledger.row(2, row);
  EXPECT_EQ(ledger.outcome, Outcome::kStale) << "the unchanged revision was stored";
}

TEST(Attributor, AChangeIsAReversalAndAPosting) {
  Ledger ledger;
  ledger.publish(document(kV1));
  const TestRow row(std::vector<Tag>{{"team", "search"}});
  TestRow changed(std::vector<Tag>{{"team", "search"}});
  changed.row.amounts[0] = money("12.5");
  ledger.row(1, row);
  ledger.row(2, changed);
  EXPECT_EQ(ledger.outcome, Outcome::kChanged);
  EXPECT_EQ(ledger.last,
            (Lines{"(input) aws-cur -10 changed - v0", "(input) aws-cur 12.5 changed - v0",
                   "team search -10 changed tag v1", "team search 12.5 changed tag v1",
                   "service EC2 -10 changed name v1", "service EC2 12.5 changed name v1"}));
}

TEST(Attributor, WritesNoLineWhereNothingThatALineSaysChanged) {
  Ledger ledger;
  ledger.publish(document(kV1));
  const TestRow row(std::vector<Tag>{{"team", "search"}});
  const TestRow moved(std::vector<Tag>{{"team", "payments"}});
  TestRow described(std::vector<Tag>{{"team", "payments"}});
  described.set(Column::kChargeDescription, "more words");
  ledger.row(1, row);
  ledger.row(2, moved);
  EXPECT_EQ(ledger.last,
            (Lines{"team search -10 changed tag v1", "team payments 10 changed tag v1"}));
  ledger.row(3, described);
  EXPECT_EQ(ledger.outcome, Outcome::kChanged);
  EXPECT_TRUE(ledger.last.empty());
}

TEST(Attributor, ADeleteTakesBackAndLeavesATombstone) {
  Ledger ledger;
  ledger.publish(document(kV1));
  const TestRow row(std::vector<Tag>{{"team", "search"}});
  ledger.row(1, row);
  ledger.remove(1);
  EXPECT_EQ(ledger.outcome, Outcome::kRejected);
  ledger.remove(3);
  EXPECT_EQ(ledger.outcome, Outcome::kDeleted);
  EXPECT_EQ(ledger.last,
            (Lines{"(input) aws-cur -10 deleted - v0", "team search -10 deleted tag v1",
                   "service EC2 -10 deleted name v1"}));
  ledger.remove(3);
  EXPECT_EQ(ledger.outcome, Outcome::kDuplicate);
  ledger.row(2, row);
  EXPECT_EQ(ledger.outcome, Outcome::kStale);
  ledger.row(3, row);
  EXPECT_EQ(ledger.outcome, Outcome::kRejected);
  ledger.row(4, row);
  EXPECT_EQ(ledger.outcome, Outcome::kNew);
  EXPECT_EQ(ledger.totals["team/search"], money("10").units);
}

TEST(Attributor, ADeleteThatComesFirstHoldsBackOlderRows) {
  Ledger ledger;
  const TestRow row;
  ledger.remove(5);
  EXPECT_EQ(ledger.outcome, Outcome::kDeleted);
  EXPECT_TRUE(ledger.last.empty());
  ledger.row(4, row);
  EXPECT_EQ(ledger.outcome, Outcome::kStale);
}

TEST(Attributor, NewRulesMoveWhatTheyTouchAndNothingElse) {
  Ledger ledger;
  ledger.publish(document(kV1));
  const TestRow row(std::vector<Tag>{{"team", "search"}});
  ledger.row(1, row);
  ledger.rules();
  EXPECT_EQ(ledger.outcome, Outcome::kUnchanged);
  ledger.publish(document(R"(
  - name: team
    rules:
      - {id: all, group: everyone}
  - name: unit
    rules: []
)",
                          2));
  ledger.rules();
  EXPECT_EQ(ledger.outcome, Outcome::kChanged);
  EXPECT_EQ(ledger.last,
            (Lines{"service EC2 -10 rules name v1", "team search -10 rules tag v1",
                   "team everyone 10 rules all v2", "unit (unattributed) 10 rules - v2"}));
  EXPECT_EQ(ledger.totals["service/EC2"], 0);
  ledger.rules();
  EXPECT_EQ(ledger.outcome, Outcome::kUnchanged);
  // A version that starts after the charge changes nothing.
  ledger.publish(document("  - name: team\n    rules: []\n", 3, "2026-09-01T11:00:00Z"));
  ledger.rules();
  EXPECT_TRUE(ledger.last.empty());
}

TEST(Attributor, AnUnchangedRevisionKeepsTheOldRulesUntilTheWalk) {
  Ledger ledger;
  ledger.publish(document(kV1));
  const TestRow row(std::vector<Tag>{{"team", "search"}});
  ledger.row(1, row);
  ledger.publish(document("  - name: team\n    rules:\n      - {id: all, group: everyone}\n", 2));
  ledger.row(2, row);
  EXPECT_EQ(ledger.outcome, Outcome::kUnchanged);
  ledger.rules();
  EXPECT_EQ(ledger.totals["team/everyone"], money("10").units);
  EXPECT_EQ(ledger.totals["team/search"], 0);
}

TEST(RuleBook, TheHighestVersionWhoseValidFromIsNotLaterIsInForce) {
  RuleBook book;
  const auto publish = [&](int version, std::string_view from) {
    return book
        .publish(rules_of(document("  - name: team\n    rules: []\n", version, from)), std::nullopt,
                 kRetain)
        .has_value();
  };
  EXPECT_EQ(book.in_force(at("2026-09-01")), nullptr);
  EXPECT_FALSE(book.changed_since(0));
  EXPECT_TRUE(publish(1, "2026-01-01"));
  EXPECT_TRUE(publish(2, "2026-06-01"));
  EXPECT_TRUE(publish(4, "2026-03-01"));
  EXPECT_TRUE(publish(5, "2026-09-01"));
  EXPECT_EQ(book.version_in_force(at("2025-12-31")), 0);
  EXPECT_EQ(book.version_in_force(at("2026-01-01")), 1);
  EXPECT_EQ(book.version_in_force(at("2026-02-28T23:59:59Z")), 1);
  EXPECT_EQ(book.version_in_force(at("2026-03-01")), 4);
  EXPECT_EQ(book.version_in_force(at("2026-07-01")), 4) << "version 2 was overtaken";
  EXPECT_EQ(book.version_in_force(at("2026-09-01")), 5);
  EXPECT_EQ(book.changed_since(0), at("2026-01-01"));
  EXPECT_EQ(book.changed_since(1), at("2026-03-01"));
  EXPECT_EQ(book.changed_since(4), at("2026-09-01"));
  EXPECT_FALSE(book.changed_since(5));
}

TEST(RuleBook, RefusesOldVersionsAndOldValidFrom) {
  RuleBook book;
  const auto publish = [&](int version, std::string_view from, std::optional<Timestamp> clock) {
    const auto result = book.publish(
        rules_of(document("  - name: team\n    rules: []\n", version, from)), clock, kRetain);
    return result ? std::string("accepted") : result.error().to_string();
  };
  EXPECT_EQ(publish(8, "2026-01-01", std::nullopt), "accepted");
  EXPECT_EQ(
      publish(8, "2026-01-01", std::nullopt),
      "acme rules v8, version, line 3: R02 version 8 is not above the last published version 8");
  EXPECT_EQ(publish(9, "2026-05-31", at("2026-09-09")),
            "acme rules v9, valid_from, line 4: R04 valid_from 2026-05-31T00:00:00Z is older than "
            "2026-06-01T00:00:00Z, the newest charge's start less retain_days");
  EXPECT_EQ(book.last_version(), 8);
  EXPECT_EQ(publish(9, "2026-06-01", at("2026-09-09")), "accepted");
}

TEST(ClosedPeriods, PostAfterTheLastClosedMonth) {
  const auto month = [](std::string_view text) { return *parse_period(text); };
  ClosedPeriods closed;
  EXPECT_EQ(closed.posting_of(month("2026-09")), (Posting{month("2026-09"), false}));
  EXPECT_TRUE(closed.close(month("2026-12")));
  EXPECT_TRUE(closed.close(month("2026-09")));
  EXPECT_FALSE(closed.close(month("2026-09")));
  EXPECT_EQ(closed.posting_of(month("2026-09")), (Posting{month("2027-01"), true}));
  EXPECT_EQ(closed.posting_of(month("2026-10")), (Posting{month("2026-10"), false}));
}

}  // namespace
}  // namespace tributary::cost
