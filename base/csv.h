// base/csv.h
// Rows of CSV as records: which column is which field, cells to values and back.
// base/csv_splitter.h cuts the rows.
//
// Thread: immutable once made; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/csv_splitter.h"
#include "base/error.h"
#include "base/type_info.h"

namespace tributary {

struct CsvReadOptions {
  // A column of the header that is no field is an error; else it is ignored.
  bool refuse_unknown_columns = false;
  // A field without a column is an error, unless it is an Optional; else it takes its default.
  bool require_all_fields = false;
  // An unquoted cell of this text counts as empty; "" for none.
  std::string null_text = "NULL";
  std::size_t text_bytes_max = 1 << 20;
};

// Which cell of a row is wrong.
struct CsvFault {
  std::string_view column;  // empty: not a cell, but the row
  std::string_view value;   // valid as long as the row
};

// How the columns of one file fill a record. Fields are single values or Optionals of those.
class CsvColumns {
 public:
  // D101 for a column twice, for columns that the options refuse, and for fields that a cell cannot
  // hold.
  static Result<CsvColumns> from_header(const TypeInfo& type, std::span<const CsvCell> header,
                                        CsvReadOptions options = {});

  // An empty cell without quotes, or the null text, gives the field's default (an empty Optional).
  // Texts are copied to the arena. Errors name line and column, and say which in `fault`; `out` is
  // then the default value.
  Status read(const CsvRow& row, void* out, Arena& arena, CsvFault* fault = nullptr) const;

 private:
  static constexpr std::size_t kIgnored = SIZE_MAX;

  CsvColumns(const TypeInfo& type, CsvReadOptions options)
      : type_(&type), options_(std::move(options)) {}
  Status read_cell(const FieldInfo& field, const CsvCell& cell, char* out, Arena& arena) const;

  const TypeInfo* type_;
  CsvReadOptions options_;
  std::vector<std::size_t> fields_;  // one a column: index of the field, or kIgnored
};

// Appends the names of the fields and a newline.
void write_csv_header(const TypeInfo& type, std::string& out, char separator = ',');
// Appends a row and a newline. Lists, Maps and nested records stand in their cell as JSON; an empty
// Optional is an empty cell, an empty Text a quoted one. Where the row would be an empty line,
// which readers pass over, an empty Optional is NULL.
void write_csv_row(const TypeInfo& type, const void* value, std::string& out, char separator = ',');

}  // namespace tributary
