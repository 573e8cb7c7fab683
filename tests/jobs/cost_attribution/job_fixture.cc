#include "tests/jobs/cost_attribution/job_fixture.h"

#include <array>
#include <set>

#include <fmt/format.h>

#include "jobs/cost_attribution/job.h"
#include "tests/jobs/cost_attribution/oracle/history_words.h"
#include "tests/jobs/cost_attribution/oracle/sha256.h"

namespace tributary::cost {

namespace {

using cost_oracle::cpp_int;
using cost_oracle::quoted;

std::string head_of(const TestCharge& charge, std::string_view kind) {
  return fmt::format(
      R"("v":1,"kind":"{}","tenant":"{}","source":"{}","period":"{}","shard":{},"charge_id":{},"revision":{})",
      kind, charge.tenant, charge.source, charge.period, charge.shard, quoted(charge.id),
      charge.revision);
}

cpp_int wide(Int128 units) {
  cpp_int value = static_cast<std::int64_t>(units >> 64);
  value <<= 64;
  value += static_cast<std::uint64_t>(units);
  return value;
}

// Sums of a table in 128 bits; what is zero is dropped when they become the oracle's.
template <typename Key>
class Sums {
 public:
  template <typename Record>
  void add(const Key& key, const Record& record) {
    auto& sums = sums_[key];
    sums[0] += record.billed.units;
    sums[1] += record.effective.units;
    sums[2] += record.list.units;
    sums[3] += record.contracted.units;
  }
  void set(const Key& key, const HourlyCost& cell) {
    sums_[key] = {cell.billed.units, cell.effective.units, cell.list.units, cell.contracted.units};
  }
  std::map<Key, cost_oracle::Amounts> amounts() const {
    std::map<Key, cost_oracle::Amounts> result;
    for (const auto& [key, sums] : sums_) {
      if (sums == std::array<Int128, 4>{}) continue;
      result[key] = {wide(sums[0]), wide(sums[1]), wide(sums[2]), wide(sums[3])};
    }
    return result;
  }

 private:
  std::map<Key, std::array<Int128, 4>> sums_;
};

std::string text_of(Currency currency) { return std::string(currency.view()); }

}  // namespace

std::string charge_line(const TestCharge& charge) {
  std::string tags;
  for (const auto& [key, value] : charge.tags) {
    tags += (tags.empty() ? "" : ",") + quoted(key) + ":" + quoted(value);
  }
  return fmt::format(
      R"({{{},"row":{{"ChargePeriodStart":"{}","ChargePeriodEnd":"{}","BillingCurrency":"{}",)"
      R"("BilledCost":{},"EffectiveCost":{},"ServiceName":{},"Tags":{{{}}}}}}})",
      head_of(charge, "charge"), charge.start, charge.end, charge.currency, charge.billed,
      charge.effective, quoted(charge.service), tags);
}

std::string delete_line(const TestCharge& charge) {
  return "{" + head_of(charge, "charge_delete") + "}";
}

std::string rules_yaml(std::string_view tenant, int version, std::string_view dimensions,
                       std::string_view valid_from) {
  return fmt::format(
      "apiVersion: tributary/cost-rules/v1\ntenant: {}\nversion: {}\nvalid_from: "
      "{}\ndimensions:\n{}",
      tenant, version, valid_from, dimensions);
}

std::string rules_line(std::string_view tenant, int version, std::string_view dimensions,
                       std::string_view valid_from) {
  const std::string yaml = rules_yaml(tenant, version, dimensions, valid_from);
  return fmt::format(
      R"({{"v":1,"kind":"rules_published","tenant":"{}","version":{},"valid_from":"{}",)"
      R"("published_at":"2026-09-01T00:00:00Z","author":"ann","yaml":{},"sha256":"{}"}})",
      tenant, version, valid_from, quoted(yaml), cost_oracle::sha256_hex(yaml));
}

std::string close_line(std::string_view tenant, std::string_view period) {
  return fmt::format(R"({{"v":1,"kind":"period_closed","tenant":"{}","period":"{}","by":"ann"}})",
                     tenant, period);
}

std::string by_tag(std::string_view dimension, std::string_view tag) {
  return fmt::format(
      "  - name: {}\n    default: (unattributed)\n    rules:\n      - id: tag\n        group_by: "
      "{{source: \"tag:{}\"}}\n",
      dimension, tag);
}

CostJob::CostJob(const CostSettings& settings, const testing::JobTestOptions& options)
    : test_(cost_attribution, settings, options),
      charges_(test_.source<RawLine>("charges")),
      bulk_(test_.source<RawLine>("charges-bulk")),
      commands_(test_.source<RawLine>("commands")),
      lines_(test_.sink<CostLine>("lines")),
      hourly_(test_.sink<HourlyCost>("hourly-out")),
      control_(test_.sink<Control>("control")),
      dead_(test_.sink<DeadLetter>("dead-letters")) {}

void CostJob::push(testing::TestSource<RawLine>& source, std::string_view topic,
                   std::string_view line) {
  RawLine& place = places_[std::string(topic)];
  place.offset += place.line == 0 ? 0 : static_cast<std::int64_t>(place.bytes.size()) + 1;
  ++place.line;
  place.topic = topic;
  place.partition = "part-0.jsonl";
  place.ingest_time = parse_timestamp("2026-09-30").value();
  place.bytes = line;
  source.push(place);
}

void CostJob::charges(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) charge(line);
}

