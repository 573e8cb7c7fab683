// The tools' files, plain or gzip: lines joined are the blocks joined, and a damaged stream is an
// error both ways. An odd first byte: the rest is compressed first, so that deep paths are reached.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

#include "jobs/cost_attribution/tools/text_file.h"
#include "tests/fuzz/gzip_member.h"

namespace {

using namespace tributary;

constexpr std::size_t kOutputMax = std::size_t{4} << 20;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const int memory = memfd_create("fuzz", MFD_CLOEXEC);
  const std::string path = fmt::format("/proc/self/fd/{}", memory);
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string bytes = data[0] % 2 == 1 ? gzip_member(rest) : std::string(rest);
  TRIBUTARY_CHECK(ftruncate(memory, 0) == 0);
  TRIBUTARY_CHECK(pwrite(memory, bytes.data(), bytes.size(), 0) ==
                  static_cast<ssize_t>(bytes.size()));

  const auto whole = cost::read_small_file(path, kOutputMax);
  if (data[0] % 2 == 1) TRIBUTARY_CHECK(whole.has_value() && *whole == rest, "not what went in");
  if (!whole && whole.error().code() == ErrorCode::D102) return 0;
  auto file = cost::TextFile::open(path);
  TRIBUTARY_CHECK(file.has_value(), "{}", file.error().to_string());
  std::size_t at = 0;
  for (;;) {
    const auto line = file->read_line();
    if (!line) {
      TRIBUTARY_CHECK(!whole.has_value(), "lines fail and blocks do not: {}",
                      line.error().to_string());
      return 0;
    }
    if (!*line) break;
    if (!whole) continue;
    TRIBUTARY_CHECK(whole->substr(at, (*line)->size()) == **line, "line {}", file->line_number());
    at += (*line)->size();
    if (at < whole->size() && (*whole)[at] == '\r') ++at;
    if (at < whole->size()) TRIBUTARY_CHECK((*whole)[at++] == '\n', "line {}", file->line_number());
  }
  TRIBUTARY_CHECK(whole.has_value() && at == whole->size(), "blocks fail and lines do not");
  return 0;
}
