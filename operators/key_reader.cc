#include "operators/key_reader.h"

#include "base/hash.h"

namespace tributary::internal {

KeyReader::KeyReader(KeySpec key, std::shared_ptr<const KeyCodec> codec)
    : spec_(std::move(key)),
      codec_(std::move(codec)),
      size_(spec_.type->size),
      keys_(new std::byte[size_ * kChunk]) {}

void KeyReader::read(const Batch& batch, std::uint32_t from, std::uint32_t to, Hashes hashes) {
  spec_.extract(spec_.function.get(), batch, from, to, keys_.get());
  std::size_t room = codec_->fixed_bytes_max() * (to - from);
  if (room == 0) {
    for (std::uint32_t i = 0; i < to - from; ++i) room += codec_->encoded_bytes_max(key(i));
  }
  if (bytes_.size() < room) bytes_.resize(room);
  char* at = bytes_.data();
  for (std::uint32_t i = 0; i < to - from; ++i) {
    char* end = codec_->encode(key(i), at);
    const std::string_view encoded(at, static_cast<std::size_t>(end - at));
    addresses_[i] = {
        .hash = hashes == Hashes::kCompute ? xxh3_64(encoded) : batch.key_hash(from + i),
        .key = encoded,
        .name_space = {}};
    at = end;
  }
}

void KeyReader::set(std::uint64_t hash, std::string_view key_bytes) {
  own_key_.assign(key_bytes);
  arena_.reset();
  const Status decoded = codec_->decode_exact(own_key_, keys_.get(), arena_);
  TRIBUTARY_CHECK(decoded.has_value(), "a key in state that its codec cannot read: {}",
                  decoded.error().what());
  addresses_[0] = {.hash = hash, .key = own_key_, .name_space = {}};
}

}  // namespace tributary::internal
