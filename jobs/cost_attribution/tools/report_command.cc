// jobs/cost_attribution/tools/report_command.cc
#include "jobs/cost_attribution/tools/report_command.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/excerpt.h"
#include "jobs/cost_attribution/core/line_draft.h"
#include "jobs/cost_attribution/core/period.h"
#include "jobs/cost_attribution/core/report.h"
#include "jobs/cost_attribution/tools/amount_sums.h"
#include "jobs/cost_attribution/tools/dead_letter_reader.h"
#include "jobs/cost_attribution/tools/ledger_reader.h"

namespace tributary::cost {

namespace {

constexpr std::string_view kService = "service";
constexpr std::string_view kUndefined = "(undefined)";

// What was asked for, read.
struct Question {
  std::vector<std::string> dimensions;
  bool by_service = false;
  Metric metric = Metric::kBilled;
  std::optional<Timestamp> as_of;
};

Result<Question> read_question(const ReportOptions& options) {
  Question question;
  if (!parse_period(options.period)) {
    return fail(ErrorCode::C102, "--period {}: a month is YYYY-MM", excerpt(options.period));
  }
  for (const std::string& name : options.by) {
    if (name == kService) {
      question.by_service = true;
    } else if (name.empty() || std::ranges::count(options.by, name) > 1) {
      return fail(ErrorCode::C102, "--by names {} {}", excerpt(name), name.empty() ? "" : "twice");
    } else {
      question.dimensions.push_back(name);
    }
  }
  if (question.dimensions.empty())
    return fail(ErrorCode::C102, "--by names no dimension; for instance --by team");
  const auto metric = std::ranges::find(kMetricNames, options.metric);
  if (metric == kMetricNames.end()) {
    return fail(ErrorCode::C102, "--metric {}: billed, effective, list or contracted",
                excerpt(options.metric));
  }
  question.metric = static_cast<Metric>(metric - kMetricNames.begin());
  if (options.digits < 0 || options.digits > 18) {
    return fail(ErrorCode::C102, "--digits {}: 0 to 18", options.digits);
  }
  if (!options.as_of.empty()) question.as_of = TRY(parse_timestamp(options.as_of));
  if (!options.currency.empty()) TRY(Currency::parse(options.currency));
  return question;
}

// Sums of one currency.
struct CurrencySums {
  std::map<std::string, std::map<std::vector<std::string>, Amount>>
      cells;  // dimension -> names -> cost
  std::map<std::string, Amount> input_by_service;
  Amount input;
  Amount provisional;
  // Of each rules version what it gave to each element; all zero where later versions took
  // everything back.
  std::map<std::int64_t, std::map<std::string, Amounts, std::less<>>> by_version;

  std::vector<std::int64_t> versions() const {
    std::vector<std::int64_t> versions;
    for (const auto& [version, elements] : by_version) {
      if (!std::ranges::all_of(elements,
                               [](const auto& element) { return is_zero(element.second); })) {
        versions.push_back(version);
      }
    }
    return versions;
  }
};

class LedgerSums {
 public:
  explicit LedgerSums(const Question& question) : question_(question) {}

  Status take(const LedgerLine& line) {
    if (question_.as_of && line.posted_at > *question_.as_of) return {};
    if (!line.is_in_views()) return {};
    const Amount amount = line.amounts()[static_cast<std::size_t>(question_.metric)];
    CurrencySums& sums = by_currency_[std::string(line.currency.view())];
    const std::string service = line.service ? line.service->str() : "";
    if (line.dimension == kInputDimension) {
      sums.input = TRY(add(sums.input, amount));
      Amount& of_service = sums.input_by_service[service];
      of_service = TRY(add(of_service, amount));
      if (line.provisional) sums.provisional = TRY(add(sums.provisional, amount));
      return {};
    }
    dimensions_.insert(line.dimension.str());
    if (std::ranges::find(question_.dimensions, line.dimension.view()) ==
        question_.dimensions.end())
      return {};
    if (line.rules_version > 0) {
      auto& elements = sums.by_version[line.rules_version];
      TRY(add_amounts(elements[fmt::format("{}/{}", line.dimension.view(), line.element.view())],
                      line.amounts()));
    }
    std::vector<std::string> names = {line.element.str()};
    if (question_.by_service) names.push_back(service);
    Amount& cell = sums.cells[line.dimension.str()][std::move(names)];
    cell = TRY(add(cell, amount));
    return {};
  }

