// operators/connectors/byte_stream.h
// The bytes of one input file in order, decompressed when it is gzip.
//
// Thread: one task. Positions count decompressed bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/error.h"
#include "base/file_system.h"

namespace tributary {

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Fewer bytes than there is room for at any time; 0 at the present end of the file (or no room).
  // F101 if a gzip file is damaged or ends within a member.
  virtual Result<std::size_t> read(std::span<char> to) = 0;
  // What is left, in bytes of the file as it lies there; -1 unknown.
  virtual std::int64_t left() const = 0;

  // Chooses by the name: *.gz is gzip. `from` is where to begin, 0 for gzip.
  static Result<std::unique_ptr<ByteStream>> open(FileSystem& files, const std::string& path,
                                                  std::uint64_t from = 0);
};

}  // namespace tributary
