// operators/connectors/record_format.h
// How bytes of one file become records of a batch: JSON lines, CSV with a header, or raw lines.
//
// Thread: one task; one object a file. Bytes come cut anywhere, from the file's beginning; a record
// that cannot be decoded is reported with its place and raw bytes, and decoding goes on behind it.
// Invariant: records, offsets and lines do not depend on the cuts.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/csv.h"
#include "base/file_format.h"
#include "base/json.h"
#include "runtime/exec/batch.h"
#include "runtime/exec/source.h"

namespace tributary {

class RecordFormat {
 public:
  virtual ~RecordFormat() = default;

  // Where to put the next bytes (64 KiB or more); then say how many came.
  virtual std::span<char> room() = 0;
  virtual void added(std::size_t size) = 0;
  // The same with a copy.
  void feed(std::string_view bytes);
  // No more bytes come: a last line without a newline counts.
  virtual void finish() = 0;

  enum class Next : std::uint8_t {
    kRecord,  // one was appended to the batch
    // `bad` says what: MALFORMED_JSON, MALFORMED_CSV, BAD_FIELD, BAD_DECIMAL or RECORD_TOO_LARGE.
    // Its raw bytes are cut to 64 KiB and valid until the next call.
    kBad,
    kNeedBytes,  // or, after finish(), the end
  };
  // The batch must not be full.
  virtual Next next(Batch& batch, BadRecord& bad) = 0;
  // Bytes that belong to records already handed out, bad ones included, and blank lines behind
  // them.
  virtual std::int64_t consumed_bytes() const = 0;
  // Fields (JSON) that the record does not have, ignored so far.
  virtual std::uint64_t unknown_fields() const { return 0; }
  // Nothing comes for a while: gives buffers back.
  virtual void rest() {}
};

struct FormatOptions {
  std::size_t line_bytes_max = 1 << 20;
  // Records that end at or before this offset were handed out by an earlier run: passed over
  // without being decoded, the bad ones too.
  std::int64_t skip_to = 0;
  JsonReadOptions json;
  CsvReadOptions csv;
};

// For kRawLines the type is RawLine (operators/include/tributary/raw_line.h); who reads sets topic,
// partition and ingest_time.
std::unique_ptr<RecordFormat> make_record_format(FileFormat format, const TypeInfo& type,
                                                 const FormatOptions& options);

}  // namespace tributary
