// jobs/cost_attribution/tools/ingest_command.cc
#include "jobs/cost_attribution/tools/ingest_command.h"

#include <bit>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/excerpt.h"
#include "base/file_format.h"
#include "base/random.h"
#include "jobs/cost_attribution/core/envelope.h"
#include "jobs/cost_attribution/tools/amount_sums.h"
#include "jobs/cost_attribution/tools/charge_ordinals.h"
#include "jobs/cost_attribution/tools/cur_csv.h"
#include "jobs/cost_attribution/tools/envelope_writer.h"
#include "jobs/cost_attribution/tools/focus_csv.h"
#include "jobs/cost_attribution/tools/new_files.h"
#include "jobs/cost_attribution/tools/text_file.h"
#include "jobs/cost_attribution/tools/topic_folder.h"

namespace tributary::cost {

namespace {

constexpr std::int32_t kFilesMax = 1000;
constexpr std::size_t kShuffledBytesMax = std::size_t{2} << 30;
constexpr std::size_t kBadRowsShown = 20;

Status check(const IngestOptions& options) {
  if (!is_tenant_name(options.tenant)) {
    return fail(ErrorCode::C102,
                "--tenant {}: 1 to 64 characters of A-Z, a-z, 0-9, \"_\", \".\" and \"-\"",
                excerpt(options.tenant));
  }
  if (options.source.empty() || options.source.size() > kNameBytesMax) {
    return fail(ErrorCode::C102, "--source {}: 1 to {} bytes", excerpt(options.source),
                kNameBytesMax);
  }
  if (!options.period.empty() && !parse_period(options.period)) {
    return fail(ErrorCode::C102, "--period {}: a month is YYYY-MM", excerpt(options.period));
  }
  if (options.shards < 1 || options.shards > kShardMax + 1) {
    return fail(ErrorCode::C102, "--shards {}: 1 to {}", options.shards, kShardMax + 1);
  }
  if (options.revision < 1)
    return fail(ErrorCode::C102, "--revision {}: at least 1", options.revision);
  if (options.cut < 1 || options.cut > kFilesMax) {
    return fail(ErrorCode::C102, "--cut {}: 1 to {} files", options.cut, kFilesMax);
  }
  if (!options.id_column.empty() && options.format == IngestOptions::Format::kCur) {
    return fail(ErrorCode::C102, "--id-column {}: CUR line items have ids of their own",
                excerpt(options.id_column));
  }
  if (options.files.empty()) return fail(ErrorCode::C102, "no file is given");
  return {};
}

// Reads all bills, row by row: on_row(number, place, mapped or why not). Numbers count from 0 over
// all files.
class BillScan {
 public:
  explicit BillScan(const IngestOptions& options) : options_(options) {}

  template <typename OnRow>
  Status run(const OnRow& on_row) {
    std::uint64_t number = 0;
    for (const std::filesystem::path& path : options_.files) TRY(run_file(path, number, on_row));
    return {};
  }

 private:
  template <typename OnRow>
  Status run_file(const std::filesystem::path& path, std::uint64_t& number, const OnRow& on_row) {
    TextFile file = TRY(TextFile::open(path));
    CsvSplitter splitter;
    std::unique_ptr<BillFormat> format;
    for (bool ended = false; !ended;) {
      const std::string_view block = TRY(file.read_block());
      ended = block.empty();
      if (ended) {
        splitter.finish();
      } else {
        splitter.feed(block);
      }
      while (auto next = splitter.next()) {
        if (format == nullptr) {
          if (!*next) return std::unexpected(std::move(*next).error().in(path.string()));
          auto made = make_format((*next)->cells);
          if (!made) return std::unexpected(std::move(made).error().in(path.string()));
          format = std::move(*made);
          continue;
        }
        TRY(hand_over(*format, path, *next, number++, on_row));
      }
    }
    if (format == nullptr)
      return fail(ErrorCode::D101, "{}: empty; a bill starts with a header", path.string());
    return {};
  }

  template <typename OnRow>
  Status hand_over(const BillFormat& format, const std::filesystem::path& path,
                   Result<CsvRow>& split, std::uint64_t number, const OnRow& on_row) {
    if (!split)
      return on_row(number, path.filename().string(), std::unexpected(std::move(split).error()));
    const std::string place = fmt::format("{}:{}", path.filename().string(), split->line);
    if (auto mapped = format.map(split->cells, row_); !mapped) {
      return on_row(number, place, std::unexpected(std::move(mapped).error()));
    }
    if (!options_.period.empty()) row_.period = parse_period(options_.period);
    if (!row_.period) {
      return on_row(number, place,
                    fail(ErrorCode::D101, "no billing period in the row; say --period YYYY-MM"));
    }
    return on_row(number, place, Result<const BillRow*>(&row_));
  }

