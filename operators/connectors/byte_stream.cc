#include "operators/connectors/byte_stream.h"

#include <algorithm>
#include <vector>
#include <zlib.h>

namespace tributary {

namespace {

std::int64_t left_of(const ReadableFile& file) {
  const Result<std::uint64_t> size = file.size();
  if (!size) return -1;
  return std::max<std::int64_t>(static_cast<std::int64_t>(*size - file.position()), 0);
}

class PlainStream final : public ByteStream {
 public:
  explicit PlainStream(std::unique_ptr<ReadableFile> file) : file_(std::move(file)) {}
  Result<std::size_t> read(std::span<char> to) override { return file_->read(to); }
  std::int64_t left() const override { return left_of(*file_); }

 private:
  std::unique_ptr<ReadableFile> file_;
};

// One or more gzip members behind each other, as `cat a.gz b.gz` makes them.
class GzipStream final : public ByteStream {
 public:
  GzipStream(std::unique_ptr<ReadableFile> file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {
    TRIBUTARY_CHECK(inflateInit2(&inflate_, kGzip) == Z_OK, "zlib cannot start");
  }
  ~GzipStream() override { inflateEnd(&inflate_); }
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  Result<std::size_t> read(std::span<char> to) override {
    inflate_.next_out = reinterpret_cast<Bytef*>(to.data());
    inflate_.avail_out = static_cast<uInt>(std::min<std::size_t>(to.size(), 1U << 30));
    const uInt room = inflate_.avail_out;
    if (room == 0) return 0;
    while (inflate_.avail_out == room) {
      if (inflate_.avail_in == 0) {
        const std::size_t got = TRY(file_->read(std::span<char>(input_)));
        if (got == 0) {
          if (in_member_)
            return fail(ErrorCode::F101, "reading {}: the gzip file is truncated", path_);
          break;
        }
        inflate_.next_in = reinterpret_cast<Bytef*>(input_.data());
        inflate_.avail_in = static_cast<uInt>(got);
      }
      if (!in_member_) {
        TRIBUTARY_CHECK(inflateReset2(&inflate_, kGzip) == Z_OK, "zlib cannot start again");
        in_member_ = true;
      }
      const int status = inflate(&inflate_, Z_NO_FLUSH);
      if (status == Z_STREAM_END) {
        in_member_ = false;
      } else if (status != Z_OK && status != Z_BUF_ERROR) {
        return fail(ErrorCode::F101, "reading {}: not a gzip file, or a damaged one ({})", path_,
                    inflate_.msg == nullptr ? "no reason given" : inflate_.msg);
      }
    }
    return room - inflate_.avail_out;
  }
  std::int64_t left() const override { return left_of(*file_); }

 private:
  static constexpr int kGzip = 15 + 16;  // window bits, gzip header
  std::unique_ptr<ReadableFile> file_;
  std::string path_;
  std::vector<char> input_ = std::vector<char>(64 * 1024);
  z_stream inflate_{};
  bool in_member_ = false;
};

}  // namespace

Result<std::unique_ptr<ByteStream>> ByteStream::open(FileSystem& files, const std::string& path,
                                                     std::uint64_t from) {
  std::unique_ptr<ReadableFile> file = TRY(files.open_read(path));
  file->seek(from);
  if (path.ends_with(".gz")) return std::make_unique<GzipStream>(std::move(file), path);
  return std::make_unique<PlainStream>(std::move(file));
}

}  // namespace tributary
