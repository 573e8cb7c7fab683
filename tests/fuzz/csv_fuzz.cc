// Rows do not depend on how the bytes are cut, and the splitter comes to an end. The first byte is
// the size of a piece.
#include "base/csv.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/base/sample_records.h"

namespace {

using namespace tributary;

void drain(CsvSplitter& splitter, std::string& rows) {
  Arena arena;
  while (auto row = splitter.next()) {
    rows += '\n';
    if (!*row) {
      rows += row->error().what();
      continue;
    }
    const auto columns = CsvColumns::from_header(type_info<sample::Line>(), (*row)->cells);
    sample::Line line;
    if (columns) (void)columns->read(**row, &line, arena);
    for (const CsvCell& cell : (*row)->cells)
      rows.append(cell.text).append(cell.is_quoted ? "\"|" : "|");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = data[0] + 1U;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const CsvOptions options{.row_bytes_max = 64, .cells_max = 8};
  std::string whole;
  std::string pieces;
  CsvSplitter one(options);
  one.feed(bytes);
  one.finish();
  drain(one, whole);
  CsvSplitter many(options);
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    many.feed(bytes.substr(at, piece));
    drain(many, pieces);
  }
  many.finish();
  drain(many, pieces);
  if (whole != pieces) __builtin_trap();
  return 0;
}
