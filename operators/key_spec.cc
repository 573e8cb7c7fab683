#include <memory>
#include <vector>

#include <tributary/internal/key_spec.h>

#include "operators/key_reader.h"

namespace tributary::internal {

std::function<void(Batch& batch)> key_hash_kernel(const KeySpec& key) {
  // Called from every slot that sends: what it writes to is on the stack or of the call.
  return [key, codec = std::make_shared<const KeyCodec>(*key.type)](Batch& batch) {
    KeyReader reader(key, codec);
    const std::span<std::uint64_t> hashes = batch.key_hashes();
    for (std::uint32_t from = 0; from < batch.size(); from += KeyReader::kChunk) {
      const std::uint32_t to = std::min(batch.size(), from + KeyReader::kChunk);
      reader.read(batch, from, to, KeyReader::Hashes::kCompute);
      for (std::uint32_t i = from; i < to; ++i) hashes[i] = reader.address(i - from).hash;
    }
  };
}

std::string field_name_at(const TypeInfo& record, std::size_t offset, const TypeInfo& type) {
  for (const FieldInfo& field : record.fields) {
    if (field.offset == offset && field.type == &type) return std::string(field.name);
  }
  return "function";
}

}  // namespace tributary::internal
