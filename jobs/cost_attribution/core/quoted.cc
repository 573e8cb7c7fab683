// jobs/cost_attribution/core/quoted.cc
#include "jobs/cost_attribution/core/quoted.h"

#include <fmt/format.h>

#include "jobs/cost_attribution/core/rejection.h"

namespace tributary::cost {

std::string quoted(std::string_view text) {
  const std::string_view shown = cut_utf8(text, 64);
  std::string out = "\"";
  for (const char c : shown) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  out += shown.size() < text.size() ? "…\"" : "\"";
  return out;
}

}  // namespace tributary::cost
