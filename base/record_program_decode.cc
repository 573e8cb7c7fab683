#include <algorithm>
#include <cstring>

#include "base/money.h"
#include "base/record_program.h"
#include "base/text.h"
#include "base/varint.h"

namespace tributary::internal {
namespace {

std::int64_t load_integer(const char* from, std::size_t size, bool is_signed) {
  std::uint64_t raw = 0;
  std::memcpy(&raw, from, size);
  const unsigned unused_bits = 64 - 8 * static_cast<unsigned>(size);
  if (!is_signed || unused_bits == 0) return static_cast<std::int64_t>(raw);
  return static_cast<std::int64_t>(raw << unused_bits) >> unused_bits;
}

bool is_enumerator(const TypeInfo& type, std::int64_t value) {
  // The common enum counts from 0.
  const std::span<const EnumeratorInfo> all = type.enumerators;
  if (value >= 0 && static_cast<std::uint64_t>(value) < all.size() &&
      all[static_cast<std::size_t>(value)].value == value)
    return true;
  return std::ranges::any_of(all, [&](const EnumeratorInfo& e) { return e.value == value; });
}

bool is_currency(const char* letters) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const bool none = letters[0] == 0 && letters[1] == 0 && letters[2] == 0;
  return letters[3] == 0 && (none || (upper(letters[0]) && upper(letters[1]) && upper(letters[2])));
}

}  // namespace

class ProgramDecoder {
 public:
  ProgramDecoder(const RecordProgram& program, std::string_view input, Arena& arena,
                 const DecodeLimits& limits, TextBytes text_bytes)
      : program_(program),
        begin_(input.data()),
        at_(begin_),
        end_(begin_ + input.size()),
        arena_(arena),
        limits_(limits),
        budget_(limits.total_bytes_max),
        copies_texts_(text_bytes == TextBytes::kCopied) {}

  bool run(void* out) { return run(program_.blocks_.front(), static_cast<char*>(out)); }

  std::size_t consumed() const { return static_cast<std::size_t>(at_ - begin_); }

  std::unexpected<Error> error() const {
    const std::string& path = program_.paths_[failed_->path];
    return fail(failure_code_, "{}{}{}: {} at byte {}", program_.type_->name,
                path.empty() ? "" : ".", path, failure_, consumed());
  }

 private:
  bool run(const Block& block, char* out) {
    for (const Step& step : block.steps)
      if (!run(step, out + step.offset)) [[unlikely]]
        return false;
    return true;
  }

  bool run(const Step& step, char* out) {
    switch (step.op) {
      case Op::kCopy:
        if (left() < step.size) return cut_off(step);
        if (step.size == 8)
          std::memcpy(out, at_, 8);
        else
          std::memcpy(out, at_, step.size);
        at_ += step.size;
        return true;
      case Op::kText:
        return text(step, out);
      case Op::kOptional:
        return optional(step, out);
      case Op::kList:
        return list(step, out);
      case Op::kMap:
        return map(step, out);
      case Op::kDefault:
        std::memcpy(out, step.source, step.size);
        return true;
      case Op::kWiden: {
        if (left() < step.size) return cut_off(step);
        const std::int64_t wide = load_integer(at_, step.size, step.is_signed);
        std::memcpy(out, &wide, step.wide_size);
        at_ += step.size;
        return true;
      }
      case Op::kSkip:
        if (left() < step.size) return cut_off(step);
        at_ += step.size;
        return true;
      case Op::kSkipText: {
        std::uint32_t size = 0;
        if (!length(step, limits_.text_bytes_max, 1, size)) return false;
        at_ += size;
        return true;
      }
      case Op::kSkipOptional: {
        bool has_value = false;
        return flag(step, has_value) && (!has_value || run(program_.blocks_[step.first], nullptr));
      }
      case Op::kSkipList:
      case Op::kSkipMap:
        return skip_elements(step);
      case Op::kCheckBool:
        return *reinterpret_cast<const std::uint8_t*>(out) <= 1 ||
               malformed(step, "bool is neither 0 nor 1");
      case Op::kCheckEnum:
        return is_enumerator(*step.type, load_integer(out, step.size, step.type->is_signed)) ||
               malformed(step, "no such enumerator");
      case Op::kCheckCurrency:
        return is_currency(out) || malformed(step, "no currency");
    }
    return false;
  }

  bool text(const Step& step, char* out) {
    std::uint32_t size = 0;
    if (!length(step, limits_.text_bytes_max, 1, size)) return false;
    std::string_view bytes(at_, size);
    if (copies_texts_ && size > Text::kInlineBytes) {
      if (!spend(step, size)) return false;
      bytes = arena_.copy(bytes);
    }
    *reinterpret_cast<Text*>(out) = Text(bytes);
    at_ += size;
    return true;
  }

  bool optional(const Step& step, char* out) {
    bool has_value = false;
    if (!flag(step, has_value)) return false;
    out[kOptionalFlagOffset] = static_cast<char>(has_value);
    char* value = out + step.type->element_offset;
    if (has_value) return run(program_.blocks_[step.first], value);
    std::memset(value, 0, step.type->element->size);
    return true;
  }

