#include "checkpoint/publish/mark.h"

#include <algorithm>

#include "base/bytes.h"

namespace tributary {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kProgressBytesMin = 19;

void write_id(ByteWriter& out, Hash128 id) {
  out.fixed(id.high);
  out.fixed(id.low);
}
Hash128 read_id(ByteReader& in) {
  const auto high = in.fixed<std::uint64_t>();
  return {high, in.fixed<std::uint64_t>()};
}

bool further(const LineageProgress& a, const LineageProgress& b) {
  if (a.epoch != b.epoch) return a.epoch > b.epoch;
  if (a.whole != b.whole) return a.whole;
  return a.records > b.records;
}

}  // namespace

const LineageProgress* Mark::of(Hash128 lineage_id) const {
  const auto found = std::ranges::find(progress, lineage_id, &LineageProgress::lineage);
  return found == progress.end() ? nullptr : &*found;
}

void Mark::advance(const LineageProgress& to) {
  const auto found = std::ranges::find(progress, to.lineage, &LineageProgress::lineage);
  if (found == progress.end())
    progress.push_back(to);
  else if (further(to, *found))
    *found = to;
}

std::string encode_mark(const Mark& mark) {
  std::string bytes;
  ByteWriter out(bytes);
  out.fixed(kVersion);
  write_id(out, mark.uid);
  write_id(out, mark.lineage);
  out.varint(mark.sequence);
  out.varint(mark.epoch.value);
  out.varint(mark.progress.size());
  for (const LineageProgress& progress : mark.progress) {
    write_id(out, progress.lineage);
    out.varint(progress.epoch.value);
    out.fixed(progress.whole);
    out.varint(progress.records);
  }
  return bytes;
}

Result<Mark> decode_mark(std::string_view bytes) {
  ByteReader in(bytes);
  Mark mark;
  if (in.fixed<std::uint8_t>() != kVersion) in.fail();
  mark.uid = read_id(in);
  mark.lineage = read_id(in);
  mark.sequence = in.varint();
  mark.epoch.value = in.varint();
  const std::uint64_t count = in.count(LineageHistory::kLineagesMax, kProgressBytesMin);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    LineageProgress progress;
    progress.lineage = read_id(in);
    progress.epoch.value = in.varint();
    progress.whole = in.fixed<bool>();
    progress.records = in.varint(progress.whole ? 0 : UINT64_MAX);
    if (mark.of(progress.lineage) != nullptr) in.fail();
    mark.progress.push_back(progress);
  }
  if (!in.finished())
    return fail(ErrorCode::S472, "reading a mark: {} bytes that are not one", bytes.size());
  return mark;
}

std::optional<std::uint64_t> records_out(const std::optional<Mark>& mark,
                                         const LineageHistory& history, Hash128 lineage,
                                         Epoch epoch) {
  if (!mark) return 0;
  std::uint64_t out = 0;
  for (const LineageProgress& progress : mark->progress) {
    if (progress.lineage != lineage) {
      if (history.descends(progress.lineage, lineage, epoch)) return std::nullopt;
    } else if (progress.epoch > epoch || (progress.epoch == epoch && progress.whole)) {
      return std::nullopt;
    } else if (progress.epoch == epoch) {
      out = progress.records;
    }
  }
  return out;
}

}  // namespace tributary
