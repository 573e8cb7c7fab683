// jobs/cost_attribution/tools/focus_generator.cc
#include "jobs/cost_attribution/tools/focus_generator.h"

#include <fmt/format.h>

#include "jobs/cost_attribution/tools/envelope_writer.h"
#include "jobs/cost_attribution/tools/generator_catalog.h"

namespace tributary::cost {

namespace {

using Kind = GeneratedRecord::Kind;

constexpr std::size_t kRecentMax = 65'536;
constexpr std::uint64_t kRowsMax = 10'000'000'000;
constexpr std::uint32_t kTenantsMax = 100'000;
constexpr std::uint64_t kCustomers = 400;
// Costs have 11 decimals, as in FOCUS exports; rarely all 18.
constexpr Int128 kElevenDecimals = 10'000'000;

std::uint64_t seed_of(std::uint64_t seed, std::uint64_t number, std::uint64_t purpose) {
  return mix64(mix64(seed) + mix64(number * 8 + purpose));
}

// What a record's random numbers are for, so that adding a draw to one leaves the others alone.
enum Purpose : std::uint64_t { kKindDraw, kAttributes, kCosts };

}  // namespace

FocusGenerator::FocusGenerator(const GeneratorOptions& options)
    : options_(options), tenant_sizes_(options.tenants, 1.0), customer_sizes_(kCustomers, 1.0) {}

Status FocusGenerator::check(const GeneratorOptions& options) {
  if (options.rows > kRowsMax)
    return fail(ErrorCode::C102, "rows {}: at most {}", options.rows, kRowsMax);
  if (options.tenants < 1 || options.tenants > kTenantsMax) {
    return fail(ErrorCode::C102, "tenants {}: 1 to {}", options.tenants, kTenantsMax);
  }
  if (options.days < 1 || options.days > 366)
    return fail(ErrorCode::C102, "days {}: 1 to 366", options.days);
  if (options.shards < 1 || options.shards > 64)
    return fail(ErrorCode::C102, "shards {}: 1 to 64", options.shards);
  const std::uint64_t shares =
      std::uint64_t{options.malformed} + options.repeats + options.revisions + options.deletes;
  if (shares > kMillion) {
    return fail(ErrorCode::C102,
                "malformed, repeats, revisions and deletes together are more than 1");
  }
  if (options.late > kMillion || options.negative > kMillion) {
    return fail(ErrorCode::C102, "late and negative are shares of 0 to 1");
  }
  return {};
}

std::string FocusGenerator::tenant_name(std::uint32_t tenant) const {
  return tenant < catalog::kTenants.size() ? std::string(catalog::kTenants[tenant])
                                           : fmt::format("tenant-{:05}", tenant + 1);
}

bool FocusGenerator::next(std::string& out, GeneratedRecord& record) {
  if (next_number_ == options_.rows) return false;
  const std::uint64_t number = next_number_++;
  Random random(seed_of(options_.seed, number, kKindDraw));
  record.kind = draw_kind(random);
  if (record.kind == Kind::kMalformed) {
    emit_malformed(number, out);
  } else if (record.kind == Kind::kCharge || !emit_again(record.kind, random, out)) {
    record.kind = Kind::kCharge;
    make_new(number);
    append_row(1, out);
  }
  record.tenant = tenant_;
  record.shard = shard_;
  ++expected_.records;
  return true;
}

Kind FocusGenerator::draw_kind(Random& random) const {
  std::uint64_t draw = random.below(kMillion);
  const auto takes = [&](std::uint32_t share) {
    if (draw < share) return true;
    draw -= share;
    return false;
  };
  if (takes(options_.malformed)) return Kind::kMalformed;
  if (takes(options_.repeats)) return Kind::kRepeat;
  if (takes(options_.revisions)) return Kind::kRevision;
  if (takes(options_.deletes)) return Kind::kDelete;
  return Kind::kCharge;
}

void FocusGenerator::make_new(std::uint64_t number) {
  make(number, 1);
  count(amounts_, 1);
  ++expected_.new_charges;
  expected_.late += is_late_ ? 1 : 0;
  expected_.negative += is_credit_ ? 1 : 0;
  if (recent_.size() < kRecentMax) {
    recent_.push_back(number);
  } else {
    recent_[recent_next_] = number;
    recent_next_ = (recent_next_ + 1) % kRecentMax;
  }
}

FocusGenerator::Fate FocusGenerator::fate_of(std::uint64_t number) const {
  const auto found = fates_.find(number);
  return found == fates_.end() ? Fate{} : found->second;
}

bool FocusGenerator::emit_again(Kind kind, Random& random, std::string& out) {
  if (recent_.empty()) return false;
  const std::uint64_t number = recent_[random.below(recent_.size())];
  Fate fate = fate_of(number);
  if (kind == Kind::kRepeat) {
    const auto revision =
        static_cast<std::int64_t>(1 + random.below(static_cast<std::uint64_t>(fate.revision)));
    // The revision of a delete has no row to repeat.
    if (fate.is_deleted && revision == fate.revision) return false;
    make(number, revision);
    append_row(revision, out);
    ++expected_.repeats;
    return true;
  }
  if (fate.is_deleted) return false;
  make(number, fate.revision);
  count(amounts_, -1);
  ++fate.revision;
  if (kind == Kind::kDelete) {
    fate.is_deleted = true;
    append_envelope_head(out, "charge_delete", head(fate.revision));
    out += "}\n";
    ++expected_.deletes;
  } else {
    make(number, fate.revision);
    append_row(fate.revision, out);
    count(amounts_, 1);
    ++expected_.revisions;
  }
  fates_[number] = fate;
  return true;
}

ChargeHead FocusGenerator::head(std::int64_t revision) const {
  return {tenant_text_, kSource, *row_.period, shard_, charge_id_, revision};
}

void FocusGenerator::append_row(std::int64_t revision, std::string& out) {
  append_charge(out, head(revision), row_);
}

void FocusGenerator::count(const Amounts& amounts, int sign) {
  auto& cell =
      expected_.totals[{tenant_text_, format_period(*row_.period), std::string(row_.currency)}];
  cell.charges += static_cast<std::uint64_t>(sign);
  for (std::size_t i = 0; i < kMetricCount; ++i) {
    // 10^10 rows of at most 10^2 stay far below the range.
    TRIBUTARY_CHECK(add_to(cell.amounts[i], Amount{sign * amounts[i].units}));
  }
}

void FocusGenerator::make(std::uint64_t number, std::int64_t revision) {
  Random random(seed_of(options_.seed, number, kAttributes));
  row_.clear();
  tenant_ = static_cast<std::uint32_t>(tenant_sizes_(random));
  tenant_text_ = tenant_name(tenant_);
  charge_id_ = Hash128{mix64(options_.seed ^ (number << 1)), number}.to_hex();
  shard_ = shard_of(charge_id_, options_.shards);

  const catalog::Service& service = catalog::pick_service(random);
  const auto hours = static_cast<std::uint64_t>(options_.days) * 24;
  Timestamp start = options_.start + tributary::hours(static_cast<std::int64_t>(
                                         static_cast<UInt128>(number) * hours / options_.rows));
  is_late_ = random.below(kMillion) < options_.late;
  if (is_late_)
    start = start - tributary::hours(static_cast<std::int64_t>(24 + random.below(29 * 24)));
  const bool is_daily = service.is_daily || random.chance(1, 25);
  row_.start = is_daily ? floor_to(start, tributary::days(1)) : start;
  row_.end = row_.start + tributary::hours(is_daily ? 24 : 1);
  row_.period = period_of(row_.start);

  const std::uint64_t account = random.below(6);
  account_ =
      fmt::format("{:012}", 100'000'000'000 + mix64(tenant_ * 64 + account) % 900'000'000'000);
  account_name_ = fmt::format("{}-{}", tenant_text_, catalog::kAccounts[account]);
  row_.currency = tenant_ % 2 == 1 && account == 5 ? "EUR" : "USD";
  const auto team = static_cast<std::uint32_t>(random.below(catalog::kTeams.size()));
  const std::string_view region = catalog::kRegions[random.below(catalog::kRegions.size())];
  const std::uint64_t instance = random.below(200);
  const std::string_view stem = random.chance(1, 20) ? "kafka" : catalog::kTeams[team];
  resource_name_.clear();
  resource_id_.clear();
  if (!service.resource.empty()) {
    resource_name_ = fmt::format("{}-{}-{:03}", stem, service.resource, instance);
    resource_id_ = fmt::format("arn:aws:{}:{}:{}:{}/{}", service.prefix, region, account_,
                               service.resource, resource_name_);
  }
  sku_ = fmt::format(
      "{:016X}", mix64(static_cast<std::uint64_t>(service.prefix.size()) * 977 + instance % 13));
  description_ = fmt::format("${} per {} in {}", service.price, service.unit, region);
  invoice_ = fmt::format("INV-{}-{}", format_period(*row_.period), account_.substr(0, 6));
  is_credit_ = random.below(kMillion) < options_.negative;

  const auto set = [&](Column column, std::string_view text) {
    row_.columns[static_cast<std::size_t>(column)] = text;
  };
  set(Column::kChargeCategory, is_credit_ ? "Credit" : "Usage");
  set(Column::kChargeClass, revision > 1 ? "Correction" : "");
  set(Column::kChargeDescription, description_);
  set(Column::kServiceName, service.name);
  set(Column::kServiceCategory, service.category);
  set(Column::kProviderName, "AWS");
  set(Column::kBillingAccountId, "100000000001");
  set(Column::kSubAccountId, account_);
  set(Column::kSubAccountName, account_name_);
  set(Column::kRegionId, region);
  set(Column::kResourceId, resource_id_);
  set(Column::kResourceName, resource_name_);
  set(Column::kResourceType, service.resource);
  set(Column::kSkuId, sku_);
  set(Column::kInvoiceId, invoice_);
  if (!service.is_daily) make_tags(random, team);
  make_costs(number, revision, is_credit_);
}

void FocusGenerator::make_tags(Random& random, std::uint32_t team) {
  if (random.chance(1, 5)) return;
  const auto put = [&](std::string_view key, std::string_view value) {
    row_.tags.emplace(key, value);
  };
  if (!random.chance(1, 10)) {
    const std::string_view name = catalog::kTeams[team];
    switch (random.below(12)) {
      case 0:
        put("team", fmt::format(" {}", name));
        break;
      case 1:
        put("team", catalog::upper(name));
        break;
      case 2:
        put("team", catalog::capitalised(name));
        break;
      case 3:
        put(" team", name);
        break;
      default:
        put("team", name);
    }
  }
  if (!random.chance(1, 6))
    put("feature", catalog::kFeatures[(team + random.below(3)) % catalog::kFeatures.size()]);
  if (!random.chance(1, 4)) {
    const std::uint64_t customer = customer_sizes_(random);
    if (customer == 7) {
      put("customer", "Müller & Söhne \"West\"");
    } else {
      put("customer", fmt::format("customer-{:03}", customer + 1));
    }
  }
  if (!random.chance(1, 8)) {
    put(random.chance(1, 4) ? "env" : "environment",
        catalog::kEnvironments[random.below(catalog::kEnvironments.size())]);
  }
  put("application", fmt::format("app-{:02}", random.below(60)));
  if (random.chance(1, 2)) put("cost-center", fmt::format("cc-{}", 1000 + random.below(40)));
}

void FocusGenerator::make_costs(std::uint64_t number, std::int64_t revision, bool is_credit) {
  Random random(seed_of(options_.seed, number, kCosts) + static_cast<std::uint64_t>(revision));
  Int128 billed = random.below(1'000'000'000'000) >> random.below(20);
  billed *= kElevenDecimals;
  const bool is_discounted = random.chance(1, 4);
  if (random.chance(1, 1000)) billed += static_cast<Int128>(random.below(10'000'000));
  if (is_credit) billed = -billed;
  const Int128 effective = is_discounted ? billed * 7 / 10 : billed;
  amounts_ = {Amount{billed}, Amount{effective}, Amount{billed + billed / 5}, Amount{effective}};
  const bool has_contracted = !random.chance(7, 1000);
  if (!has_contracted) amounts_[static_cast<std::size_t>(Metric::kContracted)] = {};
  for (std::size_t i = 0; i < kMetricCount; ++i) {
    std::array<char, 48> text;
    cost_texts_[i].assign(text.data(), format_amount(amounts_[i], text.data()));
    row_.costs[i] = cost_texts_[i];
  }
  if (!has_contracted) row_.costs[static_cast<std::size_t>(Metric::kContracted)] = {};
}

}  // namespace tributary::cost
