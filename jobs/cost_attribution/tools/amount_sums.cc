// jobs/cost_attribution/tools/amount_sums.cc
#include "jobs/cost_attribution/tools/amount_sums.h"

#include <algorithm>

#include <fmt/format.h>

namespace tributary::cost {

Status add_amounts(Amounts& sum, const Amounts& more) {
  Amounts result = sum;
  for (std::size_t i = 0; i < kMetricCount; ++i) result[i] = TRY(add(sum[i], more[i]));
  sum = result;
  return {};
}

bool is_zero(const Amounts& amounts) {
  return std::ranges::all_of(amounts, [](const Amount& amount) { return amount.is_zero(); });
}

std::string with_commas(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", with_commas(count), noun, count == 1 ? "" : "s");
}

std::string format_amounts(const Amounts& amounts) {
  std::string text;
  for (std::size_t i = 0; i < kMetricCount; ++i) {
    text += fmt::format("{}{} {}", i == 0 ? "" : "  ", kMetricNames[i], format_amount(amounts[i]));
  }
  return text;
}

}  // namespace tributary::cost
