// operators/connectors/file_sink.h
// Writes records to files of a folder: <dir>/part-<task>.jsonl, or below folders named after fields
// (<dir>/tenant=acme/part-0.jsonl), so that access rights can follow them.
//
// Thread: one task; no two tasks write the same file, and no file that is there is touched (F103).
// Invariant: lines are whole: a flush never cuts one, and what a failed write left of one is taken
// back. Deletes of an upsert stream are lines with "_deleted": true. Order within a file is the
// order of arrival.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/file_system.h"
#include "operators/connectors/record_format.h"
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

class FileSink final : public Operator {
 public:
  explicit FileSink(FileSinkOptions options);

  Status open(OperatorContext& context) override;
  // Throws OperatorFailure when a file cannot be written.
  std::uint32_t process(std::uint32_t input, BatchPtr& batch, std::uint32_t from,
                        Output& out) override;
  Status flush() override;
  Status close(bool clean) override;

  static constexpr std::size_t kBufferBytes = 64 * 1024;          // of one file
  static constexpr std::size_t kBuffersBytes = 16 * 1024 * 1024;  // of all files
  static constexpr std::size_t kOpenFilesMax = 128;

 private:
  struct Part {
    std::string path;
    std::string buffer;  // whole lines
    std::unique_ptr<WritableFile> file;
    std::uint64_t written = 0;
    bool created = false;
    std::list<Part*>::iterator recent;  // valid while file is open
  };
  // Part of the folder that the record belongs to.
  Part& part_of(const void* record);
  std::unique_ptr<Part> make_part(const void* record) const;
  Status write_record(const void* record, Operation operation, Part& part) const;
  Status write_all();
  Status write_out(Part& part);
  Status open_file(Part& part);
  Status append(Part& part);

  const FileSinkOptions options_;
  std::vector<const FieldInfo*> partition_fields_;
  std::string file_name_;
  std::unordered_map<std::string, std::unique_ptr<Part>> parts_;  // by the values of the fields
  Part* last_part_ = nullptr;
  std::string last_key_;
  std::string key_;               // kept for its memory
  std::list<Part*> open_;         // most recently written first
  std::size_t buffered_ = 0;      // bytes, in all buffers
  std::optional<Error> failure_;  // of a write: nothing is written after it
};

// Fields of `type` that can make folders; G317 for a name that is none.
Result<std::vector<const FieldInfo*>> partition_fields(const TypeInfo& type,
                                                       const std::vector<std::string>& names);

// "acme", "a%2Fb": a field's value as the name of a folder. Other values have other names; what a
// file system or a reader could take amiss is escaped; a value of more than 200 bytes ends in its
// hash.
std::string folder_name(std::string_view value);

}  // namespace tributary
