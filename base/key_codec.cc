#include "base/key_codec.h"

#include <algorithm>

#include "base/money.h"
#include "base/text.h"

namespace tributary {
namespace {

constexpr std::size_t kCurrencyLetters = 3;

std::uint64_t big_endian(std::uint64_t value) { return __builtin_bswap64(value); }

// Big-endian, with the sign bit flipped, so that bytes sort as numbers do.
char* write_integer(const char* from, std::size_t size, bool is_signed, char* out) {
  std::uint64_t value = 0;
  std::memcpy(&value, from, size);
  const unsigned bits = 8 * static_cast<unsigned>(size);
  if (is_signed) value ^= std::uint64_t{1} << (bits - 1);
  value = big_endian(value << (64 - bits));
  std::memcpy(out, &value, size);
  return out + size;
}

void read_integer(const char* from, std::size_t size, bool is_signed, char* out) {
  std::uint64_t value = 0;
  std::memcpy(&value, from, size);
  const unsigned bits = 8 * static_cast<unsigned>(size);
  value = big_endian(value) >> (64 - bits);
  if (is_signed) value ^= std::uint64_t{1} << (bits - 1);
  std::memcpy(out, &value, size);
}

std::int64_t enum_value(const char* from, const TypeInfo& type) {
  std::uint64_t raw = 0;
  std::memcpy(&raw, from, type.size);
  const unsigned unused_bits = 64 - 8 * type.size;
  if (!type.is_signed) return static_cast<std::int64_t>(raw);
  return static_cast<std::int64_t>(raw << unused_bits) >> unused_bits;
}

}  // namespace

KeyCodec::KeyCodec(const TypeInfo& type) : type_(&type) { add(type, 0); }

void KeyCodec::add(const TypeInfo& type, std::uint32_t offset) {
  Step step{Op::kUnsigned, static_cast<std::uint8_t>(type.size), offset, &type};
  switch (type.kind) {
    case TypeKind::kRecord:
      for (const FieldInfo& field : type.fields) add(*field.type, offset + field.offset);
      return;
    case TypeKind::kInt8:
    case TypeKind::kInt16:
    case TypeKind::kInt32:
    case TypeKind::kInt64:
    case TypeKind::kTimestamp:
    case TypeKind::kDuration:
      step.op = Op::kSigned;
      break;
    case TypeKind::kUInt8:
    case TypeKind::kUInt16:
    case TypeKind::kUInt32:
    case TypeKind::kUInt64:
      break;
    case TypeKind::kBool:
      step.op = Op::kBool;
      break;
    case TypeKind::kEnum:
      step.op = Op::kEnum;
      break;
    case TypeKind::kCurrency:
      step.op = Op::kCurrency;
      step.size = kCurrencyLetters;
      break;
    case TypeKind::kText:
      step.op = Op::kText;
      step.size = 2;
      break;
    default:
      TRIBUTARY_CHECK(false, "{} cannot be (part of) a key", type.name);
  }
  fixed_bytes_ += step.size;
  steps_.push_back(step);
}

std::size_t KeyCodec::encoded_bytes_max(const void* key) const {
  std::size_t bytes = fixed_bytes_;
  for (const Step& step : steps_)
    if (step.op == Op::kText)
      bytes +=
          2 * reinterpret_cast<const Text*>(static_cast<const char*>(key) + step.offset)->size();
  return bytes;
}

char* KeyCodec::encode(const void* key, char* out) const {
  for (const Step& step : steps_) {
    const char* at = static_cast<const char*>(key) + step.offset;
    switch (step.op) {
      case Op::kUnsigned:
        out = write_integer(at, step.size, false, out);
        break;
      case Op::kSigned:
        out = step.size == 8 ? write_integer(at, 8, true, out)
                             : write_integer(at, step.size, true, out);
        break;
      case Op::kBool:
        *out++ = *at;
        break;
      case Op::kEnum:
        out = write_integer(at, step.size, step.type->is_signed, out);
        break;
      case Op::kCurrency:
        std::memcpy(out, at, kCurrencyLetters);
        out += kCurrencyLetters;
        break;
      case Op::kText:
        out = encode_key_text(reinterpret_cast<const Text*>(at)->view(), out);
        break;
    }
  }
  return out;
}

void KeyCodec::encode(const void* key, std::string& out) const {
  const std::size_t before = out.size();
  out.resize_and_overwrite(before + encoded_bytes_max(key), [&](char* bytes, std::size_t) {
    return static_cast<std::size_t>(encode(key, bytes + before) - bytes);
  });
}

void KeyCodec::encode_all(const void* keys, std::size_t count, char* out) const {
  const char* from = static_cast<const char*>(keys);
  const bool is_one_integer = steps_.size() == 1 && type_->size == 8 &&
                              (steps_[0].op == Op::kSigned || steps_[0].op == Op::kUnsigned);
  if (is_one_integer) {  // most keys are; this loop has no branch
    const std::uint64_t sign = steps_[0].op == Op::kSigned ? std::uint64_t{1} << 63 : 0;
    for (std::size_t i = 0; i < count; ++i) {
      std::uint64_t value = 0;
      std::memcpy(&value, from + 8 * i, 8);
      value = big_endian(value ^ sign);
      std::memcpy(out + 8 * i, &value, 8);
    }
    return;
  }
  for (std::size_t i = 0; i < count; ++i) out = encode(from + type_->size * i, out);
}

Status KeyCodec::decode(std::string_view& input, void* out, Arena& arena) const {
  std::memset(out, 0, type_->size);
  std::string_view rest = input;
  for (const Step& step : steps_) {
    Status read = decode_step(step, rest, static_cast<char*>(out) + step.offset, arena);
    if (!read) {
      std::memset(out, 0, type_->size);
      return read;
    }
  }
  input = rest;
  return {};
}

Status KeyCodec::decode_exact(std::string_view input, void* out, Arena& arena) const {
  TRY(decode(input, out, arena));
  if (input.empty()) return {};
  std::memset(out, 0, type_->size);
  return fail(ErrorCode::D101, "key {}: {} bytes too many", type_->name, input.size());
}

Status KeyCodec::decode_step(const Step& step, std::string_view& input, char* out,
                             Arena& arena) const {
  if (step.op == Op::kText) return decode_text(input, out, arena);
  if (input.size() < step.size) return malformed(step, "cut off");
  const char* at = input.data();
  switch (step.op) {
    case Op::kBool:
      if (static_cast<std::uint8_t>(*at) > 1) return malformed(step, "neither 0 nor 1");
      *out = *at;
      break;
    case Op::kCurrency: {
      const std::string_view letters(at, kCurrencyLetters);
      const bool none = letters == std::string_view("\0\0\0", kCurrencyLetters);
      if (!none && !std::ranges::all_of(letters, [](char c) { return c >= 'A' && c <= 'Z'; }))
        return malformed(step, "no currency");
      std::memcpy(out, at, kCurrencyLetters);
      break;
    }
    case Op::kEnum: {
      read_integer(at, step.size, step.type->is_signed, out);
      const std::int64_t value = enum_value(out, *step.type);
      if (std::ranges::find(step.type->enumerators, value, &EnumeratorInfo::value) ==
          step.type->enumerators.end())
        return malformed(step, "no such enumerator");
      break;
    }
    default:
      read_integer(at, step.size, step.op == Op::kSigned, out);
  }
  input.remove_prefix(step.size);
  return {};
}

Status KeyCodec::decode_text(std::string_view& input, char* out, Arena& arena) const {
  std::string unescaped;  // of the rare text with a zero byte
  for (;;) {
    const std::size_t zero = input.find('\0', 0);
    if (zero == std::string_view::npos || zero + 1 == input.size())
      return fail(ErrorCode::D101, "key {}: text is cut off", type_->name);
    const char mark = input[zero + 1];
    if (mark != '\x01' && mark != '\xFF')
      return fail(ErrorCode::D101, "key {}: bad escape in text", type_->name);
    const std::string_view plain = input.substr(0, zero);
    input.remove_prefix(zero + 2);
    if (mark == '\x01' && unescaped.empty()) {
      *reinterpret_cast<Text*>(out) = Text(plain, arena);
      return {};
    }
    unescaped += plain;
    if (mark == '\x01') {
      *reinterpret_cast<Text*>(out) = Text(unescaped, arena);
      return {};
    }
    unescaped += '\0';
  }
}

std::unexpected<Error> KeyCodec::malformed(const Step& step, std::string_view reason) const {
  return fail(ErrorCode::D101, "key {}: {}: {}", type_->name, step.type->name, reason);
}

}  // namespace tributary
