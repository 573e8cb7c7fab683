// report, explain, reconcile, deadletter, rules, close on a small ledger made by hand.
#include <zlib.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/json.h"
#include "jobs/cost_attribution/tools/close_command.h"
#include "jobs/cost_attribution/tools/dead_letter_command.h"
#include "jobs/cost_attribution/tools/dead_letter_reader.h"
#include "jobs/cost_attribution/tools/explain_command.h"
#include "jobs/cost_attribution/tools/hourly_reader.h"
#include "jobs/cost_attribution/tools/ledger_reader.h"
#include "jobs/cost_attribution/tools/reconcile_command.h"
#include "jobs/cost_attribution/tools/report_command.h"
#include "jobs/cost_attribution/tools/rules_command.h"
#include "jobs/cost_attribution/tools/sha256.h"
#include "tests/jobs/cost_attribution/tools/test_folder.h"

namespace tributary::cost {
namespace {

using testing::HasSubstr;

constexpr char kRules[] =
    "apiVersion: tributary/cost-rules/v1\ntenant: acme\nversion: 1\nvalid_from: "
    "2026-01-01T00:00:00Z\n"
    "dimensions:\n  - name: team\n    default: (unattributed)\n    rules:\n      - id: tag\n"
    "        group_by: {source: \"tag:team\", transform: [trim, lower]}\n";

constexpr char kRefused[] =
    R"({"v":1,"kind":"charge","tenant":"acme","period":"2026-09","charge_id":"bad"})";

// Two charges and a correction of the first: c1 EC2 10 -> 10.5 for payments, c2 S3 0.005 for
// nobody, c1 again a repeat, and one refused record.
class LedgerCommands : public testing::Test {
 protected:
  LedgerCommands() {
    line("c1", "team", "payments", "EC2", "10", "new", "12:00");
    line("c1", "(input)", "aws", "EC2", "10", "new", "12:00");
    line("c2", "team", "(unattributed)", "S3", "0.005", "new", "12:00");
    line("c2", "(input)", "aws", "S3", "0.005", "new", "12:00");
    line("c1", "team", "payments", "EC2", "-10", "changed", "13:00");
    line("c1", "(input)", "aws", "EC2", "-10", "changed", "13:00");
    line("c1", "team", "payments", "EC2", "10.5", "changed", "13:00");
    line("c1", "(input)", "aws", "EC2", "10.5", "changed", "13:00");
    cell("team", "payments", "EC2", "10", 1);
    cell("team", "payments", "EC2", "10.5", 2);
    cell("team", "(unattributed)", "S3", "0.005", 1);
    write();
    folder_.write("cost.charges/a.jsonl", charge("c1", 1, "10") + charge("c2", 1, "0.005") +
                                              charge("c1", 1, "10") + kRefused + "\n" +
                                              charge("c1", 2, "1.05E1"));
    Arena arena;
    DeadLetterLine letter;
    letter.reason = "MISSING_FIELD";
    letter.field = Text("source");
    letter.message = Text("\"source\" is missing");
    letter.tenant = Text("acme");
    letter.topic = "cost.charges";
    letter.raw = Text(base64_encode(kRefused), arena);
    std::string json;
    write_json(type_info<DeadLetterLine>(), &letter, json);
    folder_.write("cost.deadletters/a.jsonl", json + "\n");
    const auto rules = folder_.write("rules.yaml", kRules);
    EXPECT_EQ(run([&] {
                return run_rules_publish({rules, folder_.path(), "ann", "2026-09-01"}, clock_,
                                         out_);
              }),
              0)
        << out_;
  }

  template <typename Command>
  int run(const Command& command) {
    out_.clear();
    const Result<int> code = command();
    if (code) return *code;
    out_ = code.error().to_string();
    return -1;
  }
  int report(std::vector<std::string> by, const std::function<void(ReportOptions&)>& change = {}) {
    ReportOptions options;
    options.from = folder_.path();
    options.tenant = "acme";
    options.period = "2026-09";
    options.by = std::move(by);
    if (change) change(options);
    return run([&] { return run_report(options, out_); });
  }
  int reconcile() {
    return run([&] { return run_reconcile({folder_.path(), {}, "acme", "2026-09"}, out_); });
  }
  int explain(const std::string& element, const std::string& hour) {
    ExplainOptions options;
    options.from = folder_.path();
    options.tenant = "acme";
    options.dimension = "team";
    options.element = element;
    options.hour = hour;
    return run([&] { return run_explain(options, out_); });
  }

