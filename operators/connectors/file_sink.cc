#include "operators/connectors/file_sink.h"

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

std::string_view extension(FileFormat format) {
  switch (format) {
    case FileFormat::kCsv:
      return "csv";
    case FileFormat::kJsonLines:
    case FileFormat::kRawLines:
      break;
  }
  return "jsonl";
}

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

FileSink::FileSink(FileSinkOptions options) : options_(std::move(options)) {}

Status FileSink::open(OperatorContext& context) {
  file_name_ = fmt::format("part-{}.{}", context.task_index(), extension(options_.format));
  partition_fields_ = TRY(partition_fields(*options_.type, options_.partition_by));
  return options_.files->make_directories(options_.directory);
}

// Values are told apart by their lengths, whatever bytes they hold.
FileSink::Part& FileSink::part_of(const void* record) {
  key_.clear();
  for (const FieldInfo* field : partition_fields_) {
    const std::size_t at = key_.size();
    key_.append(sizeof(std::uint32_t), '\0');
    append_value(record, *field, key_);
    const auto length = static_cast<std::uint32_t>(key_.size() - at);
    std::memcpy(key_.data() + at, &length, sizeof length);
  }
  if (last_part_ != nullptr && key_ == last_key_) return *last_part_;
  std::unique_ptr<Part>& part = parts_[key_];
  if (part == nullptr) part = make_part(record);
  last_part_ = part.get();
  last_key_ = key_;
  return *part;
}

std::unique_ptr<FileSink::Part> FileSink::make_part(const void* record) const {
  auto part = std::make_unique<Part>();
  part->path = options_.directory;
  std::string value;
  for (const FieldInfo* field : partition_fields_) {
    value.clear();
    append_value(record, *field, value);
    part->path += fmt::format("/{}={}", field->name, folder_name(value));
  }
  part->path += "/" + file_name_;
  return part;
}

Status FileSink::write_record(const void* record, Operation operation, Part& part) const {
  std::string& out = part.buffer;
  switch (options_.format) {
    case FileFormat::kCsv:
      TRIBUTARY_CHECK(operation != Operation::kDelete,
                      "a row of CSV cannot say that it is a delete");
      if (out.empty() && !part.created) write_csv_header(*options_.type, out);
      write_csv_row(*options_.type, record, out);
      return {};
    case FileFormat::kRawLines: {
      const std::string_view bytes = static_cast<const RawLine*>(record)->bytes;
      if (bytes.find('\n') != std::string_view::npos) {
        return fail(ErrorCode::F102, "writing to {}: the bytes of a raw line hold a line end",
                    options_.directory);
      }
      out += bytes;
      break;
    }
    case FileFormat::kJsonLines:
      write_json(*options_.type, record, out);
      if (operation != Operation::kDelete) break;
      out.pop_back();
      if (out.back() != '{') out += ',';
      out += R"("_deleted":true})";
      break;
  }
  out += '\n';
  return {};
}

std::uint32_t FileSink::process(std::uint32_t, BatchPtr& batch, std::uint32_t from, Output&) {
  if (failure_) throw OperatorFailure{*failure_};
  for (std::uint32_t i = from; i < batch->size(); ++i) {
    const void* record = batch->record(i);
    Part& part = part_of(record);
    const std::size_t before = part.buffer.size();
    Status written = write_record(record, batch->operation(i), part);
    buffered_ += part.buffer.size() - before;
    if (written && part.buffer.size() >= kBufferBytes) written = write_out(part);
    if (written && buffered_ >= kBuffersBytes) written = write_all();
    if (!written) throw OperatorFailure{std::move(written).error()};
  }
  return batch->size();
}

Status FileSink::write_all() {
  if (buffered_ == 0) return {};
  for (const auto& [key, part] : parts_) TRY(write_out(*part));
  return {};
}

Status FileSink::write_out(Part& part) {
  if (part.buffer.empty()) return {};
  if (failure_) return std::unexpected(*failure_);
  Status written = open_file(part);
  if (written) written = append(part);
  if (!written) {
    failure_ = written.error();
    return written;
  }
  part.written += part.buffer.size();
  buffered_ -= part.buffer.size();
  part.buffer.clear();
  // Of many partitions each would keep the memory of its largest buffer.
  if (parts_.size() > kOpenFilesMax) part.buffer.shrink_to_fit();
  return {};
}

// The file is made at its first line; of many files only the recently written stay open.
Status FileSink::open_file(Part& part) {
  if (part.file != nullptr) {
    open_.splice(open_.begin(), open_, part.recent);
    return {};
  }
  if (open_.size() >= kOpenFilesMax) {
    const std::unique_ptr<WritableFile> oldest = std::move(open_.back()->file);
    open_.pop_back();
    TRY(oldest->close());
  }
  if (part.created) {
    part.file = TRY(options_.files->append(part.path));
  } else {
    TRY(options_.files->make_directories(parent_directory(part.path)));
    if (TRY(options_.files->exists(part.path)))
      return fail(ErrorCode::F103, "writing {}: the file is there already", part.path);
    part.file = TRY(options_.files->create(part.path));
    part.created = true;
  }
  open_.push_front(&part);
  part.recent = open_.begin();
  return {};
}

Status FileSink::append(Part& part) {
  Status written = part.file->append(part.buffer);
  if (written) written = part.file->flush();
  if (written) return written;
  // The first failure is the one to tell, and a reader that meets half a line finds the job failed.
  [[maybe_unused]] const Status cut = options_.files->truncate(part.path, part.written);
  return written;
}

Status FileSink::flush() { return write_all(); }

Status FileSink::close(bool clean) {
  // After a failure elsewhere the lines are whole all the same, and worth reading.
  Status written = write_all();
  for (Part* part : open_) {
    Status closed = part->file->close();
    if (!closed && written) written = std::move(closed);
    part->file.reset();
  }
  open_.clear();
  parts_.clear();
  last_part_ = nullptr;
  buffered_ = 0;
  return clean ? written : Status{};
}

}  // namespace tributary
