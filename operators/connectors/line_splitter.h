// operators/connectors/line_splitter.h
// Cuts a stream of bytes into lines (LF or CRLF). A line over the limit is reported once, cut, when
// its end is seen, so that the result does not depend on how the bytes came.
//
// Thread: one task. Views are valid until the next call. Invariant: a byte is copied only when the
// line it belongs to is cut by the end of the buffer.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace tributary {

struct Line {
  std::string_view bytes;   // without the line end, and without a byte order mark
  std::int64_t offset = 0;  // of its first byte
  std::int64_t number = 0;  // from 1
  bool too_long = false;    // `bytes` is its beginning
};

class LineSplitter {
 public:
  explicit LineSplitter(std::size_t line_bytes_max) : line_bytes_max_(line_bytes_max) {}

  // Where to put the next bytes: at least kRoomBytes. Then say how many came.
  std::span<char> room();
  void added(std::size_t size) { end_ += size; }
  // Gives the buffer back if nothing is in it: for a file that is quiet for now.
  void rest();
  // No more bytes come: a last line without a line end is a line.
  void finish() { finished_ = true; }

  // The next line; empty lines too. Nothing when more bytes are needed.
  std::optional<Line> next();
  // Offset behind the last line handed out.
  std::int64_t consumed_bytes() const { return line_offset_; }

  static constexpr std::size_t kRoomBytes = 64 * 1024;

 private:
  Line take_line(std::size_t end, std::size_t next_start);

  std::size_t line_bytes_max_;
  std::vector<char> buffer_;
  std::size_t start_ = 0;         // of the next line, in buffer_
  std::size_t scanned_ = 0;       // no line end between start_ and here
  std::size_t end_ = 0;           // of what is filled
  std::int64_t line_offset_ = 0;  // of the next line
  std::int64_t skipped_ = 0;      // bytes of the next line that were dropped, being over the limit
  std::int64_t number_ = 0;
  bool finished_ = false;
};

}  // namespace tributary
