// operators/testing/test_sink.h
// A sink of a job under test: what the job published there, as it came or folded by what the stream
// means.
//
// A value that refers to its JobTest. Readings run the job first, and throw JobTestFailure if it
// has failed or the stream is of another kind than the fold is for. Invariant: records read stay
// valid as long as the JobTest.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/money.h"
#include "base/record.h"
#include "operators/testing/fold_key.h"
#include "operators/testing/job_test_core.h"
#include "operators/testing/job_test_failure.h"

namespace tributary::testing {

template <typename T>
class TestSink {
 public:
  TestSink(JobTestCore& core, std::uint32_t sink) : core_(&core), sink_(sink) {}

  // All that was emitted, in the order of arrival; deletes too (see operations()).
  std::vector<T> published() const {
    std::vector<T> records;
    for (const SinkCollector::Entry& entry : entries()) records.push_back(record_of(entry));
    return records;
  }
  // Insert or delete, beside published().
  std::vector<Operation> operations() const {
    std::vector<Operation> operations;
    for (const SinkCollector::Entry& entry : entries()) operations.push_back(entry.operation);
    return operations;
  }
  // Event times, beside published().
  std::vector<Timestamp> event_times() const {
    std::vector<Timestamp> times;
    for (const SinkCollector::Entry& entry : entries()) times.push_back(entry.event_time);
    return times;
  }
  std::size_t size() const { return entries().size(); }
  bool empty() const { return size() == 0; }

  // Append streams: the records in the canonical order of their fields, so that arrival does not
  // matter.
  std::vector<T> sorted() const {
    expect(StreamKind::kAppend, "sorted",
           "of an upsert stream read folded(…), of a delta stream summed(…)");
    std::vector<T> records = published();
    std::stable_sort(records.begin(), records.end(),
                     [](const T& a, const T& b) { return compare(type_info<T>(), &a, &b) < 0; });
    return records;
  }

  // Upsert streams: the latest record of each key that was not deleted. One key field gives a map
  // by its value, several by a tuple; Text keys are std::string: folded(&Spend::team,
  // &Spend::hour).at({"core", t("10:00")}).
  template <typename... Keys>
  auto folded(Keys... keys) const {
    static_assert(sizeof...(Keys) > 0,
                  "folded: name the fields of the key: folded(&T::team, &T::hour)");
    expect(StreamKind::kUpsert, "folded",
           "of a delta stream read summed(keys…, &T::amount), of an append stream published() or "
           "sorted()");
    std::map<FoldKey<T, Keys...>, T> latest;
    for (const SinkCollector::Entry& entry : entries()) {
      auto key = fold_key(record_of(entry), keys...);
      if (entry.operation == Operation::kDelete) {
        latest.erase(key);
      } else {
        latest.insert_or_assign(std::move(key), record_of(entry));
      }
    }
    return latest;
  }

  // Delta and append streams: the sum of the last field for each value of those before it:
  // summed(&Line::team, &Line::hour, &Line::amount). Integers, Duration, Amount, Money.
  template <typename... Fields>
  auto summed(Fields... fields) const {
    static_assert(sizeof...(Fields) > 1,
                  "summed: name the fields of the key and then the field that adds up; "
                  "for the sum of all records: total(&T::amount)");
    return summed_by(std::tuple(fields...), std::make_index_sequence<sizeof...(Fields) - 1>());
  }
  // The same over all records.
  template <typename V>
  V total(V T::* field) const {
    refuse_upsert("total");
    FoldSum<V> sum;
    for (const SinkCollector::Entry& entry : entries()) sum.add(record_of(entry).*field);
    return sum.value();
  }

  // For same_result_when_permuted: the key of an upsert stream, or what the sums of a delta stream
  // are by.
  template <typename... Values>
  TestSink& keyed_by(Values T::*... fields) {
    core_->fold_of(sink_).keys = {fold_field(fields)...};
    return *this;
  }
  // For same_result_when_permuted: what adds up in a delta stream.
  template <typename... Values>
  TestSink& summing(Values T::*... fields) {
    core_->fold_of(sink_).sums = {fold_field(fields)...};
    return *this;
  }

 private:
  const std::vector<SinkCollector::Entry>& entries() const { return core_->read(sink_).entries(); }
  static const T& record_of(const SinkCollector::Entry& entry) {
    return *static_cast<const T*>(entry.record);
  }

  template <typename Fields, std::size_t... kKeys>
  auto summed_by(const Fields& fields, std::index_sequence<kKeys...>) const {
    refuse_upsert("summed");
    const auto& measure = std::get<sizeof...(kKeys)>(fields);
    using V = std::remove_cvref_t<std::invoke_result_t<decltype(measure), const T&>>;
    using Key = FoldKey<T, std::tuple_element_t<kKeys, Fields>...>;
    std::map<Key, FoldSum<V>> sums;
    for (const SinkCollector::Entry& entry : entries()) {
      const T& record = record_of(entry);
      sums[fold_key(record, std::get<kKeys>(fields)...)].add(std::invoke(measure, record));
    }
    std::map<Key, V> values;
    for (const auto& [key, sum] : sums) values.emplace(key, sum.value());
    return values;
  }

  void expect(StreamKind kind, std::string_view call, std::string_view instead) const {
    const SinkCollector& sink = core_->read(sink_);
    if (sink.kind() == kind) return;
    fail_test("sink {}: {}() is for {} streams, and this one is {}; {}", sink.name(), call,
              stream_kind_word(kind), stream_kind_word(sink.kind()), instead);
  }
  void refuse_upsert(std::string_view call) const {
    const SinkCollector& sink = core_->read(sink_);
    if (sink.kind() != StreamKind::kUpsert) return;
    fail_test(
        "sink {}: {}() would count a key again for each of its updates, this stream is upsert; "
        "read folded(…)",
        sink.name(), call);
  }

  JobTestCore* core_;
  std::uint32_t sink_;
};

}  // namespace tributary::testing
