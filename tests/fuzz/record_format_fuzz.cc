// Records, refusals and their places do not depend on how a file's bytes are cut, and reading again
// from any position gives exactly the rest. The first byte is the format, the second the size of a
// piece.
#include "operators/connectors/record_format.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "operators/include/tributary/raw_line.h"
#include "tests/base/sample_records.h"

namespace {

using namespace tributary;

// A record or a refusal, and where the file stands behind it.
struct Event {
  std::string what;
  std::int64_t consumed = 0;

  friend bool operator==(const Event&, const Event&) = default;
};

std::vector<Event> read(FileFormat format, std::string_view bytes, std::size_t piece,
                        std::int64_t skip_to) {
  const TypeInfo& type =
      format == FileFormat::kRawLines ? type_info<RawLine>() : type_info<sample::Line>();
  FormatOptions options;
  options.line_bytes_max = 64;
  options.skip_to = skip_to;
  const auto records = make_record_format(format, type, options);
  std::vector<Event> events;
  const auto drain = [&] {
    BatchPtr batch = Batch::make(type);
    BadRecord bad;
    while (true) {
      const RecordFormat::Next next = records->next(*batch, bad);
      if (next == RecordFormat::Next::kNeedBytes) break;
      Event event{.what = {}, .consumed = records->consumed_bytes()};
      if (next == RecordFormat::Next::kRecord) {
        write_json(type, batch->record(0), event.what);
        batch->drop_last();
      } else {
        event.what = fmt::format("{} {} {} {} ", bad.offset, bad.line, bad.reason, bad.message);
        event.what += bad.raw;
        if (bad.offset < 0 || bad.offset >= event.consumed || bad.line < 1) __builtin_trap();
      }
      const std::int64_t before = events.empty() ? 0 : events.back().consumed;
      if (event.consumed <= before) __builtin_trap();
      if (event.consumed > static_cast<std::int64_t>(bytes.size())) __builtin_trap();
      events.push_back(std::move(event));
    }
    records->rest();
  };
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    records->feed(bytes.substr(at, piece));
    drain();
  }
  records->finish();
  drain();
  if (records->consumed_bytes() > static_cast<std::int64_t>(bytes.size())) __builtin_trap();
  return events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 4096) return 0;
  const auto format = static_cast<FileFormat>(data[0] % 3);
  const std::size_t piece = data[1] + 1U;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::vector<Event> whole = read(format, bytes, bytes.size() + 1, 0);
  if (read(format, bytes, piece, 0) != whole) __builtin_trap();
  if (whole.empty()) return 0;
  const std::size_t read_before = data[1] % whole.size();
  const std::vector<Event> rest = read(format, bytes, piece, whole[read_before].consumed);
  if (!std::ranges::equal(
          rest, std::vector<Event>(whole.begin() + static_cast<std::ptrdiff_t>(read_before) + 1,
                                   whole.end())))
    __builtin_trap();
  return 0;
}
