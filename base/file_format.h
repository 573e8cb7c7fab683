// base/file_format.h
// The formats of files of records, and which files of a folder hold them, told by their names: one
// rule for the source that a job reads with and for programs that read the same folder.
//
// Names that begin with "." or "_" or end in ".tmp" are somebody's unfinished work.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace tributary {

enum class FileFormat : std::uint8_t { kJsonLines, kCsv, kRawLines };

// The name without its folder. Each name may also end in ".gz".
constexpr bool holds_records(std::string_view name, FileFormat format) {
  constexpr std::array<std::string_view, 3> kJson = {".jsonl", ".json", ".ndjson"};
  if (name.starts_with('.') || name.starts_with('_') || name.ends_with(".tmp")) return false;
  if (name.ends_with(".gz")) name.remove_suffix(3);
  if (format == FileFormat::kCsv) return name.ends_with(".csv");
  if (format == FileFormat::kRawLines && name.ends_with(".log")) return true;
  return std::ranges::any_of(kJson, [&](std::string_view end) { return name.ends_with(end); });
}

}  // namespace tributary
