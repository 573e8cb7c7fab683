// operators/include/tributary/raw_line.h
// A line of a text file with where it came from: for jobs that parse themselves and need the
// position of what they refuse. files<RawLine>(…) reads them.
#pragma once

#include <cstdint>

#include "base/record.h"
#include "base/text.h"
#include "base/timestamp.h"

namespace tributary {

struct RawLine {
  Text topic;               // the folder's name
  Text partition;           // the file's name
  std::int64_t offset = 0;  // of the line's first byte
  std::int64_t line = 0;    // from 1
  Timestamp ingest_time;    // processing time when it was read
  bool too_long = false;    // `bytes` is cut at the limit of a line
  Text bytes;               // without the line end
};
TRIBUTARY_RECORD(RawLine, topic, partition, offset, line, ingest_time, too_long, bytes);

}  // namespace tributary