  static std::string charge(const std::string& id, int revision, const std::string& billed) {
    return fmt::format(
        R"({{"v":1,"kind":"charge","tenant":"acme","source":"aws","period":"2026-09","shard":0,)"
        R"("charge_id":"{}","revision":{},"row":{{"ChargePeriodStart":"2026-09-01T10:00:00Z",)"
        R"("ChargePeriodEnd":"2026-09-01T11:00:00Z","BillingCurrency":"USD","BilledCost":{}}}}})"
        "\n",
        id, revision, billed);
  }
  void line(const std::string& id, const char* dimension, const char* element, const char* service,
            const char* billed, const char* cause, const char* posted) {
    ledger_ += fmt::format(
        R"({{"v":1,"line_id":"x","tenant":"acme","dimension":"{}","element":"{}","kind":"direct","charge_id":"{}",)"
        R"("source":"aws","service":"{}","currency":"USD","start":"2026-09-01T10:00:00Z","end":"2026-09-01T11:00:00Z",)"
        R"("billed":"{}","effective":"0","list":"0","contracted":"0","provisional":false,"cause":"{}","rule_id":"{}",)"
        R"("rules_version":1,"revision":1,"period":"2026-09","posting_period":"2026-09","after_close":false,)"
        R"("posted_at":"2026-09-01T{}:00Z"}})"
        "\n",
        dimension, element, id, service, billed, cause,
        std::string(element) == "payments" ? "tag" : "", posted);
  }
  void cell(const char* dimension, const char* element, const char* service, const char* billed,
            int updates) {
    hourly_ += fmt::format(
        R"({{"v":1,"tenant":"acme","dimension":"{}","element":"{}","service":"{}","currency":"USD",)"
        R"("hour":"2026-09-01T10:00:00Z","billed":"{}","effective":"0","list":"0","contracted":"0",)"
        R"("provisional_billed":"0","updates":{},"as_of":"2026-09-01T12:00:00Z"}})"
        "\n",
        dimension, element, service, billed, updates);
  }
  void write() {
    folder_.write("ledger/tenant=acme/posting_period=2026-09/a.jsonl", ledger_);
    folder_.write("cost.hourly/a.jsonl", hourly_);
  }

