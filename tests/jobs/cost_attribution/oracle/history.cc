#include "tests/jobs/cost_attribution/oracle/history.h"

#include <algorithm>
#include <set>

#include "tests/jobs/cost_attribution/oracle/dice.h"
#include "tests/jobs/cost_attribution/oracle/history_rules.h"
#include "tests/jobs/cost_attribution/oracle/history_words.h"
#include "tests/jobs/cost_attribution/oracle/sha256.h"

namespace tributary::cost_oracle {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kHour = 3'600 * kSecond;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kFirstStart = 1'787'616'000 * kSecond;  // 2026-08-25T00:00:00Z
constexpr std::int64_t kStartRange = 30 * kDay;
constexpr std::int64_t kValidBefore = 55 * kDay;
constexpr std::int64_t kPublished = kFirstStart + 31 * kDay;

struct Identity {
  std::string head;  // the fields of the line from tenant to charge_id
  std::int64_t revision = 0;
  std::string row;  // as last sent
};

class HistoryWriter {
 public:
  HistoryWriter(std::uint64_t seed, std::size_t events) : dice_(seed), events_(events) {}

  History write() {
    std::vector<std::string> tenants = {"acme", "globex", "in.it-ech_3"};
    dice_.shuffle(tenants);
    tenants.resize(dice_.between(2, 3));
    write_commands(tenants);
    std::vector<Identity> identities = make_identities(tenants);
    while (history_.charges.size() + history_.commands.size() < events_) {
      history_.charges.push_back(event_of(identities[dice_.below(identities.size())]));
    }
    return std::move(history_);
  }

 private:
  void write_commands(const std::vector<std::string>& tenants) {
    std::vector<std::vector<std::string>> of_tenant;
    for (const std::string& tenant : tenants) of_tenant.push_back(publications(tenant));
    // Interleaved, in the order of each tenant.
    std::vector<std::size_t> turns;
    for (std::size_t i = 0; i < of_tenant.size(); ++i)
      turns.resize(turns.size() + of_tenant[i].size(), i);
    dice_.shuffle(turns);
    std::vector<std::size_t> next(of_tenant.size());
    for (const std::size_t turn : turns) {
      history_.commands.push_back(of_tenant[turn][next[turn]++]);
    }
  }

  // 1 to 4 versions that are accepted, and between them some that are not.
  std::vector<std::string> publications(const std::string& tenant) {
    std::vector<std::string> lines;
    std::int64_t version = 0;
    for (std::size_t accepted = dice_.between(1, 4); accepted > 0; --accepted) {
      if (dice_.percent(15)) {
        lines.push_back(
            publication(tenant, version + 1, kRuleFaults[dice_.below(kRuleFaults.size())]));
      }
      version += dice_.percent(75) ? 1 : static_cast<std::int64_t>(dice_.between(2, 10));
      lines.push_back(publication(tenant, version, RuleFault::kNone));
      if (dice_.percent(10)) {  // Not above the last one.
        const auto back = static_cast<std::int64_t>(dice_.below(3));
        lines.push_back(
            publication(tenant, std::max<std::int64_t>(version - back, 1), RuleFault::kNone));
      }
    }
    return lines;
  }

  std::string publication(const std::string& tenant, std::int64_t version, RuleFault fault) {
    std::int64_t valid_from = kFirstStart - kValidBefore;
    if (dice_.percent(30) && !valid_froms_.empty()) {
      valid_from = dice_.pick(valid_froms_);
    } else if (dice_.percent(80)) {
      valid_from +=
          static_cast<std::int64_t>(dice_.below((kValidBefore + kStartRange) / kHour)) * kHour;
      // Most within the charges, so that several versions are in force in one history.
      if (valid_from < kFirstStart && dice_.percent(60)) valid_from += kValidBefore / 2;
    }
    valid_froms_.push_back(valid_from);
    const std::string yaml =
        random_rules(dice_, tenant, version, valid_from, kFirstStart + kStartRange / 2, fault);
    const std::int64_t published = kPublished + published_count_++ * kSecond;
    return "{\"v\":1,\"kind\":\"rules_published\",\"tenant\":\"" + tenant +
           "\",\"version\":" + std::to_string(version) + ",\"valid_from\":\"" +
           time_text(valid_from + (fault == RuleFault::kPartOfAnHour ? 60 * kSecond : 0)) +
           "\",\"published_at\":\"" + time_text(published) +
           "\",\"author\":\"finops\",\"yaml\":" + quoted(yaml) + ",\"sha256\":\"" +
           sha256_hex(yaml) + "\"}";
  }

