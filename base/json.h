// base/json.h
// Records as JSON lines, by their type's table. Amounts are strings of decimals ("1.10"), times ISO
// strings, Durations microseconds, Money {"amount": "1.10", "currency": "USD"}, enums their names;
// an empty Optional is left out. A Map is an object, or an array of [key, value] when its keys are
// records. Amounts are never read through a double.
//
// Thread: write_json any; a JsonReader belongs to one task.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/error.h"
#include "base/type_info.h"

namespace tributary {

// Appends the value on one line, without a newline. Bytes of a Text that are not UTF-8 become
// U+FFFD.
void write_json(const TypeInfo& type, const void* value, std::string& out);

struct JsonReadOptions {
  // A field that the line lacks is an error, unless it is an Optional; else it takes its default.
  bool require_all_fields = false;
  // Fields that the record does not have are an error; else they are ignored and counted.
  bool refuse_unknown_fields = false;
  std::size_t line_bytes_max = 16 << 20;
  std::size_t text_bytes_max = 16 << 20;
  std::size_t list_elements_max = 1 << 20;
  // All that one record may take from the arena.
  std::size_t total_bytes_max = 64 << 20;
};

class JsonReader {
 public:
  explicit JsonReader(JsonReadOptions options = {});
  JsonReader(JsonReader&&) noexcept;
  JsonReader& operator=(JsonReader&&) noexcept;
  ~JsonReader();

  // Reads one JSON object as a record of `type`. Everything lies in `arena` afterwards; `line` may
  // go. Errors D101, D102, D104, D105 name the field's path and the value (cut to 64 bytes); `out`
  // is then the default value. A field that comes twice is refused.
  Status read(const TypeInfo& type, std::string_view line, void* out, Arena& arena);

  // After a failed read, until the next: the path of the field that is wrong, without the record's
  // name, and what stands there; empty where it is the line as a whole.
  std::string fault_field() const;
  std::string_view fault_value() const;

  // Unknown fields ignored so far.
  std::uint64_t unknown_fields() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// For a single value; a source keeps a JsonReader, which is much faster.
Status read_json(const TypeInfo& type, std::string_view line, void* out, Arena& arena,
                 const JsonReadOptions& options = {});

}  // namespace tributary
