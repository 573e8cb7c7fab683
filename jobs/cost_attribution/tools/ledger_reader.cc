// jobs/cost_attribution/tools/ledger_reader.cc
#include "jobs/cost_attribution/tools/ledger_reader.h"

#include "base/excerpt.h"
#include "base/json.h"
#include "base/nearest_name.h"
#include "jobs/cost_attribution/tools/text_file.h"
#include "jobs/cost_attribution/tools/topic_folder.h"

namespace tributary::cost {

namespace {

constexpr std::string_view kTenantPrefix = "tenant=";
constexpr std::string_view kPeriodPrefix = "posting_period=";
constexpr std::size_t kNamesShown = 20;

// Names of the subfolders that begin with `prefix`, without it.
Result<std::vector<std::string>> partitions(const std::filesystem::path& folder,
                                            std::string_view prefix) {
  std::vector<std::string> names;
  std::error_code fault;
  for (auto entry = std::filesystem::directory_iterator(folder, fault);
       !fault && entry != std::filesystem::directory_iterator(); entry.increment(fault)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with(prefix)) names.push_back(name.substr(prefix.size()));
  }
  if (fault) return fail(ErrorCode::F101, "reading {}: {}", folder.string(), fault.message());
  return names;
}

JsonReadOptions strict() {
  JsonReadOptions options;
  options.require_all_fields = true;
  return options;
}

}  // namespace

Error not_there(std::string_view what, std::string_view wanted, std::string_view where,
                const std::set<std::string>& known) {
  std::string text = fmt::format("no {} {} in {}", what, excerpt(wanted), where);
  if (known.empty()) return Error(ErrorCode::D107, text + ": there is none at all");
  const std::vector<std::string_view> names(known.begin(), known.end());
  const auto nearest = nearest_name(wanted, names);
  text += nearest ? fmt::format("; did you mean {}?", excerpt(*nearest)) : ".";
  text += " There is:";
  for (std::size_t i = 0; i < names.size() && i < kNamesShown; ++i)
    text += fmt::format(" {}", names[i]);
  if (names.size() > kNamesShown) text += fmt::format(" and {} more", names.size() - kNamesShown);
  return Error(ErrorCode::D107, std::move(text));
}

Result<LedgerReader> LedgerReader::open(const std::filesystem::path& from,
                                        const std::filesystem::path& ledger) {
  LedgerReader reader;
  std::error_code fault;
  if (!ledger.empty()) {
    TRY(require_folder(ledger));
    reader.ledger_ = ledger;
  } else {
    TRY(require_folder(from));
    if (std::filesystem::is_directory(from / "ledger", fault)) reader.ledger_ = from / "ledger";
  }
  if (!reader.ledger_.empty()) {
    TRY(reader.list_ledger());
    return reader;
  }
  if (!std::filesystem::is_directory(from / kLinesTopic, fault)) {
    return std::unexpected(Error(
        ErrorCode::F101,
        fmt::format("{} has neither a folder ledger nor a topic {}", from.string(), kLinesTopic),
        "name the folder of the job's setting ledger_dir: --ledger DIR"));
  }
  TRY(reader.list_topic(from / kLinesTopic));
  return reader;
}

Status LedgerReader::list_ledger() {
  const auto tenants = TRY(partitions(ledger_, kTenantPrefix));
  for (const std::string& tenant : tenants) {
    const auto periods =
        TRY(partitions(ledger_ / fmt::format("{}{}", kTenantPrefix, tenant), kPeriodPrefix));
    if (!periods.empty()) contents_[tenant].insert(periods.begin(), periods.end());
  }
  return {};
}

Status LedgerReader::list_topic(const std::filesystem::path& topic) {
  lines_ = TRY(topic_files(topic));
  return walk({}, {}, [&](const LedgerLine& line) -> Status {
    contents_[line.tenant.str()].insert(line.posting_period.str());
    return {};
  });
}

Status LedgerReader::require(std::string_view tenant, std::string_view posting_period) const {
  const auto found = contents_.find(std::string(tenant));
  if (found == contents_.end()) {
    std::set<std::string> tenants;
    for (const auto& [name, periods] : contents_) tenants.insert(name);
    return std::unexpected(not_there("tenant", tenant, "the ledger", tenants));
  }
  if (!posting_period.empty() && !found->second.contains(std::string(posting_period))) {
    return std::unexpected(not_there(
        "period", posting_period, fmt::format("the ledger of tenant {}", tenant), found->second));
  }
  return {};
}

Status LedgerReader::walk(std::string_view tenant, std::string_view posting_period,
                          const std::function<Status(const LedgerLine&)>& on_line) const {
  if (ledger_.empty()) {
    for (const std::filesystem::path& file : lines_)
      TRY(walk_file(file, tenant, posting_period, on_line));
    return {};
  }
  const auto found = contents_.find(std::string(tenant));
  if (found == contents_.end()) return {};
  for (const std::string& period : found->second) {
    if (!posting_period.empty() && period != posting_period) continue;
    const auto folder = ledger_ / fmt::format("{}{}", kTenantPrefix, tenant) /
                        fmt::format("{}{}", kPeriodPrefix, period);
    const auto files = TRY(topic_files(folder));
    for (const auto& file : files) TRY(walk_file(file, tenant, period, on_line));
  }
  return {};
}

Status LedgerReader::walk_file(const std::filesystem::path& file, std::string_view tenant,
                               std::string_view posting_period,
                               const std::function<Status(const LedgerLine&)>& on_line) const {
  JsonReader reader(strict());
  Arena arena;
  return walk_lines({file}, [&](std::string_view text) -> Status {
    arena.reset();
    LedgerLine line;
    TRY(reader.read(type_info<LedgerLine>(), text, &line, arena));
    if (line.v != 1)
      return fail(ErrorCode::D101, "cost line of version {}; this program reads version 1", line.v);
    const bool matches = (tenant.empty() || line.tenant == tenant) &&
                         (posting_period.empty() || line.posting_period == posting_period);
    if (matches) return on_line(line);
    if (ledger_.empty()) return {};  // the topic holds all tenants
    return fail(ErrorCode::D101, "a line of tenant {}, posting period {} in the folder of others",
                excerpt(line.tenant), excerpt(line.posting_period));
  });
}

}  // namespace tributary::cost
