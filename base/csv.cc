#include "base/csv.h"

#include <algorithm>
#include <cstring>

#include "base/excerpt.h"
#include "base/json.h"
#include "base/scalar_text.h"
#include "base/text.h"

namespace tributary {
namespace {

// What a cell of the field holds.
const TypeInfo& cell_type(const FieldInfo& field) {
  return field.type->kind == TypeKind::kOptional ? *field.type->element : *field.type;
}

void append_cell(std::string_view text, bool force_quotes, char separator, std::string& out) {
  const auto needs_quotes = [&](char c) {
    return c == '"' || c == '\n' || c == '\r' || c == separator;
  };
  if (!force_quotes && std::ranges::none_of(text, needs_quotes)) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

}  // namespace

Result<CsvColumns> CsvColumns::from_header(const TypeInfo& type, std::span<const CsvCell> header,
                                           CsvReadOptions options) {
  TRIBUTARY_CHECK(type.kind == TypeKind::kRecord, "a CSV row is a record, not {}", type.name);
  CsvColumns columns(type, std::move(options));
  for (const CsvCell& cell : header) {
    const auto field = std::ranges::find(type.fields, cell.text, &FieldInfo::name);
    if (field == type.fields.end()) {
      if (columns.options_.refuse_unknown_columns)
        return fail(ErrorCode::D101, "header: column {} is no field of {}", excerpt(cell.text),
                    type.name);
      columns.fields_.push_back(kIgnored);
      continue;
    }
    const auto index = static_cast<std::size_t>(field - type.fields.begin());
    if (std::ranges::find(columns.fields_, index) != columns.fields_.end())
      return fail(ErrorCode::D101, "header: column {} comes twice", excerpt(cell.text));
    if (!has_scalar_text(cell_type(*field)))
      return fail(ErrorCode::D101, "header: column {}: a {} cannot be read from a cell",
                  excerpt(cell.text), cell_type(*field).name);
    columns.fields_.push_back(index);
  }
  if (!columns.options_.require_all_fields) return columns;
  for (std::size_t i = 0; i < type.fields.size(); ++i) {
    const bool is_missing = std::ranges::find(columns.fields_, i) == columns.fields_.end();
    if (is_missing && type.fields[i].type->kind != TypeKind::kOptional)
      return fail(ErrorCode::D101, "header: no column {}", type.fields[i].name);
  }
  return columns;
}

Status CsvColumns::read(const CsvRow& row, void* out, Arena& arena, CsvFault* fault) const {
  if (fault != nullptr) *fault = {};
  std::memcpy(out, type_->default_value, type_->size);
  if (row.cells.size() != fields_.size())
    return fail(ErrorCode::D101, "line {}: {} cells, the header has {}", row.line, row.cells.size(),
                fields_.size());
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (fields_[i] == kIgnored) continue;
    const FieldInfo& field = type_->fields[fields_[i]];
    Status read = read_cell(field, row.cells[i], static_cast<char*>(out) + field.offset, arena);
    if (read) continue;
    std::memcpy(out, type_->default_value, type_->size);
    if (fault != nullptr) *fault = {.column = field.name, .value = row.cells[i].text};
    return std::unexpected(
        std::move(read).error().in(fmt::format("line {}, column {}", row.line, field.name)));
  }
  return {};
}

Status CsvColumns::read_cell(const FieldInfo& field, const CsvCell& cell, char* out,
                             Arena& arena) const {
  const bool is_null = !cell.is_quoted && (cell.text.empty() || cell.text == options_.null_text);
  if (is_null) return {};
  if (cell.text.size() > options_.text_bytes_max)
    return fail(ErrorCode::D102, "cell of {} bytes; at most {}", cell.text.size(),
                options_.text_bytes_max);
  const bool is_optional = field.type->kind == TypeKind::kOptional;
  TRY(read_scalar_text(cell_type(field), cell.text,
                       out + (is_optional ? field.type->element_offset : 0), arena));
  if (is_optional) out[kOptionalFlagOffset] = 1;
  return {};
}

void write_csv_header(const TypeInfo& type, std::string& out, char separator) {
  for (const FieldInfo& field : type.fields) {
    if (&field != type.fields.data()) out += separator;
    append_cell(field.name, false, separator, out);
  }
  out += '\n';
}

void write_csv_row(const TypeInfo& type, const void* value, std::string& out, char separator) {
  std::string text;
  for (const FieldInfo& field : type.fields) {
    if (&field != type.fields.data()) out += separator;
    const char* at = static_cast<const char*>(value) + field.offset;
    const TypeInfo& shown = cell_type(field);
    if (field.type->kind == TypeKind::kOptional) {
      if (!*reinterpret_cast<const bool*>(at)) {
        if (type.fields.size() == 1) out += "NULL";
        continue;
      }
      at += field.type->element_offset;
    }
    text.clear();
    if (has_scalar_text(shown))
      append_scalar_text(shown, at, text);
    else
      write_json(shown, at, text);
    // Quotes tell a value from an absent cell.
    const bool is_ambiguous = text.empty() || (shown.kind == TypeKind::kText && text == "NULL");
    append_cell(text, is_ambiguous, separator, out);
  }
  out += '\n';
}

}  // namespace tributary
