// checkpoint/publish/staged_file.h
// What a file sink stages instead of records: a finished file under a temporary name, and the name
// that it gets when it is published (rule 12).
//
// It travels as a StagedRecord: destination = the final path, value = the encoding below. The file
// is whole and durable, with its folder, before the record is staged; nobody writes to it again.
// Thread: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/hash.h"

namespace tributary {

inline constexpr std::size_t kPathBytesMax = 4096;

struct StagedFile {
  std::string temporary;  // path; its name holds the attempt
  std::uint64_t size = 0;
  Hash128 hash;  // XXH3-128 of the bytes

  friend bool operator==(const StagedFile&, const StagedFile&) = default;
};

std::string encode_staged_file(const StagedFile& file);
// S473 if the bytes are not one.
Result<StagedFile> decode_staged_file(std::string_view bytes);

}  // namespace tributary
