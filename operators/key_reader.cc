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
  const std::uint32_t count = to - from;
  if (const std::size_t width = codec_->width(); width > 0) {
    char* bytes = room_for(width * count);
    codec_->encode_all(keys_.get(), count, bytes);
    for (std::uint32_t i = 0; i < count; ++i)
      addresses_[i] = {.hash = 0, .key = {bytes + width * i, width}, .name_space = {}};
    if (hashes == Hashes::kCompute) {
      std::uint64_t made[kChunk];
      xxh3_64_each(bytes, width, {made, count});
      for (std::uint32_t i = 0; i < count; ++i) addresses_[i].hash = made[i];
      return;
    }
  } else {
    std::size_t room = 0;
    for (std::uint32_t i = 0; i < count; ++i) room += codec_->encoded_bytes_max(key(i));
    char* at = room_for(room);
    for (std::uint32_t i = 0; i < count; ++i) {
      char* end = codec_->encode(key(i), at);
      addresses_[i] = {
          .hash = 0, .key = {at, static_cast<std::size_t>(end - at)}, .name_space = {}};
      at = end;
    }
    if (hashes == Hashes::kCompute) {
      for (std::uint32_t i = 0; i < count; ++i) addresses_[i].hash = xxh3_64(addresses_[i].key);
      return;
    }
  }
  for (std::uint32_t i = 0; i < count; ++i) addresses_[i].hash = batch.key_hash(from + i);
}

char* KeyReader::room_for(std::size_t bytes) {
  if (bytes_.size() < bytes) bytes_.resize(bytes);
  return bytes_.data();
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