  TestFolder folder_;
  ManualClock clock_{*parse_timestamp("2026-10-01")};
  std::string ledger_;
  std::string hourly_;
  std::string out_;
};

TEST_F(LedgerCommands, ReportShowsRowsThatAddUpAndTheCheckBeneath) {
  ASSERT_EQ(report({"team"}), 0) << out_;
  EXPECT_EQ(out_,
            "acme, 2026-09, USD, billed\n\n"
            "team             cost    share\n"
            "------------------------------\n"
            "payments        10.50  100.0 %\n"
            "(unattributed)   0.01    0.0 %\n"
            "------------------------------\n"
            "total           10.51  100.0 %\n\n"
            "input         10.505\n"
            "attributed    10.505\n"
            "difference    0\n"
            "as of         now\n"
            "rules         v1\n"
            "provisional   0.0 %\n"
            "dead letters  1\n");
}

TEST_F(LedgerCommands, ReportSplitsByServiceKnowsThePastAndMakesCsv) {
  ASSERT_EQ(report({"team", "service"}, [](ReportOptions& o) { o.is_csv = true; }), 0) << out_;
  EXPECT_EQ(out_,
            "team,service,cost,cost_rounded,share_percent\r\npayments,EC2,10.5,10.50,100.0\r\n"
            "(unattributed),S3,0.005,0.01,0.0\r\n");
  ASSERT_EQ(report({"team"}, [](ReportOptions& o) { o.as_of = "2026-09-01T12:30"; }), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("input         10.005\n"));
}

TEST_F(LedgerCommands, ReportCallsUndefinedWhatNoElementHas) {
  line("c3", "(input)", "aws", "RDS", "2", "new", "14:00");
  write();
  ASSERT_EQ(report({"team"}), 0);
  EXPECT_THAT(out_, HasSubstr("(undefined)"));
  EXPECT_THAT(out_, HasSubstr("difference    0\n"));
}

TEST_F(LedgerCommands, ReportNamesWhatTheLedgerHoldsInstead) {
  EXPECT_EQ(report({"team"}, [](ReportOptions& o) { o.tenant = "acmee"; }), -1);
  EXPECT_THAT(out_,
              HasSubstr("no tenant 'acmee' in the ledger; did you mean 'acme'? There is: acme"));
  EXPECT_EQ(report({"team"}, [](ReportOptions& o) { o.tenant = "nobody"; }), -1);
  EXPECT_THAT(out_, HasSubstr("no tenant 'nobody' in the ledger. There is: acme"));
  EXPECT_EQ(report({"team"}, [](ReportOptions& o) { o.period = "2026-08"; }), -1);
  EXPECT_THAT(out_, HasSubstr("There is: 2026-09"));
  EXPECT_EQ(report({"taem"}), -1);
  EXPECT_THAT(out_, HasSubstr("did you mean 'team'?"));
  EXPECT_EQ(report({"team"}, [](ReportOptions& o) { o.metric = "gross"; }), -1);
  EXPECT_THAT(out_, HasSubstr("C102"));
}

TEST_F(LedgerCommands, ReportStopsAtALineThatItCannotRead) {
  ledger_ += "{\"v\":1}\n";
  write();
  EXPECT_EQ(report({"team"}), -1);
  EXPECT_THAT(out_, HasSubstr("a.jsonl, line 9"));
}

TEST_F(LedgerCommands, ReconcilePassesWhenEverythingTies) {
  EXPECT_EQ(reconcile(), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("4 records accepted, 1 rejected\nPASS\n"));
}

TEST_F(LedgerCommands, ReconcileFailsOnALostLineALostCellAndALostDeadLetter) {
  const std::string ledger = ledger_;
  line("c9", "(input)", "aws", "EC2", "0.000000000000000001", "new", "14:00");
  write();
  EXPECT_EQ(reconcile(), 1);
  EXPECT_THAT(out_, HasSubstr("FAIL"));
  ledger_ = ledger;
  cell("team", "payments", "EC2", "10.4", 3);
  write();
  EXPECT_EQ(reconcile(), 1) << out_;
  cell("team", "payments", "EC2", "10.5", 4);
  write();
  EXPECT_EQ(reconcile(), 0) << out_;
  folder_.write("cost.deadletters/a.jsonl", "");
  EXPECT_EQ(reconcile(), 1) << out_;
}

TEST_F(LedgerCommands, ReconcileReadsTheFilesThatTheJobReads) {
  const std::string charges = folder_.read("cost.charges/a.jsonl");
  std::filesystem::remove(folder_.path() / "cost.charges/a.jsonl");
  gzFile_s* file = gzopen((folder_.path() / "cost.charges/a.json.gz").c_str(), "wb");
  const std::size_t half = charges.find('\n') + 1;
  gzwrite(file, charges.data(), static_cast<unsigned>(half));
  gzclose(file);
  folder_.write("cost.charges/b.ndjson", "\xEF\xBB\xBF" + charges.substr(half) + "\n \r\n");
  const std::string unread = charge("c9", 1, "7");
  for (const char* name : {".c.jsonl", "_c.jsonl", "c.jsonl.tmp", "c.jsonl.12.tmp", "c.txt"})
    folder_.write(std::string("cost.charges/") + name, unread);
  std::filesystem::create_directory(folder_.path() / "cost.charges/folder.jsonl");
  EXPECT_EQ(reconcile(), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("4 records accepted, 1 rejected\nPASS\n"));
  folder_.write("cost.charges/c.log", unread);
  EXPECT_EQ(reconcile(), 1) << out_;
}

TEST_F(LedgerCommands, ReportOfTheLargestRowsKeepsReservedElementsToOneRow) {
  for (const char* service : {"EC2", "S3", "RDS", "Lambda", "EKS"}) {
    line("x", "team", "(unattributed)", service, "1", "new", "12:00");
    line("x", "team", "search", service, "2", "new", "12:00");
    line("x", "(input)", "aws", service, "3", "new", "12:00");
  }
  write();
  ASSERT_EQ(report({"team", "service"}, [](ReportOptions& o) { o.top = 3; }), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("payments        EC2      10.50"));
  EXPECT_THAT(out_, HasSubstr("search          EC2       2.00"));
  EXPECT_THAT(out_, HasSubstr("(other)         (all)     8.00"));
  EXPECT_THAT(out_, HasSubstr("(unattributed)  (all)     5.01"));
  EXPECT_THAT(out_, HasSubstr("difference    0\n"));
}

TEST_F(LedgerCommands, ExplainAddsUpToTheCell) {
  EXPECT_EQ(explain("payments", "2026-09-01T10:00"), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("team = payments  2026-09-01T10:00:00Z  USD billed = 10.5\n"));
  EXPECT_THAT(out_, HasSubstr("rule tag v1  3 lines (changed, new)  10.5"));
  EXPECT_THAT(out_, HasSubstr("cost.hourly 10.5  ok"));
  EXPECT_EQ(explain("payments", "2026-09-01T11:00"), 1);
  EXPECT_EQ(explain("payments", "2026-09-01T10:30"), -1);
}

TEST_F(LedgerCommands, DeadLettersAreCountedAndShown) {
  EXPECT_EQ(run([&] { return run_dead_letter_show({folder_.path(), "", "", 1}, out_); }), 0);
  EXPECT_THAT(out_, HasSubstr("1 dead letter\n  MISSING_FIELD"));
  EXPECT_THAT(out_, HasSubstr(kRefused));
  EXPECT_EQ(run([&] { return run_dead_letter_show({folder_.path() / "no", "", "", 1}, out_); }),
            -1);
}

TEST_F(LedgerCommands, RulesAreRefusedWithTheLineAndPublishedOnce) {
  EXPECT_EQ(run([&] {
              return run_rules_publish({folder_.path() / "rules.yaml", folder_.path(), "ann", ""},
                                       clock_, out_);
            }),
            1);
  EXPECT_THAT(out_, HasSubstr("R02 version 1 is not above the last, 1"));
  const auto wrong = folder_.write("wrong.yaml", std::string(kRules) + "extra: 1\n");
  EXPECT_EQ(run([&] { return run_rules_check({wrong, {}}, clock_, out_); }), 1);
  EXPECT_THAT(out_, HasSubstr("R01"));
  EXPECT_THAT(out_, HasSubstr("line 11"));
  EXPECT_EQ(run([&] { return run_rules_check({folder_.path() / "none.yaml", {}}, clock_, out_); }),
            -1);
  const auto right = folder_.path() / "rules.yaml";
  EXPECT_EQ(run([&] {
              return run_rules_check({right, folder_.path() / "cost.charges/a.jsonl"}, clock_,
                                     out_);
            }),
            0);
  EXPECT_THAT(out_, HasSubstr("sample: 4 charges of tenant acme, 1 not readable or no charge"));
}

TEST_F(LedgerCommands, ClosingTwiceChangesNothing) {
  const CloseOptions options{folder_.path(), "acme", "2026-09", "ann"};
  EXPECT_EQ(run([&] { return run_close(options, out_); }), 0);
  const std::string log = folder_.read("cost.commands/commands.jsonl");
  EXPECT_EQ(run([&] { return run_close(options, out_); }), 0);
  EXPECT_THAT(out_, HasSubstr("closed already"));
  EXPECT_EQ(folder_.read("cost.commands/commands.jsonl"), log);
  EXPECT_EQ(run([&] { return run_close({folder_.path(), "acme", "2026-9", "ann"}, out_); }), -1);
}

TEST(Sha256, KnowsThePublishedVectors) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

}  // namespace
}  // namespace tributary::cost
