#include "jobs/cost_attribution/tools/focus_generator.h"

#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/cost_attribution/core/envelope.h"
#include "jobs/cost_attribution/core/rule_parser.h"
#include "jobs/cost_attribution/tools/command_log.h"
#include "jobs/cost_attribution/tools/generate_command.h"
#include "jobs/cost_attribution/tools/generator_rules.h"
#include "jobs/cost_attribution/tools/ingest_command.h"
#include "jobs/cost_attribution/tools/topic_folder.h"
#include "tests/jobs/cost_attribution/tools/test_folder.h"

namespace tributary::cost {
namespace {

using testing::HasSubstr;

GeneratorOptions dirty(std::uint64_t seed) {
  GeneratorOptions options;
  options.seed = seed;
  options.rows = 6000;
  options.start = *parse_timestamp("2026-09-01");
  options.malformed = 60'000;
  options.repeats = 80'000;
  options.revisions = 80'000;
  options.deletes = 30'000;
  options.late = 50'000;
  options.negative = 50'000;
  return options;
}

std::string all_of(const GeneratorOptions& options) {
  FocusGenerator generator(options);
  std::string out;
  GeneratedRecord record;
  while (generator.next(out, record)) {
  }
  return out;
}

// Reads the files as a job would, one record after the other: the last revision counts.
struct NaiveRecount {
  struct Stored {
    std::int64_t revision = 0;
    bool is_deleted = false;
    ContentHash hash;
    std::array<std::string, 3> cell;
    Amounts amounts;
  };
  std::map<std::string, Stored> charges;
  std::map<std::string, std::uint64_t, std::less<>> rejected;
  EnvelopeParser parser;

  void take(std::string_view line) {
    const auto parsed = parser.parse(line, *parse_timestamp("2026-09-05"));
    if (!parsed) {
      ++rejected[std::string(reason_name(parsed.error().reason))];
      return;
    }
    const Envelope& event = **parsed;
    Stored& stored =
        charges[fmt::format("{}|{}|{}", event.head.tenant, event.head.shard, event.head.charge_id)];
    const bool is_delete = event.kind == EnvelopeKind::kChargeDelete;
    if (event.head.revision < stored.revision) return;
    if (event.head.revision == stored.revision) {
      if (stored.is_deleted != is_delete || stored.hash != event.hash)
        ++rejected["CONFLICTING_DUPLICATE"];
      return;
    }
    stored.revision = event.head.revision;
    stored.is_deleted = is_delete;
    if (is_delete) return;
    stored.hash = event.hash;
    stored.cell = {std::string(event.head.tenant), format_period(event.head.period),
                   std::string(event.row.currency.view())};
    stored.amounts = event.row.amounts;
  }
};

TEST(FocusGenerator, MakesTheSameBytesOfTheSameSeedAndOthersOfAnother) {
  EXPECT_EQ(all_of(dirty(1)), all_of(dirty(1)));
  EXPECT_NE(all_of(dirty(1)), all_of(dirty(2)));
}

TEST(FocusGenerator, ExpectsWhatANaiveRecountOfItsFilesFinds) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    TestFolder folder;
    GenerateOptions options;
    options.generator = dirty(seed);
    options.to = folder.path();
    options.files = 3;
    std::string out;
    ASSERT_TRUE(run_generate(options, out).has_value());

    NaiveRecount recount;
    const auto files = topic_files(folder.path() / kChargesTopic);
    ASSERT_EQ(files->size(), 3u);
    std::uint64_t records = 0;
    ASSERT_TRUE(walk_lines(*files, [&](std::string_view line) -> Status {
      ++records;
      recount.take(line);
      return {};
    }));
    FocusGenerator generator(options.generator);
    std::string line;
    GeneratedRecord record;
    while (generator.next(line, record)) line.clear();
    const GeneratorExpectation& expected = generator.expected();
    EXPECT_EQ(folder.read("expected.json"), expected.to_json());
    EXPECT_EQ(records, expected.records);
    EXPECT_EQ(recount.rejected, expected.rejected);
    EXPECT_EQ(recount.rejected.size(), 15u) << "every reason that a row can provoke";
    std::map<std::array<std::string, 3>, GeneratorExpectation::Cell> totals;
    for (const auto& [key, charge] : recount.charges) {
      if (charge.cell[0].empty()) continue;  // its delete came before its row
      auto& cell = totals[charge.cell];
      if (charge.is_deleted) continue;
      ++cell.charges;
      for (std::size_t i = 0; i < kMetricCount; ++i)
        ASSERT_TRUE(add_to(cell.amounts[i], charge.amounts[i]));
    }
    ASSERT_EQ(totals.size(), expected.totals.size());
    for (const auto& [key, cell] : expected.totals) {
      EXPECT_EQ(totals[key].charges, cell.charges) << key[0] << key[1] << key[2];
      EXPECT_EQ(totals[key].amounts, cell.amounts) << key[0] << key[1] << key[2];
    }
  }
}

