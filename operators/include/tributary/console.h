// operators/include/tributary/console.h
// Records as a table on the standard output, for a look at a stream: console<Total>("totals", 20).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tributary/sink_spec.h>

#include "base/record.h"

namespace tributary {

namespace internal {
UntypedSink make_console(std::string title, std::uint64_t rows_max, const TypeInfo& type);
}

// Runs as one task. Columns are as wide as the first records want them; a delete has "-" in front.
// Rows beyond `rows_max` are counted only.
template <Record T>
SinkSpec<T, kAppend, kDelta, kUpsert> console(std::string_view title = {},
                                              std::uint64_t rows_max = 100) {
  return {internal::make_console(std::string(title), rows_max, type_info<T>())};
}

}  // namespace tributary
