// operators/testing/fold_key.h
// Keys and sums of what a test reads: fields of a record as the key of a std::map, and sums that
// fail instead of overflowing.
//
// Values; no thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

#include <tributary/stream_kind.h>

#include "base/money.h"
#include "base/record.h"
#include "base/text.h"
#include "operators/testing/job_test_failure.h"
#include "operators/testing/sink_fold.h"

namespace tributary::testing {

// A Text becomes a std::string, so that keys can be written as literals.
template <typename V>
using FoldKeyPart = std::conditional_t<std::is_same_v<V, Text>, std::string, V>;

template <typename T, typename Field>
using FieldValue = std::remove_cvref_t<std::invoke_result_t<const Field&, const T&>>;

template <typename T, typename... Fields>
struct FoldKeyOf {
  using Type = std::tuple<FoldKeyPart<FieldValue<T, Fields>>...>;
};
template <typename T, typename Field>
struct FoldKeyOf<T, Field> {
  using Type = FoldKeyPart<FieldValue<T, Field>>;
};
template <typename T, typename... Fields>
using FoldKey = typename FoldKeyOf<T, Fields...>::Type;

template <typename V>
FoldKeyPart<V> fold_key_part(const V& value) {
  static_assert(is_key_v<V>, "this type cannot be a key (see docs/authors/keys)");
  if constexpr (std::is_same_v<V, Text>) {
    return value.str();
  } else {
    return value;
  }
}

template <typename T, typename... Fields>
FoldKey<T, Fields...> fold_key(const T& record, const Fields&... fields) {
  return FoldKey<T, Fields...>(
      fold_key_part<FieldValue<T, Fields>>(std::invoke(fields, record))...);
}

template <typename V>
class FoldSum {
  static_assert((std::is_integral_v<V> && !std::is_same_v<V, bool>) ||
                    std::is_same_v<V, Duration> || std::is_same_v<V, Amount> ||
                    std::is_same_v<V, Money>,
                "what adds up is an integer, a Duration, an Amount or Money");

 public:
  void add(const V& value) {
    if (!started_) {
      sum_ = value;
      started_ = true;
      return;
    }
    if constexpr (std::is_same_v<V, Amount> || std::is_same_v<V, Money>) {
      const Result<V> sum = tributary::add(sum_, value);
      if (!sum) throw JobTestFailure(sum.error().to_string());
      sum_ = *sum;
    } else if constexpr (std::is_same_v<V, Duration>) {
      if (__builtin_add_overflow(sum_.micros, value.micros, &sum_.micros))
        fail_test("a sum of durations overflows");
    } else {
      if (__builtin_add_overflow(sum_, value, &sum_)) fail_test("a sum overflows its field's type");
    }
  }
  const V& value() const { return sum_; }

 private:
  V sum_{};
  bool started_ = false;
};

// The place of a member in its record.
template <typename T, typename V>
FoldField fold_field(V T::* field) {
  const T sample{};
  const auto* begin = reinterpret_cast<const char*>(&sample);
  return {
      .offset = static_cast<std::size_t>(reinterpret_cast<const char*>(&(sample.*field)) - begin),
      .type = &type_info<V>()};
}

constexpr std::string_view stream_kind_word(StreamKind kind) {
  switch (kind) {
    case StreamKind::kDelta:
      return "delta";
    case StreamKind::kUpsert:
      return "upsert";
    case StreamKind::kAppend:
      break;
  }
  return "append";
}

}  // namespace tributary::testing
