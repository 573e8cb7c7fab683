#include "operators/testing/literals.h"

#include <string>

#include "operators/testing/job_test_failure.h"

namespace tributary::testing {
namespace {

template <typename T>
T value_or_throw(Result<T> result) {
  if (!result) throw JobTestFailure(result.error().to_string());
  return *std::move(result);
}

}  // namespace

Timestamp t(std::string_view text) {
  const bool time_of_day = text.size() >= 5 && text[2] == ':';
  return value_or_throw(
      parse_timestamp(time_of_day ? "2026-09-01T" + std::string(text) : std::string(text)));
}

Amount amount(std::string_view decimal) { return value_or_throw(parse_amount(decimal)); }

Money money(std::string_view decimal, std::string_view currency) {
  return {.amount = amount(decimal), .currency = value_or_throw(Currency::parse(currency))};
}

Money usd(std::string_view decimal) { return money(decimal, "USD"); }

}  // namespace tributary::testing
