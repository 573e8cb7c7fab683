// base/excerpt.h
// How a message quotes a value of the data: in quotes, cut to 64 bytes, with nothing that could
// upset a terminal.
#pragma once

#include <string>
#include <string_view>

namespace tributary {

inline std::string excerpt(std::string_view value) {
  constexpr std::size_t kBytesMax = 64;
  const std::string_view shown = value.substr(0, kBytesMax);
  std::string text = "'";
  for (const char c : shown) text += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  // Not in the middle of a UTF-8 sequence.
  if (shown.size() < value.size()) {
    while (text.size() > 1 && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80)
      text.pop_back();
    if (static_cast<unsigned char>(text.back()) >= 0xC0) text.pop_back();
    text += "…";
  }
  return text += '\'';
}

}  // namespace tributary
