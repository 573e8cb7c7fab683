// jobs/cost_attribution/tools/generator_faults.cc
// The malformed records of the generator: one for each dead-letter reason that a row by itself can
// provoke, and a second, different row under an id and revision that were used.
#include <fmt/format.h>

#include "jobs/cost_attribution/tools/envelope_writer.h"
#include "jobs/cost_attribution/tools/focus_generator.h"

namespace tributary::cost {

namespace {

using Reason = DeadLetterReason;

constexpr std::array<Reason, 15> kFaults = {
    Reason::kMalformedJson,  Reason::kUnknownKind,     Reason::kMissingField,
    Reason::kBadField,       Reason::kBadDecimal,      Reason::kTooManyDecimals,
    Reason::kAmountOverflow, Reason::kBadCurrency,     Reason::kPeriodEndBeforeStart,
    Reason::kPeriodTooLong,  Reason::kFutureTimestamp, Reason::kConflictingDuplicate,
    Reason::kRecordTooLarge, Reason::kTooManyTags,     Reason::kNotYetSupported};

void replace_first(std::string& text, std::size_t from, std::string_view what,
                   std::string_view by) {
  const std::size_t at = text.find(what, from);
  if (at != std::string::npos) text.replace(at, what.size(), by);
}

}  // namespace

void FocusGenerator::emit_malformed(std::uint64_t number, std::string& out) {
  Random random(mix64(options_.seed * 31 + number));
  Reason reason = kFaults[random.below(kFaults.size())];
  if (reason == Reason::kConflictingDuplicate) {
    if (emit_conflict(random, out)) {
      ++expected_.rejected[std::string(reason_name(reason))];
      return;
    }
    reason = Reason::kBadDecimal;
  }
  ++expected_.rejected[std::string(reason_name(reason))];

  make(number, 1);
  const std::size_t start = out.size();
  const auto billed = static_cast<std::size_t>(Metric::kBilled);
  std::string long_text;
  switch (reason) {
    case Reason::kMissingField:
      row_.costs[billed] = {};
      break;
    case Reason::kBadDecimal:
      row_.costs[billed] = "12,50";
      break;
    case Reason::kTooManyDecimals:
      row_.costs[billed] = "0.1234567890123456789";
      break;
    case Reason::kAmountOverflow:
      row_.costs[billed] = "2000000000000000";
      break;
    case Reason::kBadCurrency:
      row_.currency = "usd";
      break;
    case Reason::kPeriodEndBeforeStart:
      row_.end = row_.start - tributary::hours(1);
      break;
    case Reason::kPeriodTooLong:
      row_.end = row_.start + tributary::days(400);
      break;
    case Reason::kFutureTimestamp:
      row_.start = Timestamp{} + tributary::days(365 * 8000);
      row_.end = row_.start + tributary::hours(1);
      break;
    case Reason::kRecordTooLarge:
      long_text.assign(66'000, 'x');
      row_.columns[static_cast<std::size_t>(Column::kChargeDescription)] = long_text;
      break;
    case Reason::kTooManyTags:
      for (int i = 0; i < 101; ++i) row_.tags.emplace(fmt::format("key-{:03}", i), "x");
      break;
    default:
      break;
  }
  append_row(1, out);
  switch (reason) {
    case Reason::kMalformedJson:
      out.resize(start + (out.size() - start) / 2);
      out += '\n';
      break;
    case Reason::kUnknownKind:
      replace_first(out, start, R"("kind":"charge")", R"("kind":"invoice")");
      break;
    case Reason::kBadField:
      replace_first(out, start, R"("shard":)", R"("shard":99)");
      break;
    case Reason::kNotYetSupported:
      replace_first(out, start, R"("revision":1)", R"("delivery":2026090101)");
      break;
    default:
      break;
  }
}

// The charge's last revision once more, one cent dearer: the row that is stored stays.
bool FocusGenerator::emit_conflict(Random& random, std::string& out) {
  if (recent_.empty()) return false;
  const std::uint64_t number = recent_[random.below(recent_.size())];
  const Fate fate = fate_of(number);
  if (fate.is_deleted) return false;
  make(number, fate.revision);
  const std::string dearer = format_amount(Amount{amounts_[0].units + Amount::kOne / 100});
  row_.costs[0] = dearer;
  append_row(fate.revision, out);
  return true;
}

}  // namespace tributary::cost