void CostJob::commands(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) command(line);
}

void CostJob::too_long(std::string_view beginning) {
  places_["cost.charges"].too_long = true;
  charge(beginning);
  places_["cost.charges"].too_long = false;
}

std::vector<Control> CostJob::control(std::string_view kind) {
  std::vector<Control> found;
  for (const Control& record : control()) {
    if (record.kind == kind) found.push_back(record);
  }
  return found;
}

std::vector<std::string> CostJob::refusals() {
  std::vector<std::string> texts;
  for (const DeadLetter& letter : dead()) {
    texts.push_back(fmt::format("{} {}", letter.reason.view(), letter.field.view()));
  }
  return texts;
}

std::map<std::string, std::string> CostJob::billed(std::string_view tenant) {
  std::map<std::string, Amount> sums;
  for (const CostLine& line : lines()) {
    if (line.tenant != tenant) continue;
    sums[line.dimension.str() + "=" + line.element.str()].units += line.billed.units;
  }
  std::map<std::string, std::string> texts;
  for (const auto& [name, sum] : sums) {
    if (!sum.is_zero()) texts[name] = format_amount(sum);
  }
  return texts;
}

cost_oracle::Folded CostJob::folded() {
  Sums<std::array<std::string, 9>> ledger;
  Sums<std::array<std::string, 2>> input;
  for (const CostLine& line : lines()) {
    ledger.add({line.tenant.str(), line.dimension.str(), line.element.str(), line.charge_id.str(),
                line.source.str(), line.service.str(), text_of(line.currency),
                std::to_string(line.start.micros), std::to_string(line.end.micros)},
               line);
    if (line.dimension == "(input)") input.add({line.tenant.str(), text_of(line.currency)}, line);
  }
  Sums<std::array<std::string, 6>> cells;
  for (const HourlyCost& cell : hourly()) {
    cells.set({cell.tenant.str(), cell.dimension.str(), cell.element.str(), cell.service.str(),
               text_of(cell.currency), std::to_string(cell.hour.micros)},
              cell);
  }
  return {.ledger = ledger.amounts(), .hourly = cells.amounts(), .input = input.amounts()};
}

std::string unpaired_lines(const std::vector<CostLine>& lines) {
  // What a reversal repeats of its posting, but the amounts. A charge's shard is not in its lines:
  // charges of one id in several shards stand beside each other.
  using Key = std::array<std::string, 10>;
  using UnitSums = std::array<Int128, 4>;
  std::map<Key, std::multiset<UnitSums>> open;
  for (const CostLine& line : lines) {
    const UnitSums amounts = {line.billed.units, line.effective.units, line.list.units,
                              line.contracted.units};
    if (amounts == UnitSums{}) continue;  // its own negation
    auto& postings =
        open[{line.tenant.str(), line.source.str(), line.period.str(), line.charge_id.str(),
              line.dimension.str(), line.element.str(), line.service.str(), text_of(line.currency),
              std::to_string(line.start.micros), std::to_string(line.end.micros)}];
    const auto posting = postings.find({-amounts[0], -amounts[1], -amounts[2], -amounts[3]});
    if (line.cause != "new" && posting != postings.end()) {
      postings.erase(posting);
    } else if (line.cause == "deleted") {
      return fmt::format("line {} takes back what was never posted", line.line_id.view());
    } else {
      postings.insert(amounts);
    }
  }
  // A reversal that is not the exact negation stays behind and is counted as a second posting.
  std::map<std::array<std::string, 5>, std::size_t> per_charge;
  std::map<std::array<std::string, 5>, std::size_t> input_of;
  for (const auto& [key, postings] : open) {
    per_charge[{key[0], key[1], key[2], key[3], key[4]}] += postings.size();
  }
  for (const auto& [key, count] : per_charge) {
    if (key[4] == "(input)") input_of[{key[0], key[1], key[2], key[3], ""}] = count;
  }
  for (const auto& [key, count] : per_charge) {
    const auto charges = input_of[{key[0], key[1], key[2], key[3], ""}];
    if (count > charges) {
      return fmt::format("{} open postings of charge {} {} {} {} in {}, which has {} rows", count,
                         key[0], key[1], key[2], key[3], key[4], charges);
    }
  }
  return "";
}

}  // namespace tributary::cost
