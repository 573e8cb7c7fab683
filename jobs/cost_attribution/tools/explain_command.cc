// jobs/cost_attribution/tools/explain_command.cc
#include "jobs/cost_attribution/tools/explain_command.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/excerpt.h"
#include "jobs/cost_attribution/core/spread.h"
#include "jobs/cost_attribution/tools/amount_sums.h"
#include "jobs/cost_attribution/tools/hourly_reader.h"
#include "jobs/cost_attribution/tools/ledger_reader.h"

namespace tributary::cost {

namespace {

// One charge's (or pool's) part of the cell.
struct Part {
  std::string service;
  Amount whole;  // of the charge, over all its hours
  Amount share;  // of this hour
  Timestamp start;
  Timestamp end;
  std::uint64_t lines = 0;
  std::string rule;  // of the last line
  std::int64_t version = 0;
  std::set<std::string> causes;
};

struct CellParts {
  std::map<std::string, Part> parts;  // by charge id or pool
  Amount sum;
};

class Explanation {
 public:
  Explanation(Timestamp hour, std::size_t metric) : hour_(hour), metric_(metric) {}

  Status take(const LedgerLine& line) {
    if (!line.is_in_views() || floor_to(line.start, hours(1)) > hour_) return {};
    if (line.end <= hour_ && line.start < hour_) return {};
    if (line.end < line.start || line.end - line.start > days(366)) {
      return fail(ErrorCode::D101, "a line from {} to {}", format_timestamp(line.start),
                  format_timestamp(line.end));
    }
    const auto shares = spreader_.spread(line.start, line.end, line.amounts());
    const auto share = std::ranges::find(shares, hour_, &HourShare::hour);
    if (share == shares.end()) return {};
    CellParts& cell = by_currency_[std::string(line.currency.view())];
    const std::string name = line.charge_id ? line.charge_id->str()
                             : line.pool    ? "pool " + line.pool->str()
                                            : "?";
    Part& part = cell.parts[name];
    part.service = line.service ? line.service->str() : "";
    part.share = TRY(add(part.share, share->amounts[metric_]));
    part.whole = TRY(add(part.whole, line.amounts()[metric_]));
    cell.sum = TRY(add(cell.sum, share->amounts[metric_]));
    part.start = line.start;
    part.end = line.end;
    part.rule = line.rule_id && !line.rule_id->empty() ? line.rule_id->str() : "(default)";
    part.version = std::max(part.version, line.rules_version);
    part.causes.insert(line.cause.str());
    ++part.lines;
    return {};
  }

  const std::map<std::string, CellParts>& by_currency() const { return by_currency_; }

 private:
  Timestamp hour_;
  std::size_t metric_;
  Spreader spreader_;
  std::map<std::string, CellParts> by_currency_;
};

void describe_parts(const CellParts& cell, bool shows_reversed, std::string& out) {
  std::vector<const std::pair<const std::string, Part>*> sorted;
  std::size_t reversed = 0;
  for (const auto& entry : cell.parts) {
    if (entry.second.share.is_zero() && entry.second.whole.is_zero() && !shows_reversed) {
      ++reversed;
    } else {
      sorted.push_back(&entry);
    }
  }
  std::ranges::sort(sorted, [](const auto* a, const auto* b) {
    return a->second.share != b->second.share ? a->second.share > b->second.share
                                              : a->first < b->first;
  });
  for (const auto* entry : sorted) {
    const Part& part = entry->second;
    std::string causes;
    for (const std::string& cause : part.causes) causes += (causes.empty() ? "" : ", ") + cause;
    out += fmt::format("  {:<38} {:<28} rule {} v{}  {} ({})  {}", entry->first, part.service,
                       part.rule, part.version, counted(part.lines, "line"), causes,
                       format_amount(part.share));
    if (part.share != part.whole) {
      out += fmt::format("  <- of {} from {} to {}", format_amount(part.whole),
                         format_timestamp(part.start), format_timestamp(part.end));
    }
    out += '\n';
  }
  if (reversed > 0)
    out +=
        fmt::format("  {} taken back entirely (--all shows them)\n", counted(reversed, "charge"));
}

}  // namespace

Result<int> run_explain(const ExplainOptions& options, std::string& out) {
  const Timestamp hour = TRY(parse_timestamp(options.hour));
  if (floor_to(hour, hours(1)) != hour)
    return fail(ErrorCode::C102, "--hour {}: not a whole hour", excerpt(options.hour));
  const auto metric = std::ranges::find(kMetricNames, options.metric);
  if (metric == kMetricNames.end()) {
    return fail(ErrorCode::C102, "--metric {}: billed, effective, list or contracted",
                excerpt(options.metric));
  }
  const auto metric_index = static_cast<std::size_t>(metric - kMetricNames.begin());
  const LedgerReader ledger = TRY(LedgerReader::open(options.from, options.ledger));
  TRY(ledger.require(options.tenant));
  Explanation explanation(hour, metric_index);
  TRY(ledger.walk(options.tenant, {}, [&](const LedgerLine& line) -> Status {
    if (line.dimension.view() != options.dimension || line.element.view() != options.element)
      return {};
    return explanation.take(line);
  }));

  std::map<std::string, Amount> cells;
  const auto add_cell = [&](const HourlyCost& cell) -> Status {
    if (cell.hour != hour || cell.dimension.view() != options.dimension ||
        cell.element.view() != options.element) {
      return {};
    }
    Amount& sum = cells[std::string(cell.currency.view())];
    sum = TRY(add(sum, cell.amounts()[metric_index]));
    return {};
  };
  if (!options.from.empty()) TRY(walk_hourly(options.from, options.tenant, add_cell));

  if (explanation.by_currency().empty() && cells.empty()) {
    out += fmt::format("nothing was posted to {} = {} in this hour\n", options.dimension,
                       options.element);
    return 1;
  }
  bool adds_up = true;
  std::set<std::string> currencies;
  for (const auto& [currency, unused] : explanation.by_currency()) currencies.insert(currency);
  for (const auto& [currency, unused] : cells) currencies.insert(currency);
  for (const std::string& currency : currencies) {
    const auto found = explanation.by_currency().find(currency);
    const CellParts parts = found == explanation.by_currency().end() ? CellParts{} : found->second;
    out += fmt::format("{} = {}  {}  {} {} = {}\n", options.dimension, options.element,
                       format_timestamp(hour), currency, options.metric, format_amount(parts.sum));
    describe_parts(parts, options.shows_reversed, out);
    const auto cell = cells.find(currency);
    if (cell == cells.end()) {
      out += "  cost.hourly holds no such cell (yet)\n";
      continue;
    }
    const bool is_equal = cell->second == parts.sum;
    adds_up = adds_up && is_equal;
    out += fmt::format("  cost.hourly {}  {}\n", format_amount(cell->second),
                       is_equal ? "ok" : "FAIL");
  }
  return adds_up ? 0 : 1;
}

}  // namespace tributary::cost