  // D107 with the dimensions that there are.
  Status require_dimensions() const {
    for (const std::string& wanted : question_.dimensions) {
      if (dimensions_.contains(wanted)) continue;
      return std::unexpected(not_there("dimension", wanted, "these lines", dimensions_));
    }
    return {};
  }

  // The rows of a dimension, (undefined) among them.
  Result<std::vector<ReportCell>> cells(const CurrencySums& sums,
                                        const std::string& dimension) const {
    std::vector<ReportCell> cells;
    std::map<std::string, Amount> undefined;
    if (question_.by_service) {
      undefined = sums.input_by_service;
    } else {
      undefined[""] = sums.input;
    }
    const auto found = sums.cells.find(dimension);
    if (found != sums.cells.end()) {
      for (const auto& [names, cost] : found->second) {
        Amount& rest = undefined[question_.by_service ? names[1] : ""];
        rest = TRY(subtract(rest, cost));
        if (!cost.is_zero()) cells.push_back({names, cost});
      }
    }
    for (const auto& [service, cost] : undefined) {
      if (cost.is_zero()) continue;
      cells.push_back({{std::string(kUndefined)}, cost});
      if (question_.by_service) cells.back().names.push_back(service);
    }
    return cells;
  }

  const std::map<std::string, CurrencySums>& by_currency() const { return by_currency_; }

 private:
  const Question& question_;
  std::map<std::string, CurrencySums> by_currency_;
  std::set<std::string> dimensions_;
};

}  // namespace

Result<int> run_report(const ReportOptions& options, std::string& out) {
  const Question question = TRY(read_question(options));
  const LedgerReader ledger = TRY(LedgerReader::open(options.from, options.ledger));
  TRY(ledger.require(options.tenant, options.period));
  LedgerSums sums(question);
  TRY(ledger.walk(options.tenant, options.period,
                  [&](const LedgerLine& line) { return sums.take(line); }));
  TRY(sums.require_dimensions());
  const std::uint64_t dead_letters =
      options.from.empty() ? 0 : TRY(count_dead_letters(options.from, options.tenant));

  std::vector<Report> reports;
  for (const auto& [currency, of_currency] : sums.by_currency()) {
    if (!options.currency.empty() && currency != options.currency) continue;
    for (const std::string& dimension : question.dimensions) {
      ReportBasis basis;
      basis.input = of_currency.input;
      basis.as_of = question.as_of;
      basis.rules_versions = of_currency.versions();
      basis.dead_letters = dead_letters;
      basis.provisional = of_currency.provisional;
      auto cells = TRY(sums.cells(of_currency, dimension));
      std::vector<std::string> headers = {dimension};
      if (question.by_service) headers.emplace_back(kService);
      reports.push_back(TRY(build_report(
          fmt::format("{}, {}, {}, {}", options.tenant, options.period, currency, options.metric),
          std::move(headers), std::move(cells), options.digits, std::move(basis),
          options.top == 0 ? kReportRowsMax : options.top)));
    }
  }
  if (reports.empty()) {
    std::string known;
    for (const auto& [currency, unused] : sums.by_currency()) known += " " + currency;
    return fail(ErrorCode::D107, "no lines in currency {}; there is:{}", excerpt(options.currency),
                known);
  }
  if (options.is_csv && reports.size() > 1) {
    return fail(ErrorCode::C102,
                "--csv makes one table, this would be {}: say one dimension and --currency",
                reports.size());
  }
  for (const Report& report : reports) {
    if (&report != &reports.front()) out += '\n';
    out += options.is_csv ? to_csv(report) : to_table(report);
  }
  return 0;
}

}  // namespace tributary::cost
