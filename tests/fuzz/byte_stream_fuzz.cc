// A gzip file as lines: bytes, lines and errors do not depend on how the disk gives them or how
// much room the reader has. First byte: even, the rest is the file; odd, the rest is compressed as
// two members first. Second byte: the size of a piece.
#include "operators/connectors/byte_stream.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_file_system.h"
#include "operators/connectors/line_splitter.h"
#include "tests/fuzz/gzip_member.h"

namespace {

using namespace tributary;

constexpr std::size_t kOutputMax = std::size_t{32} << 10;
constexpr std::size_t kLineMax = 100;

struct Read {
  std::string bytes;
  std::string lines;
  bool failed = false;
};

void drain(LineSplitter& splitter, std::string& lines) {
  while (const auto line = splitter.next()) {
    TRIBUTARY_CHECK(line->bytes.size() <= kLineMax, "a line of {} bytes", line->bytes.size());
    lines += fmt::format("{} {} {} ", line->number, line->offset, line->too_long);
    lines.append(line->bytes).append("\n");
  }
}

Read read_all(MemoryFileSystem& files, std::size_t room) {
  Read result;
  auto stream = ByteStream::open(files, "in.gz");
  TRIBUTARY_CHECK(stream.has_value());
  LineSplitter splitter(kLineMax);
  while (result.bytes.size() < kOutputMax) {
    const std::span<char> space = splitter.room();
    TRIBUTARY_CHECK(space.size() >= LineSplitter::kRoomBytes);
    const auto got = (*stream)->read(space.first(std::min(room, space.size())));
    if (!got) {
      TRIBUTARY_CHECK(got.error().code() == ErrorCode::F101, "{}", got.error().to_string());
      result.failed = true;
      return result;
    }
    if (*got == 0) break;
    result.bytes.append(space.data(), *got);
    splitter.added(*got);
    drain(splitter, result.lines);
  }
  splitter.finish();
  drain(splitter, result.lines);
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  const bool compresses = data[0] % 2 == 1;
  const std::size_t half = rest.size() / 2;
  const std::string bytes = compresses
                                ? gzip_member(rest.substr(0, half)) + gzip_member(rest.substr(half))
                                : std::string(rest);
  MemoryFileSystem files;
  auto file = files.create("in.gz");
  TRIBUTARY_CHECK((*file)->append(bytes).has_value() && (*file)->close().has_value());
  const Read whole = read_all(files, LineSplitter::kRoomBytes);
  if (compresses) TRIBUTARY_CHECK(!whole.failed && whole.bytes == rest, "not what went in");
  files.limit_reads("in.gz", data[1] + 1U);
  const Read pieces = read_all(files, data[1] * 7U + 1U);
  // Pieces of another size stop elsewhere.
  if (std::max(whole.bytes.size(), pieces.bytes.size()) >= kOutputMax) return 0;
  TRIBUTARY_CHECK(pieces.failed == whole.failed, "{} {}", pieces.failed, whole.failed);
  // Of a damaged file, what comes before the error may be handed out in part.
  if (!whole.failed)
    TRIBUTARY_CHECK(pieces.bytes == whole.bytes && pieces.lines == whole.lines, "pieces differ");
  return 0;
}