  Result<std::unique_ptr<BillFormat>> make_format(std::span<const CsvCell> header) const {
    return options_.format == IngestOptions::Format::kCur
               ? make_cur_format(header)
               : make_focus_format(header, options_.id_column);
  }

  const IngestOptions& options_;
  BillRow row_;
};

bool read_costs(const BillRow& row, Amounts& costs) {
  for (std::size_t i = 0; i < kMetricCount; ++i) {
    costs[i] = {};
    if (!row.costs[i].empty() && parse_decimal(row.costs[i], costs[i]) != DecimalFault::kNone)
      return false;
  }
  return true;
}

Hash128 identity_of(const BillRow& row) {
  return row.has_own_id ? xxh3_128(fmt::format("{}|{}", format_period(*row.period), row.identity))
                        : xxh3_128(row.identity);
}

class Ingest {
 public:
  Ingest(const IngestOptions& options, Timestamp now)
      : options_(options), now_(now), files_(options.replaces) {}

  Result<int> run(std::string& out) {
    TRY(add_files());
    TRY(number_equal_rows());
    TRY(BillScan(options_).run(
        [&](std::uint64_t number, const std::string& place, Result<const BillRow*> row) {
          ++rows_;
          return row ? take(number, place, **row) : refuse(place, row.error().what());
        }));
    if (rows_ == 0) {
      return fail(ErrorCode::D101, "{}: a header and no row; nothing was written",
                  fmt::join(names_of_bills(), ", "));
    }
    if (bad_rows_ > options_.bad_rows_max) {
      describe_bad_rows(out);
      out += fmt::format("nothing was written: {} bad of {}; --skip-bad {} would leave them out\n",
                         bad_rows_, counted(rows_, "row"), bad_rows_);
      return 1;
    }
    TRY(write_shuffled());
    TRY(files_.commit());
    describe_bad_rows(out);
    describe(out);
    return 0;
  }

 private:
  Status add_files() {
    std::string name = options_.name;
    if (name.empty()) {
      name = options_.files.front().filename().string();
      if (name.ends_with(".gz")) name.resize(name.size() - 3);
      name = std::filesystem::path(name).stem().string();
    }
    const auto folder = options_.to / (options_.is_bulk ? kBulkTopic : kChargesTopic);
    for (std::int32_t i = 0; i < options_.cut; ++i) {
      const std::string part = options_.cut == 1 ? "" : fmt::format("-{:03}", i);
      const std::string file = fmt::format("{}{}.jsonl", name, part);
      if (!holds_records(file, FileFormat::kRawLines)) {
        return std::unexpected(
            Error(ErrorCode::C102,
                  fmt::format("the output would be called {}, which the job does not read",
                              excerpt(file)),
                  "choose a name that does not begin with \".\" or \"_\": --name NAME"));
      }
      TRY(files_.add(folder / file));
    }
    return {};
  }

  std::vector<std::string> names_of_bills() const {
    std::vector<std::string> names;
    names.reserve(options_.files.size());
    for (const std::filesystem::path& path : options_.files) names.push_back(path.string());
    return names;
  }

  // Rows that cannot be mapped take no number; take() reports them.
  Status number_equal_rows() {
    Amounts costs;
    TRY(BillScan(options_).run(
        [&](std::uint64_t number, const std::string&, Result<const BillRow*> row) -> Status {
          if (row && read_costs(**row, costs)) ordinals_.add(number, identity_of(**row));
          return {};
        }));
    if (!ordinals_.seal_identities()) return {};
    TRY(BillScan(options_).run(
        [&](std::uint64_t number, const std::string&, Result<const BillRow*> row) -> Status {
          if (row && ordinals_.has_equals(number) && read_costs(**row, costs))
            ordinals_.add_costs(number, costs);
          return {};
        }));
    ordinals_.seal_costs();
    return {};
  }

