// base/excerpt.h
// How a message quotes a value of the data: in quotes, cut to 64 bytes, with nothing that could
// upset a terminal.
#pragma once

#include <string>
#include <string_view>

namespace tributary {

// Bytes below 0x20, 0x7F, and U+0080 to U+009F (C2 80 to C2 9F): what a terminal would obey.
inline bool has_control_characters(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0)
      return true;
  }
  return false;
}

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
