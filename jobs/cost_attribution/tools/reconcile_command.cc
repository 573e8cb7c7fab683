// jobs/cost_attribution/tools/reconcile_command.cc
#include "jobs/cost_attribution/tools/reconcile_command.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/excerpt.h"
#include "jobs/cost_attribution/core/line_draft.h"
#include "jobs/cost_attribution/core/rule_parser.h"
#include "jobs/cost_attribution/tools/amount_sums.h"
#include "jobs/cost_attribution/tools/charge_recount.h"
#include "jobs/cost_attribution/tools/command_log.h"
#include "jobs/cost_attribution/tools/hourly_reader.h"
#include "jobs/cost_attribution/tools/ledger_reader.h"

namespace tributary::cost {

namespace {

// (dimension, currency) -> sums
using Sums = std::map<std::pair<std::string, std::string>, Amounts>;

// Which dimensions were in force when: from the commands, by the rule parser.
class DimensionsInForce {
 public:
  Status read(const std::filesystem::path& dir, const std::string& tenant) {
    const auto commands = TRY(read_commands(dir));
    std::int64_t last = 0;
    for (const Command& command : commands) {
      const auto* published = std::get_if<RulesPublished>(&command);
      if (published == nullptr || published->tenant != tenant || published->version <= last)
        continue;
      const auto rules = parse_rules(published->yaml, tenant);
      if (!rules) continue;  // the job refused it too
      last = published->version;
      Version version{rules->valid_from(), {}};
      for (const Dimension& dimension : rules->dimensions())
        version.dimensions.push_back(dimension.name);
      versions_.push_back(std::move(version));
    }
    return {};
  }

  // Of the highest version that is valid at `start`.
  const std::vector<std::string>* at(Timestamp start) const {
    for (auto version = versions_.rbegin(); version != versions_.rend(); ++version) {
      if (version->valid_from <= start) return &version->dimensions;
    }
    return nullptr;
  }

 private:
  struct Version {
    Timestamp valid_from;
    std::vector<std::string> dimensions;
  };
  std::vector<Version> versions_;  // ascending
};

class Ties {
 public:
  explicit Ties(std::string& out) : out_(out) {}

  void count(std::string_view what, std::uint64_t expected, std::uint64_t found) {
    row(what, with_commas(expected), with_commas(found), expected == found);
  }

  void amounts(const std::string& what, const Amounts& expected, const Amounts& found) {
    for (std::size_t i = 0; i < kMetricCount; ++i) {
      row(fmt::format("{} {}", what, kMetricNames[i]), format_amount(expected[i]),
          format_amount(found[i]), expected[i] == found[i]);
    }
  }

  // Everything that either side knows.
  void all(std::string_view what, const Sums& expected, const Sums& found) {
    std::set<std::pair<std::string, std::string>> keys;
    for (const auto& [key, unused] : expected) keys.insert(key);
    for (const auto& [key, unused] : found) keys.insert(key);
    const auto of = [](const Sums& sums, const auto& key) {
      const auto at = sums.find(key);
      return at == sums.end() ? Amounts{} : at->second;
    };
    for (const auto& key : keys) {
      amounts(fmt::format("{} {} {}", what, key.first, key.second), of(expected, key),
              of(found, key));
    }
  }

  bool passed() const { return passed_; }
  void fail_with(const std::string& text) {
    passed_ = false;
    out_ += fmt::format("FAIL  {}\n", text);
  }

 private:
  void row(std::string_view what, const std::string& expected, const std::string& found,
           bool is_tied) {
    passed_ = passed_ && is_tied;
    out_ +=
        fmt::format("{:<5} {:<44} {:>28} {:>28}\n", is_tied ? "ok" : "FAIL", what, expected, found);
  }

  std::string& out_;
  bool passed_ = true;
};

// What the charges should have become.
Status expect(const ChargeRecount& recount, const DimensionsInForce& dimensions, Sums& sums) {
  for (const auto& [key, charge] : recount.charges()) {
    if (charge.is_deleted) continue;
    TRY(add_amounts(sums[{std::string(kInputDimension), charge.currency}], charge.amounts));
    const std::vector<std::string>* in_force = dimensions.at(charge.start);
    if (in_force == nullptr) continue;
    for (const std::string& dimension : *in_force) {
      TRY(add_amounts(sums[{dimension, charge.currency}], charge.amounts));
    }
  }
  return {};
}

}  // namespace

Result<int> run_reconcile(const ReconcileOptions& options, std::string& out) {
  if (!parse_period(options.period)) {
    return fail(ErrorCode::C102, "--period {}: a month is YYYY-MM", excerpt(options.period));
  }
  const LedgerReader ledger = TRY(LedgerReader::open(options.from, options.ledger));
  TRY(ledger.require(options.tenant));
  ChargeRecount recount(options.tenant, options.period);
  TRY(recount.read(options.from));
  if (recount.declared() == 0) {
    return fail(ErrorCode::D107, "no charges of tenant {} and period {} in {}",
                excerpt(options.tenant), options.period, options.from.string());
  }
  DimensionsInForce dimensions;
  TRY(dimensions.read(options.from, options.tenant));

  Sums expected;
  Sums of_period;
  Sums of_tenant;
  TRY(expect(recount, dimensions, expected));
  const auto add_line = [&](const LedgerLine& line) -> Status {
    if (!line.is_in_views()) return {};
    const std::pair key(line.dimension.str(), std::string(line.currency.view()));
    TRY(add_amounts(of_tenant[key], line.amounts()));
    if (line.period.view() != options.period) return {};
    return add_amounts(of_period[key], line.amounts());
  };
  TRY(ledger.walk(options.tenant, {}, add_line));
  std::erase_if(of_period, [](const auto& entry) { return is_zero(entry.second); });

  out += fmt::format("{}, period {}\n\n{:<5} {:<44} {:>28} {:>28}\n", options.tenant,
                     options.period, "", "", "expected", "found");
  Ties ties(out);
  ties.count("records = accepted + rejected", recount.declared(),
             recount.accepted() + recount.rejected());
  ties.count("dead letters whose record is in the topic",
             recount.letters() + recount.letters_without_record(), recount.letters());
  ties.all("charges = ledger", expected, of_period);
  Sums hourly;
  TRY(walk_hourly(options.from, options.tenant, [&](const HourlyCost& cell) -> Status {
    return add_amounts(hourly[{cell.dimension.str(), std::string(cell.currency.view())}],
                       cell.amounts());
  }));
  // The input has no hourly cells where the job writes none.
  std::erase_if(of_tenant, [&](const auto& entry) {
    return entry.first.first == kInputDimension && !hourly.contains(entry.first);
  });
  ties.all("ledger = hourly (all periods)", of_tenant, hourly);
  for (const std::string& problem : recount.problems()) ties.fail_with(problem);
  if (recount.problem_count() > recount.problems().size()) {
    ties.fail_with(fmt::format("and {} more", recount.problem_count() - recount.problems().size()));
  }
  out += fmt::format("\n{} accepted, {} rejected\n{}\n", counted(recount.accepted(), "record"),
                     with_commas(recount.rejected()), ties.passed() ? "PASS" : "FAIL");
  return ties.passed() ? 0 : 1;
}

}  // namespace tributary::cost
