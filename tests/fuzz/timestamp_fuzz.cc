// Times and lengths of time: no text crashes the parsers; what they take round-trips.
#include "base/timestamp.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tributary;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto time = parse_timestamp(text)) {
    const std::string shown = format_timestamp(*time);
    TRIBUTARY_CHECK(parse_timestamp(shown).value() == *time, "{}", shown);
  }
  if (const auto duration = parse_duration(text)) {
    const std::string shown = format_duration(*duration);
    TRIBUTARY_CHECK(parse_duration(shown).value() == *duration, "{}", shown);
  }
  Timestamp any;
  if (size >= sizeof any.micros) {
    std::memcpy(&any.micros, data, sizeof any.micros);
    TRIBUTARY_CHECK(format_timestamp(any).size() <= 40);
  }
  return 0;
}
