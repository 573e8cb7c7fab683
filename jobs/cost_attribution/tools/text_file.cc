// jobs/cost_attribution/tools/text_file.cc
#include "jobs/cost_attribution/tools/text_file.h"

#include <cerrno>
#include <cstring>
#include <zlib.h>

namespace tributary::cost {

namespace {

constexpr std::size_t kBlockBytes = 256 * 1024;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

void TextFile::Close::operator()(gzFile_s* file) const { gzclose(file); }

Result<TextFile> TextFile::open(std::filesystem::path path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return fail(ErrorCode::F101, "reading {}: it is a folder", path.string());
  }
  errno = 0;
  gzFile_s* file = gzopen(path.c_str(), "rb");
  if (file == nullptr) {
    return fail(ErrorCode::F101, "reading {}: {}", path.string(),
                std::strerror(errno != 0 ? errno : ENOMEM));
  }
  gzbuffer(file, kBlockBytes);
  return TextFile(std::move(path), file);
}

Result<std::size_t> TextFile::fill(char* into, std::size_t bytes) {
  const int count = gzread(file_.get(), into, static_cast<unsigned>(bytes));
  int code = Z_OK;
  const char* why = gzerror(file_.get(), &code);
  if (count < 0 || code == Z_BUF_ERROR) {
    return fail(ErrorCode::F101, "reading {}: {}", path_.string(),
                code == Z_BUF_ERROR ? "the gzip stream ends too early" : why);
  }
  return static_cast<std::size_t>(count);
}

Result<std::string_view> TextFile::read_block() {
  buffer_.resize(kBlockBytes);
  return std::string_view(buffer_.data(), TRY(fill(buffer_.data(), buffer_.size())));
}

Result<std::optional<std::string_view>> TextFile::read_line() {
  std::size_t scanned = 0;
  for (;;) {
    const char* start = buffer_.data() + begin_;
    const auto* newline =
        end_ == begin_ + scanned
            ? nullptr
            : static_cast<const char*>(std::memchr(start + scanned, '\n', end_ - begin_ - scanned));
    if (newline != nullptr || (at_end_ && end_ > begin_)) {
      const std::size_t length =
          newline != nullptr ? static_cast<std::size_t>(newline - start) : end_ - begin_;
      begin_ += length + (newline != nullptr ? 1 : 0);
      ++line_number_;
      std::string_view line(start, length);
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line_number_ == 1 && line.starts_with(kByteOrderMark))
        line.remove_prefix(kByteOrderMark.size());
      return line;
    }
    if (at_end_) return std::nullopt;
    scanned = end_ - begin_;
    if (scanned > kLineBytesMax) {
      return fail(ErrorCode::D102, "{}, line {}: more than {} bytes", path_.string(),
                  line_number_ + 1, kLineBytesMax);
    }
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, scanned);
      begin_ = 0;
      end_ = scanned;
    }
    if (buffer_.size() < end_ + kBlockBytes) buffer_.resize(end_ + kBlockBytes);
    const std::size_t count = TRY(fill(buffer_.data() + end_, kBlockBytes));
    at_end_ = count == 0;
    end_ += count;
  }
}

Result<std::string> read_small_file(const std::filesystem::path& path, std::size_t bytes_max) {
  TextFile file = TRY(TextFile::open(path));
  std::string text;
  for (;;) {
    const std::string_view block = TRY(file.read_block());
    if (block.empty()) return text;
    text += block;
    if (text.size() > bytes_max) {
      return fail(ErrorCode::D102, "reading {}: more than {} bytes", path.string(), bytes_max);
    }
  }
}

}  // namespace tributary::cost
