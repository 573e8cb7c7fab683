#include <algorithm>
#include <memory>

#include <tributary/internal/key_spec.h>

#include "operators/key_reader.h"

namespace tributary::internal {

namespace {

// Each copy has a reader of its own: a sender keeps a copy, and senders run on many slots.
class HashKeys {
 public:
  explicit HashKeys(const KeySpec& key)
      : reader_(std::make_unique<KeyReader>(key, std::make_shared<const KeyCodec>(*key.type))) {}
  HashKeys(const HashKeys& other)
      : reader_(std::make_unique<KeyReader>(other.reader_->spec(), other.reader_->codec())) {}
  HashKeys& operator=(const HashKeys&) = delete;

  void operator()(Batch& batch) {
    const std::span<std::uint64_t> hashes = batch.key_hashes();
    for (std::uint32_t from = 0; from < batch.size(); from += KeyReader::kChunk) {
      const std::uint32_t to = std::min(batch.size(), from + KeyReader::kChunk);
      reader_->read(batch, from, to, KeyReader::Hashes::kCompute);
      for (std::uint32_t i = from; i < to; ++i) hashes[i] = reader_->address(i - from).hash;
    }
  }

 private:
  std::unique_ptr<KeyReader> reader_;
};

}  // namespace

std::function<void(Batch& batch)> key_hash_kernel(const KeySpec& key) { return HashKeys(key); }

std::string field_name_at(const TypeInfo& record, std::size_t offset, const TypeInfo& type) {
  for (const FieldInfo& field : record.fields) {
    if (field.offset == offset && field.type == &type) return std::string(field.name);
  }
  return "function";
}

}  // namespace tributary::internal
