#include "operators/connectors/part_format.h"

#include <algorithm>
#include <cstring>

#include "base/csv.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/scalar_text.h"
#include "operators/include/tributary/raw_line.h"

namespace tributary {
namespace {

constexpr std::size_t kFolderNameMax = 200;

const void* field_of(const void* record, const FieldInfo& field) {
  return static_cast<const std::byte*>(record) + field.offset;
}

void append_value(const void* record, const FieldInfo& field, std::string& out) {
  const void* value = field_of(record, field);
  if (field.type->kind == TypeKind::kText) {
    out += static_cast<const Text*>(value)->view();
  } else {
    append_scalar_text(*field.type, value, out);
  }
}

}  // namespace

std::string folder_name(std::string_view value) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || (c == '.' && !out.empty());
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  if (out.empty()) return "%";
  if (out.size() <= kFolderNameMax) return out;
  // "%~" is in no name made above.
  const std::string hash = "%~" + xxh3_128(value).to_hex();
  out.resize(kFolderNameMax - hash.size());
  return out + hash;
}

Result<std::vector<const FieldInfo*>> partition_fields(const TypeInfo& type,
                                                       const std::vector<std::string>& names) {
  std::vector<const FieldInfo*> fields;
  for (const std::string& name : names) {
    const auto field = std::ranges::find(type.fields, name, &FieldInfo::name);
    if (field == type.fields.end() || !has_scalar_text(*field->type))
      return fail(ErrorCode::G317, "partition_by {}: {} has no such field of a single value", name,
                  type.name);
    fields.push_back(&*field);
  }
  return fields;
}

Result<PartFormat> PartFormat::make(const FileSinkOptions& options) {
  return PartFormat(options.format, *options.type,
                    TRY(partition_fields(*options.type, options.partition_by)));
}

std::string_view PartFormat::extension() const {
  return format_ == FileFormat::kCsv ? "csv" : "jsonl";
}

// Values are told apart by their lengths.
void PartFormat::append_key(const void* record, std::string& out) const {
  for (const FieldInfo* field : partition_fields_) {
    const std::size_t at = out.size();
    out.append(sizeof(std::uint32_t), '\0');
    append_value(record, *field, out);
    const auto length = static_cast<std::uint32_t>(out.size() - at);
    std::memcpy(out.data() + at, &length, sizeof length);
  }
}

std::string PartFormat::folder(const void* record) const {
  std::string path;
  std::string value;
  for (const FieldInfo* field : partition_fields_) {
    value.clear();
    append_value(record, *field, value);
    path += fmt::format("{}{}={}", path.empty() ? "" : "/", field->name, folder_name(value));
  }
  return path;
}

Status PartFormat::append_line(const void* record, Operation operation, bool first,
                               std::string& out) const {
  switch (format_) {
    case FileFormat::kCsv:
      TRIBUTARY_CHECK(operation != Operation::kDelete,
                      "a row of CSV cannot say that it is a delete");
      if (first) write_csv_header(*type_, out);
      write_csv_row(*type_, record, out);
      return {};
    case FileFormat::kRawLines: {
      const std::string_view bytes = static_cast<const RawLine*>(record)->bytes;
      if (bytes.find('\n') != std::string_view::npos)
        return fail(ErrorCode::F102, "the bytes of a raw line hold a line end");
      out += bytes;
      break;
    }
    case FileFormat::kJsonLines:
      write_json(*type_, record, out);
      if (operation != Operation::kDelete) break;
      out.pop_back();
      if (out.back() != '{') out += ',';
      out += R"("_deleted":true})";
      break;
  }
  out += '\n';
  return {};
}

}  // namespace tributary
