// Texts of single values: what is read has a text that reads as the same value; what is refused
// leaves the value alone. The first byte chooses the type.
#include "base/scalar_text.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "tests/base/sample_records.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tributary;
  if (size == 0) return 0;
  static const std::vector<const TypeInfo*> types = [] {
    std::vector<const TypeInfo*> found;
    for (const FieldInfo& field : type_info<sample::Invoice>().fields)
      if (has_scalar_text(*field.type)) found.push_back(field.type);
    return found;
  }();
  const TypeInfo& type = *types[data[0] % types.size()];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  Arena arena;
  alignas(16) std::array<char, 64> value{};
  alignas(16) std::array<char, 64> other{};
  TRIBUTARY_CHECK(type.size <= value.size());
  if (!read_scalar_text(type, text, value.data(), arena)) {
    TRIBUTARY_CHECK(value == other, "a refused text changed the value");
    return 0;
  }
  std::string shown;
  append_scalar_text(type, value.data(), shown);
  const Status again = read_scalar_text(type, shown, other.data(), arena);
  TRIBUTARY_CHECK(again.has_value(), "{}: {}", shown, again.error().to_string());
  std::string shown_again;
  append_scalar_text(type, other.data(), shown_again);
  TRIBUTARY_CHECK(shown == shown_again, "{} and {}", shown, shown_again);
  return 0;
}
