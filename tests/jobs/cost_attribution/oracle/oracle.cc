#include "tests/jobs/cost_attribution/oracle/oracle.h"

#include <cstdint>
#include <set>
#include <stdexcept>
#include <utility>

#include "tests/jobs/cost_attribution/oracle/oracle_charge.h"
#include "tests/jobs/cost_attribution/oracle/oracle_rules.h"

namespace tributary::cost_oracle {
namespace {

// The charges that are left: the highest revision of each identity, unless that is a delete.
std::map<ChargeIdentity, Charge> surviving(const std::vector<std::string>& lines) {
  std::map<ChargeIdentity, std::map<std::int64_t, std::string>> revisions;
  std::map<ChargeIdentity, ChargeEvent> highest;
  for (const std::string& line : lines) {
    ChargeEvent event = read_charge_event(line);
    const auto [known, is_new] = revisions[event.identity].emplace(event.revision, line);
    if (!is_new && known->second != line) throw std::invalid_argument("conflict: " + line);
    ChargeEvent& top = highest.try_emplace(event.identity, event).first->second;
    if (event.revision > top.revision) top = std::move(event);
  }
  std::map<ChargeIdentity, Charge> left;
  for (auto& [identity, event] : highest) {
    if (!event.is_delete) left.emplace(identity, std::move(event.charge));
  }
  return left;
}

void add(Amounts& sums, const Amounts& amounts) {
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += amounts[i];
}

// The four amounts of one charge by hour, each spread by itself.
std::map<std::int64_t, Amounts> hours_of(const Charge& charge) {
  std::map<std::int64_t, Amounts> hours;
  for (std::size_t i = 0; i < charge.amounts.size(); ++i) {
    for (const auto& [hour, part] : spread(charge.amounts[i], charge.start, charge.end)) {
      hours[hour][i] += part;
    }
  }
  return hours;
}

template <typename Sums>
void drop_zeros(Sums& sums) {
  std::erase_if(sums, [](const auto& entry) { return entry.second == Amounts{}; });
}

template <typename Key>
void compare(const std::string& table, const std::map<Key, Amounts>& expected,
             const std::map<Key, Amounts>& actual, std::size_t limit,
             std::vector<std::string>& lines) {
  std::set<Key> keys;
  for (const auto& [key, sums] : expected) keys.insert(key);
  for (const auto& [key, sums] : actual) keys.insert(key);
  for (const Key& key : keys) {
    const auto in_expected = expected.find(key);
    const auto in_actual = actual.find(key);
    const Amounts want = in_expected == expected.end() ? Amounts{} : in_expected->second;
    const Amounts got = in_actual == actual.end() ? Amounts{} : in_actual->second;
    if (want == got || lines.size() >= limit) continue;
    std::string line = table;
    for (const std::string& part : key) line += " | " + part;
    line += ": expected";
    for (const cpp_int& units : want) line += " " + decimal_of(units);
    line += ", got";
    for (const cpp_int& units : got) line += " " + decimal_of(units);
    lines.push_back(line);
  }
}

}  // namespace

Folded attribute(const std::vector<std::string>& commands,
                 const std::vector<std::string>& charges) {
  const auto rules = accepted_rules(commands);
  Folded folded;
  for (const auto& [identity, charge] : surviving(charges)) {
    const auto& [tenant, source, period, shard, charge_id] = identity;
    const auto service_column = charge.columns.find("ServiceName");
    const std::string service =
        service_column == charge.columns.end() ? "" : service_column->second;

    std::vector<std::pair<std::string, std::string>> targets = {{"(input)", source}};
    if (const auto versions = rules.find(tenant); versions != rules.end()) {
      if (const RuleVersion* version = in_force(versions->second, charge.start)) {
        for (const auto& target : elements_of(version->document, charge)) {
          targets.push_back(target);
        }
      }
    }

    add(folded.input[{tenant, charge.currency}], charge.amounts);
    const std::map<std::int64_t, Amounts> hours = hours_of(charge);
    for (const auto& [dimension, element] : targets) {
      add(folded.ledger[{tenant, dimension, element, charge_id, source, service, charge.currency,
                         std::to_string(charge.start), std::to_string(charge.end)}],
          charge.amounts);
      for (const auto& [hour, parts] : hours) {
        add(folded.hourly[{tenant, dimension, element, service, charge.currency,
                           std::to_string(hour)}],
            parts);
      }
    }
  }
  drop_zeros(folded.ledger);
  drop_zeros(folded.hourly);
  drop_zeros(folded.input);
  return folded;
}

std::vector<std::string> differences(const Folded& expected, const Folded& actual,
                                     std::size_t limit) {
  std::vector<std::string> lines;
  compare("input", expected.input, actual.input, limit, lines);
  compare("ledger", expected.ledger, actual.ledger, limit, lines);
  compare("hourly", expected.hourly, actual.hourly, limit, lines);
  return lines;
}

}  // namespace tributary::cost_oracle
