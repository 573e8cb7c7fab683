// tests/jobs/cost_attribution/job_fixture.h
// The whole cost job under test: its topics are fed with lines as they stand in files, and its
// outputs are read as records. Also short ways to write those lines.
//
// One thread. Records and views that are read live as long as the CostJob.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tributary/raw_line.h>

#include "jobs/cost_attribution/core/hourly_cost.h"
#include "jobs/cost_attribution/records.h"
#include "jobs/cost_attribution/settings.h"
#include "operators/testing/job_test.h"
#include "runtime/exec/dead_letter.h"
#include "tests/jobs/cost_attribution/oracle/oracle.h"

namespace tributary::cost {

// One line of cost.charges: an hour of EC2 for 10 USD unless told otherwise.
struct TestCharge {
  std::string tenant = "acme";
  std::string source = "aws-cur";
  std::string period = "2026-09";
  int shard = 0;
  std::string id = "c1";
  std::int64_t revision = 1;
  std::string start = "2026-09-01T10:00:00Z";
  std::string end = "2026-09-01T11:00:00Z";
  std::string currency = "USD";
  std::string billed = "10";
  std::string effective = "10";
  std::string service = "EC2";
  std::vector<std::pair<std::string, std::string>> tags{};
};
std::string charge_line(const TestCharge& charge);
std::string delete_line(const TestCharge& charge);

// A document whose `dimensions` are given, indented by two blanks.
std::string rules_yaml(std::string_view tenant, int version, std::string_view dimensions,
                       std::string_view valid_from = "2026-01-01T00:00:00Z");
// The command that publishes it.
std::string rules_line(std::string_view tenant, int version, std::string_view dimensions,
                       std::string_view valid_from = "2026-01-01T00:00:00Z");
std::string close_line(std::string_view tenant, std::string_view period);
// One dimension that groups by a tag, with a default.
std::string by_tag(std::string_view dimension, std::string_view tag);

class CostJob {
 public:
  explicit CostJob(const CostSettings& settings = {}, const testing::JobTestOptions& options = {});

  void charge(std::string_view line) { push(charges_, "cost.charges", line); }
  void bulk(std::string_view line) { push(bulk_, "cost.charges.bulk", line); }
  void command(std::string_view line) { push(commands_, "cost.commands", line); }
  void charges(const std::vector<std::string>& lines);
  void commands(const std::vector<std::string>& lines);
  // A line of which the source has only seen the beginning.
  void too_long(std::string_view beginning);

  void run() { test_.run(); }
  void advance(TimeSpan time) { test_.advance(time); }
  void end() { test_.end(); }

  std::vector<CostLine> lines() { return lines_.published(); }
  std::vector<HourlyCost> hourly() { return hourly_.published(); }
  std::vector<Control> control() { return control_.published(); }
  std::vector<Control> control(std::string_view kind);
  std::vector<DeadLetter> dead() { return dead_.published(); }
  // "REASON field", in the order of the letters.
  std::vector<std::string> refusals();
  // dimension=element -> the sum of billed amounts, without those that are zero.
  std::map<std::string, std::string> billed(std::string_view tenant = "acme");

  // Ledger and hourly cells as the oracle has them.
  cost_oracle::Folded folded();

 private:
  void push(testing::TestSource<RawLine>& source, std::string_view topic, std::string_view line);

  testing::JobTest test_;
  testing::TestSource<RawLine> charges_;
  testing::TestSource<RawLine> bulk_;
  testing::TestSource<RawLine> commands_;
  testing::TestSink<CostLine> lines_;
  testing::TestSink<HourlyCost> hourly_;
  testing::TestSink<Control> control_;
  testing::TestSink<DeadLetter> dead_;
  std::map<std::string, RawLine, std::less<>> places_;  // of the last line, by topic
};

// Whether the lines, in the order in which they were written, are postings and their exact
// negations: what is left is one posting per charge and dimension at most. Empty, or what is wrong.
std::string unpaired_lines(const std::vector<CostLine>& lines);

}  // namespace tributary::cost