  // Fewer than events, so that most are hit again; a charge_id occurs under several heads.
  std::vector<Identity> make_identities(const std::vector<std::string>& tenants) {
    static const std::vector<std::string> all_sources = {"aws-cur", "azure", "aws-usage", "oci.v2"};
    static const std::vector<std::string> periods = {"2026-08", "2026-09", "2026-09", "2026-10"};
    static const std::vector<std::string> ids = {"c-1",    "c-2",  "c-3",  "c-4",  "c-5",    "c-6",
                                                 "c-7",    "c-8",  "C-1",  " c-1", "a|b%7C", "ü",
                                                 "c\"9\"", "c-10", "c-11", "c-12"};
    std::vector<std::vector<std::string>> sources;
    for (std::size_t i = 0; i < tenants.size(); ++i) {
      sources.push_back(all_sources);
      dice_.shuffle(sources.back());
      sources.back().resize(dice_.between(1, 3));
    }
    std::set<std::string> heads;
    std::vector<Identity> identities;
    const std::size_t wanted = 2 + events_ / dice_.between(2, 5);
    for (std::size_t i = 0; i < 2 * wanted && identities.size() < wanted; ++i) {
      const std::size_t t = dice_.below(tenants.size());
      const std::string head = joined(
          {"\"tenant\":\"", tenants[t], "\",\"source\":\"", dice_.pick(sources[t]),
           "\",\"period\":\"", dice_.pick(periods), "\",\"shard\":", std::to_string(dice_.below(4)),
           ",\"charge_id\":", quoted(dice_.pick(ids))});
      if (heads.insert(head).second) identities.push_back({head, 0, ""});
    }
    return identities;
  }

