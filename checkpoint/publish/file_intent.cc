#include "checkpoint/publish/file_intent.h"

#include "base/bytes.h"

namespace tributary {
namespace {

constexpr std::uint32_t kIntentMagic = 0x49425254;  // "TRBI"
constexpr std::uint32_t kDoneMagic = 0x44425254;    // "TRBD"
constexpr std::size_t kMarkBytesMax = 64 * 1024;
constexpr std::uint64_t kRenamesMax = std::uint64_t{1} << 24;
constexpr std::size_t kRenameBytesMin = 20;

std::string with_checksum(std::uint32_t magic, std::string body) {
  std::string bytes;
  ByteWriter out(bytes);
  out.fixed(magic);
  out.fixed(xxh3_64(body));
  out.raw(body);
  return bytes;
}

Result<std::string_view> checked(std::uint32_t magic, std::string_view bytes) {
  ByteReader in(bytes);
  const bool right = in.fixed<std::uint32_t>() == magic;
  const auto sum = in.fixed<std::uint64_t>();
  if (!in.ok() || !right || xxh3_64(in.rest()) != sum)
    return fail(ErrorCode::S472, "{} bytes with another beginning or checksum", bytes.size());
  return in.rest();
}

}  // namespace

std::string encode_intent(const FileIntent& intent) {
  std::string body;
  ByteWriter out(body);
  out.prefixed(encode_mark(intent.mark));
  out.varint(intent.renames.size());
  for (const FileIntent::Rename& rename : intent.renames) {
    out.prefixed(encode_staged_file(rename.from));
    out.prefixed(rename.to);
  }
  return with_checksum(kIntentMagic, std::move(body));
}

Result<FileIntent> decode_intent(std::string_view bytes) {
  ByteReader in(TRY(checked(kIntentMagic, bytes)));
  FileIntent intent;
  const std::string_view mark = in.prefixed(kMarkBytesMax);
  const std::uint64_t count = in.count(kRenamesMax, kRenameBytesMin);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const std::string_view from = in.prefixed(2 * kPathBytesMax);
    const std::string_view to = in.prefixed(kPathBytesMax);
    if (!in.ok()) break;
    intent.renames.push_back({TRY(decode_staged_file(from)), std::string(to)});
  }
  if (!in.finished()) return fail(ErrorCode::S472, "reading an intent: {} bytes", bytes.size());
  intent.mark = TRY(decode_mark(mark));
  return intent;
}

std::string encode_done(const Mark& mark) { return with_checksum(kDoneMagic, encode_mark(mark)); }

Result<Mark> decode_done(std::string_view bytes) {
  return decode_mark(TRY(checked(kDoneMagic, bytes)));
}

}  // namespace tributary
