#include "operators/connectors/console_sink.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <tributary/console.h>

#include "base/json.h"
#include "base/scalar_text.h"

namespace tributary {

namespace {

const TypeInfo& shown_type(const FieldInfo& field) {
  return field.type->kind == TypeKind::kOptional ? *field.type->element : *field.type;
}

bool is_right_aligned(const TypeInfo& type) {
  switch (type.kind) {
    case TypeKind::kInt8:
    case TypeKind::kInt16:
    case TypeKind::kInt32:
    case TypeKind::kInt64:
    case TypeKind::kUInt8:
    case TypeKind::kUInt16:
    case TypeKind::kUInt32:
    case TypeKind::kUInt64:
    case TypeKind::kDuration:
    case TypeKind::kAmount:
    case TypeKind::kMoney:
      return true;
    default:
      return false;
  }
}

bool begins_letter(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

// Letters of UTF-8 text, each taken for one column.
std::size_t letters_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_letter));
}

// What a terminal would obey is shown as "?", and what is too long is cut.
std::string printable(std::string_view text) {
  std::string out;
  std::size_t letters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (begins_letter(c) && ++letters > ConsoleSink::kCellLettersMax) return out + "…";
    const auto byte = static_cast<unsigned char>(c);
    // U+0080 to U+009F, control characters too, are C2 80 to C2 9F.
    const bool is_c1 =
        byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (is_c1) ++i;
    out += is_c1 || byte < 0x20 || byte == 0x7F ? '?' : c;
  }
  return out;
}

void append_padded(std::string_view text, std::size_t width, bool right, std::string& out) {
  const std::size_t letters = letters_of(text);
  const std::size_t blanks = width > letters ? width - letters : 0;
  if (right) out.append(blanks, ' ');
  out += text;
  if (!right) out.append(blanks, ' ');
}

void trim_right(std::string& line) { line.erase(line.find_last_not_of(' ') + 1); }

Status write_to_stdout(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
    return {};
  return fail(ErrorCode::F102, "writing to the standard output: {}", std::strerror(errno));
}

}  // namespace

std::string ConsoleSink::cell_of(const FieldInfo& field, const void* record) const {
  const char* value = static_cast<const char*>(record) + field.offset;
  const TypeInfo& type = shown_type(field);
  if (field.type->kind == TypeKind::kOptional) {
    if (!*reinterpret_cast<const bool*>(value + kOptionalFlagOffset)) return {};
    value += field.type->element_offset;
  }
  std::string text;
  if (has_scalar_text(type)) {
    append_scalar_text(type, value, text);
  } else {
    write_json(type, value, text);
  }
  return printable(text);
}

void ConsoleSink::begin_table(const std::vector<std::vector<std::string>>& rows, std::string& out) {
  if (!title_.empty()) out += printable(title_) + "\n";
  std::vector<std::string> names;
  std::vector<std::string> rules;
  for (const FieldInfo& field : type_.fields) {
    std::size_t width = letters_of(field.name);
    for (const auto& cells : rows) width = std::max(width, letters_of(cells[names.size()]));
    names.emplace_back(field.name);
    rules.emplace_back(width, '-');
    widths_.push_back(width);
  }
  append_row(" ", names, out);
  append_row(" ", rules, out);
}

void ConsoleSink::append_row(std::string_view mark, const std::vector<std::string>& cells,
                             std::string& out) const {
  std::string line(mark);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    line += i == 0 ? " " : "  ";
    append_padded(cells[i], widths_[i], is_right_aligned(shown_type(type_.fields[i])), line);
  }
  trim_right(line);
  out += line + "\n";
}

std::uint32_t ConsoleSink::process(std::uint32_t, BatchPtr& batch, std::uint32_t from, Output&) {
  const std::uint64_t room = rows_max_ > rows_ ? rows_max_ - rows_ : 0;
  const auto shown =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(batch->size() - from, room));
  std::vector<std::vector<std::string>> rows(shown);
  for (std::uint32_t i = 0; i < shown; ++i) {
    for (const FieldInfo& field : type_.fields)
      rows[i].push_back(cell_of(field, batch->record(from + i)));
  }
  std::string text;
  if (widths_.empty() && shown > 0) begin_table(rows, text);
  for (std::uint32_t i = 0; i < shown; ++i) {
    const bool is_delete = batch->operation(from + i) == Operation::kDelete;
    append_row(is_delete ? "-" : " ", rows[i], text);
  }
  rows_ += batch->size() - from;
  if (!text.empty()) {
    Status written = write_(text);
    if (!written) throw OperatorFailure{std::move(written).error()};
  }
  return batch->size();
}

Status ConsoleSink::close(bool clean) {
  if (!clean || rows_ <= rows_max_) return {};
  return write_(fmt::format("  … {} more\n", rows_ - rows_max_));
}

namespace internal {

UntypedSink make_console(std::string title, std::uint64_t rows_max, const TypeInfo& type) {
  return {.operator_type = "console",
          .record_type = &type,
          .parallelism = 1,
          .properties = {{"title", title}},
          .make_operator = [title, rows_max, &type] {
            return std::make_unique<ConsoleSink>(title, rows_max, type, write_to_stdout);
          }};
}

}  // namespace internal
}  // namespace tributary