  std::string event_of(Identity& identity) {
    const bool is_first = identity.revision == 0;
    identity.revision += dice_.percent(80) ? 1 : static_cast<std::int64_t>(dice_.between(2, 1'000));
    std::string revision = ",\"revision\":" + std::to_string(identity.revision);
    if (dice_.percent(is_first ? 5 : 15)) {
      return "{\"v\":1,\"kind\":\"charge_delete\"," + identity.head + revision + "}";
    }
    if (identity.revision == 1 && dice_.percent(40)) revision.clear();
    // Now and then a revision brings what the one before brought.
    if (identity.row.empty() || !dice_.percent(10)) identity.row = row();
    const std::string unknown = dice_.percent(5) ? ",\"x_trace\":{\"id\":[1,null]}" : "";
    return "{\"v\":1,\"kind\":\"charge\"," + identity.head + revision + unknown +
           ",\"row\":" + identity.row + "}";
  }

  std::string row() {
    const std::int64_t start = random_start();
    std::string text =
        joined({"{\"ChargePeriodStart\":\"", time_as_written(start), "\",\"ChargePeriodEnd\":\"",
                time_as_written(start + random_length()), "\",\"BillingCurrency\":\"",
                dice_.percent(75) ? "USD" : "EUR", "\",\"BilledCost\":", amount()});
    for (const char* column : {"EffectiveCost", "ListCost", "ContractedCost"}) {
      if (dice_.percent(10)) continue;
      text += ",\"" + std::string(column) + "\":" + (dice_.percent(12) ? "null" : amount());
    }
    for (const std::string& column : row_columns()) {
      if (dice_.percent(40)) continue;
      text += ",\"" + column +
              "\":" + (dice_.percent(8) ? "null" : quoted(random_column_value(dice_, column)));
    }
    if (dice_.percent(5)) text += ",\"x_Extra\":1.50";
    if (dice_.percent(85)) text += ",\"Tags\":" + tags();
    return text + "}";
  }

  std::string tags() {
    if (dice_.percent(4)) return "null";
    std::vector<std::string> keys = tag_keys();
    dice_.shuffle(keys);
    keys.resize(dice_.below(7));
    std::string text;
    for (const std::string& key : keys) {
      std::string value = quoted(random_tag_value(dice_));
      // What is not a string counts as its JSON text.
      if (dice_.percent(3)) value = dice_.percent(50) ? "true" : "12.50";
      text += (text.empty() ? "" : ",") + quoted(key) + ":" + value;
    }
    return "{" + text + "}";
  }

  std::int64_t random_start() {
    if (dice_.percent(12)) {  // At the border of a version, or one microsecond before it.
      const std::int64_t border = dice_.pick(valid_froms_);
      const std::int64_t start = border - (dice_.percent(40) ? 1 : 0);
      if (start >= kFirstStart) return start;
    }
    const auto hours = static_cast<std::int64_t>(dice_.below(kStartRange / kHour));
    std::int64_t start = kFirstStart + hours * kHour;
    if (dice_.percent(25)) start += static_cast<std::int64_t>(dice_.below(3'600)) * kSecond;
    if (dice_.percent(8)) start += static_cast<std::int64_t>(dice_.below(kSecond));
    return start;
  }

  std::int64_t random_length() {
    const std::size_t kind = dice_.below(100);
    if (kind < 45) return kHour;
    if (kind < 60) return kDay;
    if (kind < 70) return 0;
    if (kind < 82) return (95 * 60 + 7) * kSecond;
    if (kind < 98) return static_cast<std::int64_t>(dice_.between(1, 5 * kHour));
    return static_cast<std::int64_t>(dice_.between(28, 31)) * kDay;
  }

  std::string time_as_written(std::int64_t micros) {
    std::string text = time_text(micros);
    const std::size_t form = dice_.below(10);
    if (form < 6) return text;
    if (form < 8) {  // No zone: UTC.
      text.pop_back();
      if (form == 7) text[10] = ' ';
      return text;
    }
    text = time_text(micros + (form == 8 ? 2 * kHour : -(5 * kHour + kHour / 2)));
    text.pop_back();
    return text + (form == 8 ? "+02:00" : "-05:30");
  }

  std::string digits(std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += static_cast<char>('0' + dice_.below(10));
    return text;
  }

  // A JSON number or string: "0", 1.10, -0.000000000000000007, 5.2E-9, "3e2".
  std::string amount() {
    std::string text = dice_.percent(25) ? "-" : "";
    const std::size_t kind = dice_.below(10);
    if (kind == 0) {
      text = "0";
    } else if (kind == 1) {  // A few units, so that hours go without.
      text += "0." + std::string(16, '0') + digits(2);
    } else if (kind == 2) {
      text += joined({std::to_string(dice_.between(1, 9)), ".", digits(dice_.between(1, 8)),
                      dice_.percent(50) ? "E-" : "e-", std::to_string(dice_.between(1, 10))});
    } else if (kind == 3) {
      text += joined({std::to_string(dice_.between(1, 999)), dice_.percent(50) ? "E" : "e+",
                      std::to_string(dice_.between(1, 4))});
    } else if (kind == 4) {
      text += joined({std::to_string(dice_.between(1, 99'999'999'999'999)), ".", digits(18)});
    } else {
      text += joined({std::to_string(dice_.below(100)), ".", digits(dice_.between(1, 18))});
    }
    return dice_.percent(50) ? text : "\"" + text + "\"";
  }

  Dice dice_;
  std::size_t events_;
  History history_;
  std::vector<std::int64_t> valid_froms_;
  std::int64_t published_count_ = 0;
};

}  // namespace

History random_history(std::uint64_t seed, std::size_t events) {
  return HistoryWriter(seed, events).write();
}

History permuted(const History& history, std::uint64_t seed) {
  Dice dice(seed);
  History result = history;
  for (const std::string& line : history.charges) {
    for (std::size_t i = dice.percent(10) ? dice.between(1, 3) : 0; i > 0; --i) {
      result.charges.push_back(line);
    }
  }
  dice.shuffle(result.charges);
  return result;
}

}  // namespace tributary::cost_oracle
