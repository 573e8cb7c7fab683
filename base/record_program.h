// base/record_program.h
// What RecordCodec and Migration execute: per type a list of steps, nested records flattened,
// adjacent plain fields joined into runs. Made from the writer's schema and the reader's table,
// which are the same type for a codec.
//
// Private to base/. Immutable once compiled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/error.h"
#include "base/record_codec.h"
#include "base/schema.h"
#include "base/type_info.h"

namespace tributary::internal {

enum class Op : std::uint8_t {
  kCopy,  // `size` plain bytes
  kText,
  kOptional,  // flag, then the first block
  kList,      // count, then the first block each
  kMap,       // count, then first (key) and second (value) block each
  kDefault,   // from the reader's default value; no input
  kWiden,     // an integer of `size` bytes (signed: `is_signed`) into one of `wide_size`
  kSkip,      // `size` bytes of input
  kSkipText,
  kSkipOptional,
  kSkipList,
  kSkipMap,
  // Checks of memory that kCopy or kWiden has filled.
  kCheckBool,
  kCheckEnum,
  kCheckCurrency,
};

struct Step {
  Op op = Op::kCopy;
  bool is_signed = false;
  std::uint8_t wide_size = 0;
  std::uint32_t offset = 0;  // in the reader's value
  std::uint32_t size = 0;
  std::uint32_t first = 0;  // blocks
  std::uint32_t second = 0;
  const TypeInfo* type = nullptr;
  const void* source = nullptr;  // kDefault
  std::uint32_t path = 0;        // into paths, for messages
};

// The steps of one value.
struct Block {
  std::vector<Step> steps;
  std::uint32_t encoded_bytes_min = 0;
  std::uint32_t encoded_fixed_bytes_max =
      0;                    // without the bytes of texts, elements and optional values
  bool is_one_run = false;  // the value is its encoded bytes
};

class RecordProgram {
 public:
  static Result<std::shared_ptr<const RecordProgram>> compile(const SchemaType& writer,
                                                              const TypeInfo& reader);

  std::size_t encoded_bytes_max(const void* value) const {
    return bytes_max(blocks_.front(), value);
  }
  char* encode(const void* value, char* out) const { return encode(blocks_.front(), value, out); }
  Status decode(std::string_view& input, void* out, Arena& arena, const DecodeLimits& limits,
                TextBytes text_bytes) const;
  Status decode_exact(std::string_view input, void* out, Arena& arena, const DecodeLimits& limits,
                      TextBytes text_bytes) const;

 private:
  friend class ProgramCompiler;
  friend class ProgramDecoder;

  std::size_t bytes_max(const Block& block, const void* value) const;
  char* encode(const Block& block, const void* value, char* out) const;

  const TypeInfo* type_ = nullptr;
  std::vector<Block> blocks_;       // the first is the whole value's
  std::vector<std::string> paths_;  // "tags.value.amount"
};

}  // namespace tributary::internal
