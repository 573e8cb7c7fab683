#include "checkpoint/delta_log.h"

#include <utility>

#include "base/bytes.h"

namespace tributary {
namespace {

constexpr std::string_view kMagic = "TSC1";
constexpr std::size_t kHeaderBytes = 20;
constexpr std::uint8_t kDropped = 4;
constexpr std::uint64_t kKeyBytesMax = std::uint64_t{1} << 26;
constexpr std::uint64_t kValueBytesMax = std::uint64_t{1} << 27;

std::unexpected<Error> damaged(std::string_view what) {
  return fail(ErrorCode::S431, "reading a delta: {}", what);
}

}  // namespace

char DeltaWriter::flags_of(DeltaKind kind, bool dropped) {
  return static_cast<char>(static_cast<std::uint8_t>(kind) | (dropped ? kDropped : 0U));
}

void DeltaWriter::begin() {
  if (bytes_.empty()) {
    bytes_.reserve(last_bytes_ + last_bytes_ / 8);
    bytes_.resize(kHeaderBytes);
  }
  ++records_;
}

void DeltaWriter::begin(DeltaKind kind, bool dropped, std::string_view key) {
  begin();
  bytes_.push_back(flags_of(kind, dropped));
  ByteWriter(bytes_).prefixed(key);
}

void DeltaWriter::put(std::string_view key, std::string_view value, bool dropped) {
  begin(DeltaKind::kPut, dropped, key);
  ByteWriter(bytes_).prefixed(value);
}

void DeltaWriter::erase(std::string_view key, bool dropped) {
  begin(DeltaKind::kDelete, dropped, key);
}

void DeltaWriter::erase_prefix(std::string_view prefix) {
  begin(DeltaKind::kDeletePrefix, false, prefix);
}

std::string DeltaWriter::take() {
  std::string header(kMagic);
  ByteWriter writer(header);
  writer.fixed(epoch_);
  writer.fixed(records_);
  writer.fixed(static_cast<std::uint32_t>(bytes_.size() - kHeaderBytes));
  bytes_.replace(0, kHeaderBytes, header);
  records_ = 0;
  last_bytes_ = bytes_.size();
  return std::exchange(bytes_, {});
}

Status read_delta_piece(std::string_view piece,
                        const std::function<Status(const DeltaRecord&)>& visit) {
  while (!piece.empty()) {
    if (piece.size() < kHeaderBytes || !piece.starts_with(kMagic))
      return damaged("no chunk begins where one should");
    ByteReader header(piece.substr(kMagic.size(), kHeaderBytes - kMagic.size()));
    (void)header.fixed<std::uint64_t>();
    auto records = header.fixed<std::uint32_t>();
    const auto length = header.fixed<std::uint32_t>();
    piece.remove_prefix(kHeaderBytes);
    if (length > piece.size()) return damaged("a chunk is cut off");
    ByteReader reader(piece.substr(0, length));
    piece.remove_prefix(length);
    for (; records > 0; --records) {
      const auto flags = reader.fixed<std::uint8_t>();
      DeltaRecord record;
      record.dropped = (flags & kDropped) != 0;
      const auto kind = static_cast<std::uint8_t>(flags & ~kDropped);
      if (kind > static_cast<std::uint8_t>(DeltaKind::kDeletePrefix))
        return damaged("a record of no known kind");
      record.kind = static_cast<DeltaKind>(kind);
      record.key = reader.prefixed(kKeyBytesMax);
      if (record.kind == DeltaKind::kPut) record.value = reader.prefixed(kValueBytesMax);
      if (!reader.ok()) return damaged("a record is cut off");
      TRY(visit(record));
    }
    if (!reader.finished()) return damaged("bytes behind the last record of a chunk");
  }
  return {};
}

}  // namespace tributary