TEST(FocusGenerator, WritesRulesThatTheParserAndTheCommandReaderTake) {
  TestFolder folder;
  GenerateOptions options;
  options.generator = dirty(1);
  options.to = folder.path();
  std::string out;
  ASSERT_TRUE(run_generate(options, out).has_value());
  const auto commands = read_commands(folder.path());
  ASSERT_EQ(commands->size(), 5u);
  const auto& published = std::get<RulesPublished>(commands->front());
  EXPECT_EQ(published.yaml, folder.read("rules/" + published.tenant + ".yaml"));
  const auto rules = parse_rules(published.yaml, published.tenant);
  ASSERT_TRUE(rules.has_value()) << rules.error().front().to_string();
  EXPECT_EQ(rules->dimensions().size(), 4u);
  EXPECT_EQ(rules->version(), published.version);
}

TEST(FocusGenerator, WritesRulesOfTheTenantsThatHaveRecords) {
  TestFolder folder;
  GenerateOptions options;
  options.generator.tenants = 100'000;
  options.generator.rows = 10;
  options.to = folder.path();
  std::string out;
  ASSERT_TRUE(run_generate(options, out).has_value());
  std::set<std::uint32_t> with_records;
  FocusGenerator generator(options.generator);
  std::string line;
  for (GeneratedRecord record; generator.next(line, record);) with_records.insert(record.tenant);
  std::set<std::string> names;
  for (const std::uint32_t tenant : with_records) names.insert(generator.tenant_name(tenant));
  std::set<std::string> published;
  const auto commands = read_commands(folder.path());
  ASSERT_TRUE(commands.has_value());
  for (const Command& command : *commands)
    published.insert(std::get<RulesPublished>(command).tenant);
  EXPECT_EQ(published, names);
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "rules"))
    files.insert(entry.path().stem().string());
  EXPECT_EQ(files, names);
}

TEST(FocusGenerator, MakesABillThatIngestsToItsExpectation) {
  TestFolder folder;
  GenerateOptions options;
  options.generator = dirty(4);
  options.generator.rows = 1000;
  options.generator.tenants = 1;
  options.csv = folder.path() / "bill.csv";
  std::string out;
  ASSERT_TRUE(run_generate(options, out).has_value());
  IngestOptions ingest;
  ingest.files = {options.csv};
  ingest.to = folder.path();
  ingest.tenant = "acme";
  ingest.source = "aws";
  out.clear();
  const auto code = run_ingest(ingest, ManualClock(*parse_timestamp("2026-10-01")), out);
  ASSERT_TRUE(code.has_value()) << code.error().to_string();
  ASSERT_EQ(*code, 0) << out;
  FocusGenerator generator(options.generator);
  std::string row;
  while (generator.next_csv(row)) row.clear();
  Amount billed;
  for (const auto& [key, cell] : generator.expected().totals)
    ASSERT_TRUE(add_to(billed, cell.amounts[0]));
  EXPECT_THAT(out, HasSubstr("1,000 charges of 1 bill"));
  EXPECT_THAT(out, HasSubstr("USD  billed " + format_amount(billed)));
}

TEST(FocusGenerator, RefusesSharesAndSizesOutOfRange) {
  EXPECT_EQ(*parse_share("--late", "0.01"), 10'000u);
  EXPECT_EQ(*parse_share("--late", "1"), kMillion);
  for (const char* wrong : {"", "1.1", "-0.1", "0.0000001", "1 %", "1e"}) {
    EXPECT_FALSE(parse_share("--late", wrong).has_value()) << wrong;
  }
  GeneratorOptions options;
  options.malformed = 990'000;
  EXPECT_FALSE(FocusGenerator::check(options).has_value());
  options = {};
  options.tenants = 0;
  EXPECT_FALSE(FocusGenerator::check(options).has_value());
  GenerateOptions nowhere;
  std::string out;
  EXPECT_FALSE(run_generate(nowhere, out).has_value());
}

}  // namespace
}  // namespace tributary::cost
