#include "checkpoint/publish/staged_segment.h"

#include "base/bytes.h"

namespace tributary {
namespace {

constexpr std::uint32_t kMagic = 0x53425254;  // "TRBS"
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kHasKey = 1;
constexpr std::uint8_t kHasValue = 2;
constexpr std::size_t kRecordBytesMin = 4;
constexpr std::uint64_t kRecordsMax = std::uint64_t{1} << 24;
constexpr std::int32_t kPartitionMax = 1 << 20;

}  // namespace

SegmentWriter::SegmentWriter(SegmentOwner owner) : owner_(std::move(owner)) {
  TRIBUTARY_CHECK(!owner_.sink.empty() && owner_.sink.size() <= kSinkNameBytesMax);
}

Status SegmentWriter::add(const StagedRecord& record) {
  if (record.bytes() > kStagedRecordBytesMax || record.destination.empty() ||
      record.destination.size() > kDestinationBytesMax || record.partition < -1 ||
      record.partition > kPartitionMax) {
    return fail(
        ErrorCode::D102,
        "staging a record of sink {}: {} bytes (at most {}), a destination of {} (1 to {}), "
        "partition {}",
        owner_.sink, record.bytes(), kStagedRecordBytesMax, record.destination.size(),
        kDestinationBytesMax, record.partition);
  }
  const auto [at, is_new] = index_.try_emplace(std::string(record.destination),
                                               static_cast<std::uint32_t>(destinations_.size()));
  if (is_new) destinations_.emplace_back(record.destination);
  ByteWriter out(body_);
  out.varint(at->second);
  out.varint(static_cast<std::uint32_t>(record.partition + 1));
  out.zigzag(record.timestamp_micros);
  out.fixed(static_cast<std::uint8_t>((record.key ? kHasKey : 0) | (record.value ? kHasValue : 0)));
  if (record.key) out.prefixed(*record.key);
  if (record.value) out.prefixed(*record.value);
  ++records_;
  bytes_ += record.bytes();
  return {};
}

std::string SegmentWriter::finish() {
  std::string bytes;
  bytes.reserve(body_.size() + 64 + destinations_.size() * 32);
  ByteWriter out(bytes);
  out.fixed(kMagic);
  out.fixed(kVersion);
  out.fixed(owner_.uid.high);
  out.fixed(owner_.uid.low);
  out.prefixed(owner_.sink);
  out.varint(owner_.number.value);
  out.varint(destinations_.size());
  for (const std::string& destination : destinations_) out.prefixed(destination);
  out.varint(records_);
  out.raw(body_);
  body_.clear();
  destinations_.clear();
  index_.clear();
  records_ = 0;
  bytes_ = 0;
  return bytes;
}

Result<DecodedSegment> decode_segment(std::string_view bytes) {
  ByteReader in(bytes);
  DecodedSegment segment;
  if (in.fixed<std::uint32_t>() != kMagic || in.fixed<std::uint8_t>() != kVersion) in.fail();
  segment.owner.uid.high = in.fixed<std::uint64_t>();
  segment.owner.uid.low = in.fixed<std::uint64_t>();
  segment.owner.sink = in.prefixed(kSinkNameBytesMax);
  segment.owner.number.value = static_cast<std::uint32_t>(in.varint(UINT32_MAX));
  const std::uint64_t destination_count = in.count(kRecordsMax, 2);
  std::vector<std::string_view> destinations;
  for (std::uint64_t i = 0; i < destination_count && in.ok(); ++i) {
    destinations.push_back(in.prefixed(kDestinationBytesMax));
    if (destinations.back().empty()) in.fail();
  }
  const std::uint64_t count = in.count(kRecordsMax, kRecordBytesMin);
  segment.records.reserve(count);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    StagedRecord record;
    const std::uint64_t destination = in.varint(UINT32_MAX);
    record.partition = static_cast<std::int32_t>(in.varint(kPartitionMax + 1)) - 1;
    record.timestamp_micros = in.zigzag();
    const auto flags = in.fixed<std::uint8_t>();
    if ((flags & kHasKey) != 0) record.key = in.prefixed(kStagedRecordBytesMax);
    if ((flags & kHasValue) != 0) record.value = in.prefixed(kStagedRecordBytesMax);
    if (destination >= destinations.size() || flags > (kHasKey | kHasValue) ||
        record.bytes() > kStagedRecordBytesMax) {
      in.fail();
      break;
    }
    record.destination = destinations[destination];
    segment.records.push_back(record);
  }
  if (!in.finished()) {
    return fail(ErrorCode::S473, "reading staged output: {} bytes that are not one segment",
                bytes.size());
  }
  return segment;
}

}  // namespace tributary
