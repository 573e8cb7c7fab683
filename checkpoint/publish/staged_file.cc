#include "checkpoint/publish/staged_file.h"

#include "base/bytes.h"

namespace tributary {

std::string encode_staged_file(const StagedFile& file) {
  std::string bytes;
  ByteWriter out(bytes);
  out.prefixed(file.temporary);
  out.varint(file.size);
  out.fixed(file.hash.high);
  out.fixed(file.hash.low);
  return bytes;
}

Result<StagedFile> decode_staged_file(std::string_view bytes) {
  ByteReader in(bytes);
  StagedFile file;
  file.temporary = in.prefixed(kPathBytesMax);
  file.size = in.varint();
  file.hash.high = in.fixed<std::uint64_t>();
  file.hash.low = in.fixed<std::uint64_t>();
  if (!in.finished() || file.temporary.empty())
    return fail(ErrorCode::S473, "reading a staged file's name: {} bytes", bytes.size());
  return file;
}

}  // namespace tributary
