// jobs/cost_attribution/tools/generate_command.cc
#include "jobs/cost_attribution/tools/generate_command.h"

#include <set>

#include "base/excerpt.h"
#include "jobs/cost_attribution/tools/amount_sums.h"
#include "jobs/cost_attribution/tools/command_log.h"
#include "jobs/cost_attribution/tools/generator_rules.h"
#include "jobs/cost_attribution/tools/new_files.h"
#include "jobs/cost_attribution/tools/sha256.h"
#include "jobs/cost_attribution/tools/topic_folder.h"

namespace tributary::cost {

namespace {

constexpr std::int32_t kFilesMax = 1000;
// Before the oldest late row.
constexpr Duration kRulesLead = days(60);

void describe(const GeneratorExpectation& expected, std::string& out) {
  std::uint64_t rejected = 0;
  for (const auto& [reason, count] : expected.rejected) rejected += count;
  out += fmt::format("{}: {} new, {} repeated, {} corrected, {} deleted, {} malformed\n",
                     counted(expected.records, "record"), with_commas(expected.new_charges),
                     with_commas(expected.repeats), with_commas(expected.revisions),
                     with_commas(expected.deletes), with_commas(rejected));
}

// Of the tenants that have records: a hundred thousand without any would only take time.
Status write_rules(const GenerateOptions& options, const FocusGenerator& generator,
                   const std::set<std::uint32_t>& tenants, NewFiles& files) {
  const Timestamp valid_from = floor_to(options.generator.start - kRulesLead, days(1));
  const std::size_t commands = TRY(files.add(command_file(options.to)));
  std::string line;
  for (const std::uint32_t tenant : tenants) {
    const std::string name = generator.tenant_name(tenant);
    const std::string yaml = generated_rules(name, valid_from);
    line.clear();
    append_rules_published(line,
                           {name, 1, valid_from, valid_from, "generate", yaml, sha256_hex(yaml)});
    TRY(files.write(commands, line));
    // One after the other: there may be more tenants than files that can be open.
    TRY(write_copy(options.to / "rules" / (name + ".yaml"), yaml, options.replaces));
  }
  return {};
}

Result<int> generate_topics(const GenerateOptions& options, std::string& out) {
  FocusGenerator generator(options.generator);
  NewFiles files(options.replaces);
  for (std::int32_t i = 0; i < options.files; ++i) {
    TRY(files.add(options.to / kChargesTopic / fmt::format("generated-{:03}.jsonl", i)));
  }
  std::string line;
  GeneratedRecord record;
  std::set<std::uint32_t> tenants;
  while (generator.next(line, record)) {
    tenants.insert(record.tenant);
    const std::uint64_t key =
        std::uint64_t{record.tenant} * static_cast<std::uint64_t>(options.generator.shards) +
        static_cast<std::uint64_t>(record.shard);
    TRY(files.write(key % static_cast<std::uint64_t>(options.files), line));
    line.clear();
  }
  const std::size_t expectation = TRY(files.add(options.to / "expected.json"));
  TRY(files.write(expectation, generator.expected().to_json()));
  TRY(write_rules(options, generator, tenants, files));
  TRY(files.commit());
  describe(generator.expected(), out);
  out += fmt::format("  {} -> {}\n  rules of {} -> {}\n  expectation -> {}\n",
                     counted(static_cast<std::uint64_t>(options.files), "file"),
                     (options.to / kChargesTopic).string(), counted(tenants.size(), "tenant"),
                     command_file(options.to).string(), (options.to / "expected.json").string());
  return 0;
}

Result<int> generate_bill(const GenerateOptions& options, std::string& out) {
  if (options.generator.tenants != 1) {
    return fail(ErrorCode::C102, "--csv with --tenants {}: a bill is of one tenant",
                options.generator.tenants);
  }
  FocusGenerator generator(options.generator);
  NewFiles files(options.replaces);
  const std::size_t bill = TRY(files.add(options.csv));
  const std::size_t expectation = TRY(files.add(options.csv.string() + ".expected.json"));
  TRY(files.write(bill, FocusGenerator::csv_header()));
  std::string line;
  while (generator.next_csv(line)) {
    TRY(files.write(bill, line));
    line.clear();
  }
  TRY(files.write(expectation, generator.expected().to_json()));
  TRY(files.commit());
  describe(generator.expected(), out);
  out += fmt::format("  -> {}\n", options.csv.string());
  return 0;
}

}  // namespace

Result<std::uint32_t> parse_share(std::string_view option, std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorCode::C102, "{} {}: {}", option, excerpt(text), why);
  };
  Amount share;
  if (parse_decimal(text, share) != DecimalFault::kNone)
    return refuse("a decimal of 0 to 1 is wanted, such as 0.01");
  if (share.units < 0 || share.units > Amount::kOne) return refuse("a share is 0 to 1");
  constexpr Int128 kStep = Amount::kOne / kMillion;
  if (share.units % kStep != 0) return refuse("at most 6 decimals");
  return static_cast<std::uint32_t>(share.units / kStep);
}

Result<int> run_generate(const GenerateOptions& options, std::string& out) {
  TRY(FocusGenerator::check(options.generator));
  if (options.files < 1 || options.files > kFilesMax) {
    return fail(ErrorCode::C102, "--files {}: 1 to {}", options.files, kFilesMax);
  }
  if (options.to.empty() == options.csv.empty()) {
    return fail(ErrorCode::C102, "say where to: either --to DIR or --csv FILE");
  }
  return options.csv.empty() ? generate_topics(options, out) : generate_bill(options, out);
}

}  // namespace tributary::cost
