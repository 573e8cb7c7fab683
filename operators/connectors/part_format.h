// operators/connectors/part_format.h
// What a file sink writes of a record: its line, and the folders that its values choose.
//
// Thread: one task; immutable once made. Lines are whole: JSON, a row of CSV, or raw bytes. Deletes
// of an upsert stream are lines with "_deleted": true.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_format.h"
#include "base/file_system.h"
#include "runtime/exec/operator.h"

namespace tributary {

struct FileSinkOptions {
  std::string directory;
  // Raw lines (of RawLine records): their bytes as they are.
  FileFormat format = FileFormat::kJsonLines;
  // Fields of single values that make the folders below the directory, outermost first.
  std::vector<std::string> partition_by;
  const TypeInfo* type = nullptr;
  std::shared_ptr<FileSystem> files;
};

class PartFormat {
 public:
  // G317 for a partition field that is none.
  static Result<PartFormat> make(const FileSinkOptions& options);

  // "jsonl"
  std::string_view extension() const;
  // Bytes that stand for the values that choose a folder: others for others, whatever they hold.
  void append_key(const void* record, std::string& out) const;
  // "tenant=acme/day=1"; "" without partition fields.
  std::string folder(const void* record) const;
  // At the end of `out`; F102 if the record cannot be a line. `first` in its file: with a header,
  // if there is one.
  Status append_line(const void* record, Operation operation, bool first, std::string& out) const;

 private:
  PartFormat(FileFormat format, const TypeInfo& type, std::vector<const FieldInfo*> fields)
      : format_(format), type_(&type), partition_fields_(std::move(fields)) {}

  FileFormat format_;
  const TypeInfo* type_;
  std::vector<const FieldInfo*> partition_fields_;
};

// Fields of `type` that can make folders; G317 for a name that is none.
Result<std::vector<const FieldInfo*>> partition_fields(const TypeInfo& type,
                                                       const std::vector<std::string>& names);

// "acme", "a%2Fb": a field's value as the name of a folder. Other values have other names; what a
// file system or a reader could take amiss is escaped; a value of more than 200 bytes ends in its
// hash.
std::string folder_name(std::string_view value);

}  // namespace tributary
