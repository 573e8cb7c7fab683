// tests/fuzz/gzip_member.h
// Compresses what a fuzz target is given, so that it gets behind the check of a stream's form.
#pragma once

#include <string>
#include <string_view>
#include <zlib.h>

#include "base/error.h"

namespace tributary {

// One gzip member that holds `bytes`.
inline std::string gzip_member(std::string_view bytes) {
  std::string out(compressBound(bytes.size()) + 64, '\0');
  z_stream stream{};
  TRIBUTARY_CHECK(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  TRIBUTARY_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace tributary
