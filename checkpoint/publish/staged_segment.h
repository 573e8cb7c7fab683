// checkpoint/publish/staged_segment.h
// The bytes of staged output: records in their final form, with where they go, in segments of
// about 8 MiB (docs/formats/staged-output.md).
//
// Whoever publishes needs nothing but the segment: no codec, no setting of the sink (rule 22).
// Thread: values; a writer belongs to the task that stages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "checkpoint/publish/lineage.h"

namespace tributary {

inline constexpr std::size_t kStagedRecordBytesMax = 32U << 20;  // key and value
inline constexpr std::size_t kDestinationBytesMax = 4096;
inline constexpr std::size_t kSinkNameBytesMax = 256;

struct StagedRecord {
  std::string_view destination;           // topic, path, table: what the connector understands
  std::int32_t partition = -1;            // -1: the destination has none
  std::int64_t timestamp_micros = 0;      // event time
  std::optional<std::string_view> key;    // no key and an empty key are two things
  std::optional<std::string_view> value;  // none: a delete of the key

  std::size_t bytes() const { return (key ? key->size() : 0) + (value ? value->size() : 0); }
  friend bool operator==(const StagedRecord&, const StagedRecord&) = default;
};

// Whose records a segment holds; a reader that expected another refuses.
struct SegmentOwner {
  Hash128 uid;
  std::string sink;
  WriterNumber number;
  friend bool operator==(const SegmentOwner&, const SegmentOwner&) = default;
};

class SegmentWriter {
 public:
  explicit SegmentWriter(SegmentOwner owner);

  // D102 if the record is over a limit; nothing is added then.
  Status add(const StagedRecord& record);
  std::uint64_t records() const { return records_; }
  std::uint64_t bytes() const { return bytes_; }  // of keys and values
  std::size_t encoded_bytes() const { return body_.size(); }
  // The segment; the writer is empty afterwards.
  std::string finish();

 private:
  const SegmentOwner owner_;
  std::string body_;
  std::vector<std::string> destinations_;
  std::unordered_map<std::string, std::uint32_t> index_;
  std::uint64_t records_ = 0;
  std::uint64_t bytes_ = 0;
};

struct DecodedSegment {
  SegmentOwner owner;
  std::vector<StagedRecord> records;  // views into the bytes
};
// S473 if the bytes are not one segment.
Result<DecodedSegment> decode_segment(std::string_view bytes);

}  // namespace tributary
