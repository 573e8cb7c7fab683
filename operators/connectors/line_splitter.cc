#include "operators/connectors/line_splitter.h"

#include <cstring>

namespace tributary {

namespace {
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
}  // namespace

std::span<char> LineSplitter::room() {
  // Of a line over the limit only its beginning is kept, with what take_line() may take off it: a
  // byte order mark, a CR, and one byte more to know it by.
  const std::size_t kept = line_bytes_max_ + kByteOrderMark.size() + 2;
  if (end_ - start_ > kept && scanned_ == end_) {
    skipped_ += static_cast<std::int64_t>(end_ - start_ - kept);
    end_ = scanned_ = start_ + kept;
  }
  if (buffer_.size() - end_ < kRoomBytes) {
    if (start_ > 0 && start_ < end_) {
      std::memmove(buffer_.data(), buffer_.data() + start_, end_ - start_);
    }
    scanned_ -= start_;
    end_ -= start_;
    start_ = 0;
    if (buffer_.size() - end_ < kRoomBytes) buffer_.resize(2 * end_ + kRoomBytes);
  }
  return {buffer_.data() + end_, kRoomBytes};
}

void LineSplitter::rest() {
  if (start_ < end_) return;
  start_ = scanned_ = end_ = 0;
  buffer_ = {};
}

std::optional<Line> LineSplitter::next() {
  const char* const bytes = buffer_.data();
  const char* const found =
      scanned_ == end_
          ? nullptr
          : static_cast<const char*>(std::memchr(bytes + scanned_, '\n', end_ - scanned_));
  if (found != nullptr) {
    const auto newline = static_cast<std::size_t>(found - bytes);
    return take_line(newline, newline + 1);
  }
  scanned_ = end_;
  if (!finished_ || start_ == end_) return std::nullopt;
  return take_line(end_, end_);
}

Line LineSplitter::take_line(std::size_t end, std::size_t next_start) {
  Line line{.bytes = std::string_view(buffer_.data() + start_, end - start_),
            .offset = line_offset_,
            .number = ++number_,
            .too_long = false};
  line_offset_ += static_cast<std::int64_t>(next_start - start_) + skipped_;
  start_ = scanned_ = next_start;
  if (line.offset == 0 && line.bytes.starts_with(kByteOrderMark)) {
    line.bytes.remove_prefix(kByteOrderMark.size());
    line.offset = static_cast<std::int64_t>(kByteOrderMark.size());
  }
  if (skipped_ == 0 && line.bytes.ends_with('\r')) line.bytes.remove_suffix(1);
  if (skipped_ > 0 || line.bytes.size() > line_bytes_max_) {
    line.too_long = true;
    line.bytes = line.bytes.substr(0, line_bytes_max_);
  }
  skipped_ = 0;
  return line;
}

}  // namespace tributary
