#include "base/record_codec.h"

#include "base/record_program.h"
#include "base/schema.h"

namespace tributary {

RecordCodec::RecordCodec(const TypeInfo& type) : type_(&type) {
  const Schema schema = schema_of(type);
  auto compiled = internal::RecordProgram::compile(schema.root(), type);
  TRIBUTARY_CHECK(compiled.has_value(), "a type reads itself: {}", type.name);
  program_ = *std::move(compiled);
}

std::size_t RecordCodec::encoded_bytes_max(const void* value) const {
  return program_->encoded_bytes_max(value);
}

char* RecordCodec::encode(const void* value, char* out) const {
  return program_->encode(value, out);
}

void RecordCodec::encode(const void* value, std::string& out) const {
  const std::size_t before = out.size();
  out.resize_and_overwrite(before + encoded_bytes_max(value), [&](char* bytes, std::size_t) {
    return static_cast<std::size_t>(encode(value, bytes + before) - bytes);
  });
}

Status RecordCodec::decode(std::string_view& input, void* out, Arena& arena,
                           const DecodeLimits& limits, TextBytes text_bytes) const {
  return program_->decode(input, out, arena, limits, text_bytes);
}

Status RecordCodec::decode_exact(std::string_view input, void* out, Arena& arena,
                                 const DecodeLimits& limits, TextBytes text_bytes) const {
  return program_->decode_exact(input, out, arena, limits, text_bytes);
}

}  // namespace tributary
