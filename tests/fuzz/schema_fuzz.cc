// Any bytes either decode to the schema that has them, or are refused; values then migrate within
// bounds. The input is a schema's length (2 bytes), the schema, and a value.
#include "base/schema.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "base/migration.h"
#include "tests/base/sample_records.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tributary;
  if (size < 2) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string_view bytes = rest.substr(0, data[0] + 256U * data[1]);
  const auto schema = Schema::decode(bytes);
  if (!schema) return 0;
  std::string again;
  schema->encode(again);
  if (again != bytes) __builtin_trap();
  const TypeInfo& reader = type_info<sample::Invoice>();
  (void)check_key_unchanged(*schema, reader);
  const auto plan = plan_migration(*schema, reader);
  if (!plan) return 0;
  Arena arena;
  sample::Invoice value;
  std::string_view input = rest.substr(bytes.size());
  if (plan->decode(input, &value, arena, {.total_bytes_max = 1 << 20}) && !(value == value))
    __builtin_trap();
  return 0;
}
