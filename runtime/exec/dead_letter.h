// runtime/exec/dead_letter.h
// The record of a refused record: why, where it came from, and its raw bytes. One per refused
// record.
#pragma once

#include "base/record.h"
#include "base/text.h"
#include "base/timestamp.h"

namespace tributary {

struct DeadLetter {
  Text reason;              // an upper-case name: MALFORMED_JSON, BAD_DECIMAL, …
  Text field;               // path of the field, may be empty
  Text value;               // the offending value, at most 256 bytes
  Text message;             // for people
  Optional<Text> tenant;    // when it could be read
  Text topic;               // topic or folder
  Text partition;           // partition or file
  std::int64_t offset = 0;  // byte offset in the file, or the topic's offset
  std::int64_t line = 0;    // 1-based line of a file, 0 unknown
  Timestamp ingest_time;    // processing time of the refusal
  Text raw;                 // base64 of the raw bytes, cut to 64 KiB
};
TRIBUTARY_RECORD(DeadLetter, reason, field, value, message, tenant, topic, partition, offset, line,
                 ingest_time, raw);

}  // namespace tributary
