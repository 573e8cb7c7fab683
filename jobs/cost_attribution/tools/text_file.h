// jobs/cost_attribution/tools/text_file.h
// Reads files that may be gzip (told by their bytes, not their name) as blocks or lines.
//
// Thread: one. Errors: F101 names the file and the system's reason; a truncated or broken gzip
// stream is F101 too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

struct gzFile_s;

namespace tributary::cost {

class TextFile {
 public:
  static Result<TextFile> open(std::filesystem::path path);

  // The next block of bytes; empty at the end. Valid until the next call.
  Result<std::string_view> read_block();

  // The next line without its newline, a carriage return before it and a byte order mark; nothing
  // at the end. Valid until the next call. D102 when a line exceeds kLineBytesMax.
  Result<std::optional<std::string_view>> read_line();

  const std::filesystem::path& path() const { return path_; }
  std::uint64_t line_number() const { return line_number_; }  // of the line last read, from 1

  static constexpr std::size_t kLineBytesMax = std::size_t{16} << 20;

 private:
  struct Close {
    void operator()(gzFile_s* file) const;
  };
  TextFile(std::filesystem::path path, gzFile_s* file) : path_(std::move(path)), file_(file) {}
  Result<std::size_t> fill(char* into, std::size_t bytes);

  std::filesystem::path path_;
  std::unique_ptr<gzFile_s, Close> file_;
  std::string buffer_;
  std::size_t begin_ = 0;  // unread part of buffer_
  std::size_t end_ = 0;
  bool at_end_ = false;
  std::uint64_t line_number_ = 0;
};

// The whole of a small file; D102 above `bytes_max`.
Result<std::string> read_small_file(const std::filesystem::path& path, std::size_t bytes_max);

}  // namespace tributary::cost
