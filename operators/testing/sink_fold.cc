#include "operators/testing/sink_fold.h"

#include <algorithm>
#include <cstring>

#include "base/json.h"
#include "base/money.h"
#include "base/record.h"
#include "operators/testing/job_test_failure.h"
#include "runtime/exec/dead_letter.h"

namespace tributary::testing {
namespace {

using Folded = std::map<std::string, std::string>;

const void* at(const void* record, const FoldField& field) {
  return static_cast<const char*>(record) + field.offset;
}

std::string key_text(const void* record, const std::vector<FoldField>& keys) {
  std::string text = "(";
  for (const FoldField& key : keys) {
    if (text.size() > 1) text += ", ";
    write_json(*key.type, at(record, key), text);
  }
  return text += ")";
}

std::string record_text(const TypeInfo& type, const void* record) {
  std::string text;
  write_json(type, record, text);
  return text;
}

// The place and time of a refusal depend on how records were spread over splits.
std::string dead_letter_text(const void* record) {
  DeadLetter letter = *static_cast<const DeadLetter*>(record);
  letter.partition = {};
  letter.offset = 0;
  letter.line = 0;
  letter.ingest_time = {};
  return record_text(type_info<DeadLetter>(), &letter);
}

Folded fold_append(const SinkCollector& sink) {
  const bool dead_letters = sink.type().name == type_info<DeadLetter>().name &&
                            sink.type().size == type_info<DeadLetter>().size;
  std::map<std::string, std::uint64_t> counts;
  for (const SinkCollector::Entry& entry : sink.entries()) {
    ++counts[dead_letters ? dead_letter_text(entry.record)
                          : record_text(sink.type(), entry.record)];
  }
  Folded folded;
  for (const auto& [record, count] : counts)
    folded[record] = count == 1 ? "once" : fmt::format("{} times", count);
  return folded;
}

Folded fold_upsert(const SinkCollector& sink, const SinkFold& fold) {
  if (fold.keys.empty()) {
    fail_test(
        "sink {} is an upsert stream: say what its key is, e.g. "
        "job.sink<{}>(\"{}\").keyed_by(&{}::field)",
        sink.name(), sink.type().name, sink.name(), sink.type().name);
  }
  Folded folded;
  for (const SinkCollector::Entry& entry : sink.entries()) {
    const std::string key = key_text(entry.record, fold.keys);
    if (entry.operation == Operation::kDelete) {
      folded.erase(key);
    } else {
      folded[key] = record_text(sink.type(), entry.record);
    }
  }
  return folded;
}

// Integers, durations and amounts alike, as their smallest unit; of Money its currency is part of
// the key.
Int128 measure(const SinkCollector& sink, const FoldField& field, const void* value) {
  const auto read = [&]<typename T>(T of_type) -> Int128 {
    std::memcpy(&of_type, value, sizeof of_type);
    return of_type;
  };
  switch (field.type->kind) {
    case TypeKind::kInt8:
      return read(std::int8_t{});
    case TypeKind::kInt16:
      return read(std::int16_t{});
    case TypeKind::kInt32:
      return read(std::int32_t{});
    case TypeKind::kInt64:
    case TypeKind::kDuration:
      return read(std::int64_t{});
    case TypeKind::kUInt8:
      return read(std::uint8_t{});
    case TypeKind::kUInt16:
      return read(std::uint16_t{});
    case TypeKind::kUInt32:
      return read(std::uint32_t{});
    case TypeKind::kUInt64:
      return read(std::uint64_t{});
    case TypeKind::kAmount:
      return static_cast<const Amount*>(value)->units;
    case TypeKind::kMoney:
      return static_cast<const Money*>(value)->amount.units;
    default:
      fail_test("sink {}: summing(…) takes integers, Duration, Amount and Money, not {}",
                sink.name(), field.type->name);
  }
}

Folded fold_delta(const SinkCollector& sink, const SinkFold& fold) {
  if (fold.sums.empty()) {
    fail_test(
        "sink {} is a delta stream: say what adds up, e.g. job.sink<{}>(\"{}\").keyed_by(&{}::key)"
        ".summing(&{}::amount)",
        sink.name(), sink.type().name, sink.name(), sink.type().name, sink.type().name);
  }
  std::map<std::string, std::vector<Int128>> totals;
  for (const SinkCollector::Entry& entry : sink.entries()) {
    std::string key = key_text(entry.record, fold.keys);
    for (const FoldField& field : fold.sums) {
      if (field.type->kind != TypeKind::kMoney) continue;
      key += " ";
      key += static_cast<const Money*>(at(entry.record, field))->currency.view();
    }
    std::vector<Int128>& sums = totals[key];
    sums.resize(fold.sums.size());
    for (std::size_t i = 0; i < sums.size(); ++i) {
      if (__builtin_add_overflow(
              sums[i], measure(sink, fold.sums[i], at(entry.record, fold.sums[i])), &sums[i]))
        fail_test("sink {}: the sum of {} overflows", sink.name(), key);
    }
  }
  Folded folded;
  for (const auto& [key, sums] : totals) {
    // A difference that came and went says nothing.
    if (std::ranges::all_of(sums, [](Int128 sum) { return sum == 0; })) continue;
    std::string text;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      if (i > 0) text += ", ";
      const TypeKind kind = fold.sums[i].type->kind;
      text += kind == TypeKind::kAmount || kind == TypeKind::kMoney ? format_amount(Amount{sums[i]})
                                                                    : fmt::format("{}", sums[i]);
    }
    folded[key] = text;
  }
  return folded;
}

}  // namespace

Folded fold_sink(const SinkCollector& sink, const SinkFold& fold) {
  switch (sink.kind()) {
    case StreamKind::kUpsert:
      return fold_upsert(sink, fold);
    case StreamKind::kDelta:
      return fold_delta(sink, fold);
    case StreamKind::kAppend:
      break;
  }
  return fold_append(sink);
}

std::optional<std::string> first_difference(const Folded& expected, const Folded& found) {
  for (const auto& [key, value] : expected) {
    const auto other = found.find(key);
    if (other == found.end()) return fmt::format("{}: expected {}, found nothing", key, value);
    if (other->second != value)
      return fmt::format("{}: expected {}, found {}", key, value, other->second);
  }
  for (const auto& [key, value] : found) {
    if (!expected.contains(key)) return fmt::format("{}: expected nothing, found {}", key, value);
  }
  return std::nullopt;
}

}  // namespace tributary::testing
