// jobs/cost_attribution/tools/ledger_reader.h
// The ledger as files: lists tenants and periods, and walks the cost lines of one tenant, strictly:
// a line that cannot be read is an error, because a report that passes over it would be wrong.
//
// Lines come from <ledger>/tenant=T/posting_period=P/, or, where there is no ledger folder,
// from topic cost.lines. Thread: one.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/record.h"
#include "jobs/cost_attribution/core/charge.h"

namespace tributary::cost {

// The fields of a cost line that the tools need; all others are ignored.
struct LedgerLine {
  std::int32_t v = 0;
  Text tenant;
  Text dimension;
  Text element;
  Text kind;
  Optional<Text> charge_id;
  Optional<Text> pool;
  Optional<Text> source;
  Optional<Text> service;
  Currency currency;
  Timestamp start;
  Timestamp end;
  Amount billed;
  Amount effective;
  Amount list;
  Amount contracted;
  bool provisional = false;
  Text cause;
  Optional<Text> rule_id;
  std::int64_t rules_version = 0;
  Optional<std::int64_t> revision;
  Text period;
  Text posting_period;
  Optional<bool> after_close;
  Timestamp posted_at;

  Amounts amounts() const { return {billed, effective, list, contracted}; }
  // Pooled lines say where an allocation took its money from; views add direct and allocated ones.
  bool is_in_views() const { return kind.view() != "pooled"; }
};
TRIBUTARY_RECORD(LedgerLine, v, tenant, dimension, element, kind, charge_id, pool, source, service,
                 currency, start, end, billed, effective, list, contracted, provisional, cause,
                 rule_id, rules_version, revision, period, posting_period, after_close, posted_at);

// D107: "no tenant 'acmee' in the ledger; did you mean 'acme'? There is: acme globex".
Error not_there(std::string_view what, std::string_view wanted, std::string_view where,
                const std::set<std::string>& known);

class LedgerReader {
 public:
  // `from`: the folder of topics; may be empty if `ledger` is given. `ledger`: may be empty,
  // <from>/ledger then. F101 when neither a ledger nor the topic is there.
  static Result<LedgerReader> open(const std::filesystem::path& from,
                                   const std::filesystem::path& ledger);

  // Posting periods by tenant.
  const std::map<std::string, std::set<std::string>>& contents() const { return contents_; }
  // D107, listing what there is.
  Status require(std::string_view tenant, std::string_view posting_period = {}) const;

  // Every line of the tenant, posted in `posting_period` (empty: in any), in the order of the
  // files. The line's texts live until on_line returns.
  Status walk(std::string_view tenant, std::string_view posting_period,
              const std::function<Status(const LedgerLine&)>& on_line) const;

 private:
  Status list_ledger();
  Status list_topic(const std::filesystem::path& topic);
  Status walk_file(const std::filesystem::path& file, std::string_view tenant,
                   std::string_view posting_period,
                   const std::function<Status(const LedgerLine&)>& on_line) const;

  std::filesystem::path ledger_;  // empty: lines_ are read
  std::vector<std::filesystem::path> lines_;
  std::map<std::string, std::set<std::string>> contents_;
};

}  // namespace tributary::cost
