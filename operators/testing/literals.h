// operators/testing/literals.h
// Short words for values in tests: t("10:05"), usd("1.30"), amount("0.5"). What cannot be read
// throws JobTestFailure.
#pragma once

#include <string_view>

#include "base/money.h"
#include "base/timestamp.h"

namespace tributary::testing {

// "10:05", "10:05:30" and "10:05:30.25" on the test day, 2026-09-01 UTC; or a whole time:
// "2026-08-31T23:59Z".
Timestamp t(std::string_view text);
Amount amount(std::string_view decimal);
Money money(std::string_view decimal, std::string_view currency);
Money usd(std::string_view decimal);

}  // namespace tributary::testing
