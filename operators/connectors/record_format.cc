#include "operators/connectors/record_format.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "operators/connectors/line_splitter.h"
#include "operators/include/tributary/raw_line.h"

namespace tributary {

namespace {

constexpr std::size_t kRawMax = 64 * 1024;
constexpr std::size_t kValueMax = 1024;  // the engine cuts it once more
constexpr std::string_view kMalformedJson = "MALFORMED_JSON";

// `malformed` is what D101 means if the record cannot be taken apart at all.
std::string_view reason_of(const Error& error, std::string_view malformed) {
  switch (error.code()) {
    case ErrorCode::D102:
      return "RECORD_TOO_LARGE";
    case ErrorCode::D104:
      return "BAD_DECIMAL";
    case ErrorCode::D105:
      return "BAD_FIELD";
    default:
      return malformed;
  }
}

// What is no JSON object at all, rather than one with a wrong field.
std::string_view json_reason_of(const Error& error, std::string_view line) {
  const std::size_t begin = line.find_first_not_of(" \t");
  const bool is_object = begin != std::string_view::npos && line[begin] == '{' &&
                         error.what().find(": not JSON: ") == std::string::npos &&
                         error.what().find(": there is more behind") == std::string::npos;
  return reason_of(error, is_object ? "BAD_FIELD" : kMalformedJson);
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r") == std::string_view::npos;
}

// What the two formats of lines share: the lines that are to be decoded.
class LineFormat : public RecordFormat {
 public:
  explicit LineFormat(const FormatOptions& options)
      : lines_(options.line_bytes_max), skip_to_(options.skip_to) {}
  std::span<char> room() final { return lines_.room(); }
  void added(std::size_t size) final { lines_.added(size); }
  void finish() final { lines_.finish(); }
  void rest() final { lines_.rest(); }
  std::int64_t consumed_bytes() const final { return lines_.consumed_bytes(); }

 protected:
  std::optional<Line> next_line() {
    while (const std::optional<Line> line = lines_.next()) {
      if (lines_.consumed_bytes() > skip_to_ && !is_blank(line->bytes)) return line;
    }
    return std::nullopt;
  }

 private:
  LineSplitter lines_;
  const std::int64_t skip_to_;
};

class JsonLinesFormat final : public LineFormat {
 public:
  JsonLinesFormat(const TypeInfo& type, const FormatOptions& options)
      : LineFormat(options), type_(type), reader_(options.json) {}
  Next next(Batch& batch, BadRecord& bad) override {
    const std::optional<Line> line = next_line();
    if (!line) return Next::kNeedBytes;
    bad.offset = line->offset;
    bad.line = line->number;
    bad.raw = line->bytes.substr(0, kRawMax);
    bad.field.clear();
    bad.value.clear();
    if (line->too_long) {
      bad.reason = "RECORD_TOO_LARGE";
      bad.message =
          fmt::format("line {} is longer than {} bytes", line->number, line->bytes.size());
      return Next::kBad;
    }
    const Status read = reader_.read(type_, line->bytes, batch.append(Timestamp{}), batch.arena());
    if (read) return Next::kRecord;
    batch.drop_last();
    bad.reason = json_reason_of(read.error(), line->bytes);
    if (bad.reason != kMalformedJson) {
      bad.field = reader_.fault_field();
      if (!bad.field.empty()) bad.value = reader_.fault_value().substr(0, kValueMax);
    }
    bad.message = fmt::format("line {}: {}", line->number, read.error().what());
    return Next::kBad;
  }
  std::uint64_t unknown_fields() const override { return reader_.unknown_fields(); }