  Status take(std::uint64_t number, const std::string& place, const BillRow& row) {
    const std::uint32_t ordinal = ordinals_.ordinal(number);
    if (row.has_own_id && ordinal > 0) {
      return refuse(
          place, fmt::format("charge id {} is given twice in its period", excerpt(row.identity)));
    }
    const std::string charge_id =
        row.has_own_id ? row.identity
                       : fmt::format("{}-{}", xxh3_128(row.identity).to_hex(), ordinal);
    line_.clear();
    append_charge(line_,
                  {.tenant = options_.tenant,
                   .source = options_.source,
                   .period = *row.period,
                   .shard = shard_of(charge_id, options_.shards),
                   .charge_id = charge_id,
                   .revision = options_.revision},
                  row);
    const auto envelope = parser_.parse(std::string_view(line_).substr(0, line_.size() - 1), now_);
    if (!envelope) {
      const Rejection& why = envelope.error();
      return refuse(place, fmt::format("{} {}{}", reason_name(why.reason), why.message,
                                       why.value.empty() ? "" : ": " + excerpt(why.value)));
    }
    const ChargeRow& charge = (*envelope)->row;
    TRY(add_amounts(sums_[std::string(charge.currency.view())], charge.amounts));
    ++periods_[format_period(*row.period)];
    missing_ += static_cast<std::uint64_t>(std::popcount(charge.missing_metrics));
    return write_line();
  }

  Status write_line() {
    if (!options_.shuffle_seed) {
      return files_.write(accepted_++ % static_cast<std::uint64_t>(options_.cut), line_);
    }
    if (held_.size() + line_.size() > kShuffledBytesMax) {
      return fail(ErrorCode::D102, "--shuffle holds all lines in memory: at most {} bytes",
                  kShuffledBytesMax);
    }
    starts_.push_back(held_.size());
    held_ += line_;
    ++accepted_;
    return {};
  }

  Status write_shuffled() {
    if (!options_.shuffle_seed) return {};
    std::vector<std::size_t> order(starts_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    Random random(*options_.shuffle_seed);
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    for (std::size_t i = 0; i < order.size(); ++i) {
      const std::size_t start = starts_[order[i]];
      const std::size_t end = order[i] + 1 < starts_.size() ? starts_[order[i] + 1] : held_.size();
      TRY(files_.write(i % files_.count(), std::string_view(held_).substr(start, end - start)));
    }
    return {};
  }

  Status refuse(const std::string& place, const std::string& why) {
    ++bad_rows_;
    if (problems_.size() < kBadRowsShown)
      problems_.push_back(fmt::format("  {}: {}\n", place, why));
    return {};
  }

  void describe_bad_rows(std::string& out) const {
    if (bad_rows_ == 0) return;
    out += fmt::format("{}:\n", counted(bad_rows_, "bad row"));
    for (const std::string& problem : problems_) out += problem;
    if (bad_rows_ > problems_.size())
      out += fmt::format("  and {} more\n", with_commas(bad_rows_ - problems_.size()));
  }

  void describe(std::string& out) const {
    out += fmt::format("{} of {} -> {} ({})\n", counted(accepted_, "charge"),
                       counted(options_.files.size(), "bill"),
                       files_.path(0).parent_path().string(), counted(files_.count(), "file"));
    out += fmt::format("  tenant {}  source {}  revision {}  shards {}  period", options_.tenant,
                       options_.source, options_.revision, options_.shards);
    for (const auto& [period, count] : periods_)
      out += fmt::format(" {} ({})", period, with_commas(count));
    out += '\n';
    for (const auto& [currency, sum] : sums_)
      out += fmt::format("  {}  {}\n", currency, format_amounts(sum));
    if (missing_ > 0) out += fmt::format("  {} absent, read as 0\n", counted(missing_, "cost"));
  }

  const IngestOptions& options_;
  Timestamp now_;
  NewFiles files_;
  ChargeOrdinals ordinals_;
  EnvelopeParser parser_;
  std::string line_;
  std::string held_;  // lines to be shuffled
  std::vector<std::size_t> starts_;
  std::uint64_t rows_ = 0;
  std::uint64_t accepted_ = 0;
  std::uint64_t bad_rows_ = 0;
  std::uint64_t missing_ = 0;
  std::vector<std::string> problems_;
  std::map<std::string, Amounts> sums_;
  std::map<std::string, std::uint64_t> periods_;
};

}  // namespace

Result<int> run_ingest(const IngestOptions& options, const Clock& clock, std::string& out) {
  TRY(check(options));
  Ingest ingest(options, clock.now());
  return ingest.run(out);
}

}  // namespace tributary::cost
