// Any bytes are either a segment, a mark, an intent or a staged file, and come back from their own
// encoding, or are refused. The first byte says which.
#include <cstdint>
#include <string_view>

#include "checkpoint/publish/file_intent.h"
#include "checkpoint/publish/staged_segment.h"

namespace {

void segment(std::string_view bytes) {
  using namespace tributary;
  const auto decoded = decode_segment(bytes);
  if (!decoded || decoded->owner.sink.empty()) return;
  SegmentWriter writer(decoded->owner);
  for (const StagedRecord& record : decoded->records) {
    if (!writer.add(record)) __builtin_trap();
  }
  const std::string again = writer.finish();
  const auto twice = decode_segment(again);
  if (!twice || twice->owner != decoded->owner || twice->records != decoded->records)
    __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tributary;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 0:
      segment(bytes);
      break;
    case 1:
      if (const auto mark = decode_mark(bytes); mark && encode_mark(*mark) != bytes)
        __builtin_trap();
      break;
    case 2:
      if (const auto intent = decode_intent(bytes); intent && encode_intent(*intent) != bytes)
        __builtin_trap();
      break;
    case 3:
      if (const auto file = decode_staged_file(bytes); file && encode_staged_file(*file) != bytes)
        __builtin_trap();
      break;
    default:
      break;
  }
  return 0;
}