 private:
  const TypeInfo& type_;
  JsonReader reader_;
};

class RawLinesFormat final : public LineFormat {
 public:
  explicit RawLinesFormat(const FormatOptions& options) : LineFormat(options) {}
  Next next(Batch& batch, BadRecord&) override {
    const std::optional<Line> line = next_line();
    if (!line) return Next::kNeedBytes;
    *static_cast<RawLine*>(batch.append(Timestamp{})) = {.topic = {},
                                                         .partition = {},
                                                         .offset = line->offset,
                                                         .line = line->number,
                                                         .ingest_time = {},
                                                         .too_long = line->too_long,
                                                         .bytes = Text(line->bytes, batch.arena())};
    return Next::kRecord;
  }
};

class CsvFormat final : public RecordFormat {
 public:
  CsvFormat(const TypeInfo& type, const FormatOptions& options)
      : type_(type),
        options_(options.csv),
        rows_({.row_bytes_max = options.line_bytes_max}),
        skip_to_(options.skip_to) {}
  std::span<char> room() override {
    room_.resize(LineSplitter::kRoomBytes);
    return room_;
  }
  void added(std::size_t size) override { rows_.feed({room_.data(), size}); }
  void finish() override { rows_.finish(); }
  void rest() override { room_ = {}; }

  Next next(Batch& batch, BadRecord& bad) override {
    while (std::optional<Result<CsvRow>> row = rows_.next()) {
      if (!columns_ && !header_fault_) {
        read_header(*row);
        if (columns_ || consumed_bytes() <= skip_to_) continue;
        return refuse(bad, *header_fault_);
      }
      if (consumed_bytes() <= skip_to_) continue;
      if (!*row) return refuse(bad, row->error());
      if (header_fault_) return refuse(bad, *header_fault_);
      CsvFault fault;
      const Status read = columns_->read(**row, batch.append(Timestamp{}), batch.arena(), &fault);
      if (read) return Next::kRecord;
      batch.drop_last();
      // The row was cut well: a cell is wrong, or there are too many or too few of them.
      bad.reason = reason_of(read.error(), fault.column.empty() ? "MALFORMED_CSV" : "BAD_FIELD");
      return describe(bad, read.error(), fault);
    }
    return Next::kNeedBytes;
  }
  std::int64_t consumed_bytes() const override {
    return static_cast<std::int64_t>(rows_.consumed_bytes());
  }

 private:
  // Without its header no row of a file means anything: each is refused, for the same reason.
  void read_header(const Result<CsvRow>& row) {
    if (!row) {
      header_fault_ = Error(row.error()).in("the file's header");
      return;
    }
    Result<CsvColumns> columns = CsvColumns::from_header(type_, row->cells, options_);
    if (columns) {
      columns_ = std::move(*columns);
    } else {
      header_fault_ = std::move(columns).error();
    }
  }
  Next refuse(BadRecord& bad, const Error& error) const {
    bad.reason = reason_of(error, "MALFORMED_CSV");
    return describe(bad, error);
  }
  Next describe(BadRecord& bad, const Error& error, const CsvFault& fault = {}) const {
    bad.field = fault.column;
    bad.value = fault.value.substr(0, kValueMax);
    bad.offset = static_cast<std::int64_t>(rows_.row_offset());
    bad.line = static_cast<std::int64_t>(rows_.row_line());
    bad.message = error.what();
    bad.raw = rows_.row_text().substr(0, kRawMax);
    return Next::kBad;
  }

  const TypeInfo& type_;
  CsvReadOptions options_;
  CsvSplitter rows_;
  const std::int64_t skip_to_;
  std::vector<char> room_;
  std::optional<CsvColumns> columns_;
  std::optional<Error> header_fault_;
};

}  // namespace

void RecordFormat::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::span<char> to = room();
    const std::size_t size = std::min(to.size(), bytes.size());
    std::memcpy(to.data(), bytes.data(), size);
    added(size);
    bytes.remove_prefix(size);
  }
}

std::unique_ptr<RecordFormat> make_record_format(FileFormat format, const TypeInfo& type,
                                                 const FormatOptions& options) {
  switch (format) {
    case FileFormat::kJsonLines:
      return std::make_unique<JsonLinesFormat>(type, options);
    case FileFormat::kCsv:
      return std::make_unique<CsvFormat>(type, options);
    case FileFormat::kRawLines:
      return std::make_unique<RawLinesFormat>(options);
  }
  return nullptr;
}

}  // namespace tributary
