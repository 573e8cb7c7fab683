// Decimals: no text crashes the parser; what it takes round-trips and is within its limits.
#include <cstddef>
#include <cstdint>

#include "base/money.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tributary;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Amount amount{-1};
  const DecimalFault fault = parse_decimal(text, amount);
  if (fault != DecimalFault::kNone) {
    TRIBUTARY_CHECK(amount.units == -1, "an amount was set in spite of a fault");
    TRIBUTARY_CHECK(!parse_amount(text).has_value());
    return 0;
  }
  const Int128 bound = Amount::kOne * 1'000'000'000'000'000;
  TRIBUTARY_CHECK(amount.units <= bound && amount.units >= -bound);
  const std::string shown = format_amount(amount);
  Amount again;
  TRIBUTARY_CHECK(parse_decimal(shown, again) == DecimalFault::kNone, "{}", shown);
  TRIBUTARY_CHECK(again == amount, "{}", shown);
  // Zeros behind a fraction change nothing, and take the other path of the parser.
  const std::string longer =
      shown + (shown.find('.') == std::string::npos ? "." : "") + std::string(20, '0');
  TRIBUTARY_CHECK(parse_decimal(longer, again) == DecimalFault::kNone && again == amount, "{}",
                  longer);
  return 0;
}