  bool list(const Step& step, char* out) {
    const TypeInfo& element = *step.type->element;
    const Block& block = program_.blocks_[step.first];
    std::uint32_t count = 0;
    if (!length(step, limits_.list_elements_max, block.encoded_bytes_min, count)) return false;
    char* elements = nullptr;
    if (!allocate(step, count, element.size, element.alignment, elements)) return false;
    if (block.is_one_run) {
      const std::size_t bytes = std::size_t{count} * element.size;
      if (count > 0) std::memcpy(elements, at_, bytes);
      at_ += bytes;
    } else {
      for (std::uint32_t i = 0; i < count; ++i)
        if (!run(block, elements + std::size_t{i} * element.size)) return false;
    }
    *reinterpret_cast<RawList*>(out) = {elements, count};
    return true;
  }

  bool map(const Step& step, char* out) {
    const TypeInfo& type = *step.type;
    const Block& key = program_.blocks_[step.first];
    const Block& value = program_.blocks_[step.second];
    std::uint32_t count = 0;
    if (!length(step, limits_.list_elements_max, key.encoded_bytes_min + value.encoded_bytes_min,
                count))
      return false;
    char* entries = nullptr;
    if (!allocate(step, count, type.entry_size,
                  std::max(type.key->alignment, type.element->alignment), entries))
      return false;
    for (std::uint32_t i = 0; i < count; ++i) {
      char* entry = entries + std::size_t{i} * type.entry_size;
      if (!run(key, entry)) return false;
      if (i > 0 && compare(*type.key, entry - type.entry_size, entry) >= 0)
        return malformed(step, "keys of a map do not ascend");
      if (!run(value, entry + type.element_offset)) return false;
    }
    *reinterpret_cast<RawList*>(out) = {entries, count};
    return true;
  }

  bool skip_elements(const Step& step) {
    const Block& first = program_.blocks_[step.first];
    const Block* second = step.op == Op::kSkipMap ? &program_.blocks_[step.second] : nullptr;
    const std::uint32_t bytes_min =
        first.encoded_bytes_min + (second == nullptr ? 0 : second->encoded_bytes_min);
    std::uint32_t count = 0;
    if (!length(step, limits_.list_elements_max, bytes_min, count)) return false;
    for (std::uint32_t i = 0; i < count; ++i)
      if (!run(first, nullptr) || (second != nullptr && !run(*second, nullptr))) return false;
    return true;
  }

  bool flag(const Step& step, bool& value) {
    if (left() < 1) return cut_off(step);
    if (static_cast<std::uint8_t>(*at_) > 1)
      return malformed(step, "optional's flag is neither 0 nor 1");
    value = *at_++ == 1;
    return true;
  }

  // A length or count of things that take at least `bytes_min` each, so that what is left bounds it
  // before anything is allocated.
  bool length(const Step& step, std::uint32_t max, std::uint32_t bytes_min, std::uint32_t& value) {
    if (!read_varint32(at_, end_, value)) return malformed(step, "bad length");
    if (value > max) return failed(step, ErrorCode::D102, "length over its limit");
    return std::size_t{value} * bytes_min <= left() || cut_off(step);
  }

  bool allocate(const Step& step, std::uint32_t count, std::uint32_t size, std::uint32_t alignment,
                char*& elements) {
    if (count == 0) return true;
    const std::size_t bytes = std::size_t{count} * size;
    if (!spend(step, bytes)) return false;
    elements = arena_.allocate(bytes, alignment);
    return true;
  }

  bool spend(const Step& step, std::size_t bytes) {
    if (bytes > budget_) return failed(step, ErrorCode::D102, "record over its limit of memory");
    budget_ -= bytes;
    return true;
  }

  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

  bool cut_off(const Step& step) { return failed(step, ErrorCode::D101, "bytes are cut off"); }
  bool malformed(const Step& step, const char* reason) {
    return failed(step, ErrorCode::D101, reason);
  }
  bool failed(const Step& step, ErrorCode code, const char* reason) {
    failed_ = &step;
    failure_code_ = code;
    failure_ = reason;
    return false;
  }

  const RecordProgram& program_;
  const char* begin_;
  const char* at_;
  const char* end_;
  Arena& arena_;
  const DecodeLimits& limits_;
  std::size_t budget_;
  bool copies_texts_;
  const Step* failed_ = nullptr;
  ErrorCode failure_code_ = ErrorCode::D101;
  const char* failure_ = "";
};

Status RecordProgram::decode(std::string_view& input, void* out, Arena& arena,
                             const DecodeLimits& limits, TextBytes text_bytes) const {
  ProgramDecoder decoder(*this, input, arena, limits, text_bytes);
  if (!decoder.run(out)) [[unlikely]] {
    std::memset(out, 0, type_->size);
    return decoder.error();
  }
  input.remove_prefix(decoder.consumed());
  return {};
}

Status RecordProgram::decode_exact(std::string_view input, void* out, Arena& arena,
                                   const DecodeLimits& limits, TextBytes text_bytes) const {
  TRY(decode(input, out, arena, limits, text_bytes));
  if (input.empty()) return {};
  std::memset(out, 0, type_->size);
  return fail(ErrorCode::D101, "{}: {} bytes too many", type_->name, input.size());
}

}  // namespace tributary::internal
