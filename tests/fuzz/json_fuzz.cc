// What is read as JSON is the same after writing and reading again.
#include "base/json.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/base/sample_records.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tributary;
  static JsonReader reader({.total_bytes_max = 1 << 20});
  const TypeInfo& type = type_info<sample::Invoice>();
  Arena arena;
  sample::Invoice value;
  if (!reader.read(type, {reinterpret_cast<const char*>(data), size}, &value, arena)) return 0;
  std::string line;
  write_json(type, &value, line);
  sample::Invoice again;
  Arena other;
  if (!reader.read(type, line, &again, other) || !(again == value)) __builtin_trap();
  return 0;
}
