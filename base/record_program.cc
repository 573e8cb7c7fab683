#include "base/record_program.h"

#include <algorithm>
#include <cstring>

#include "base/money.h"
#include "base/text.h"
#include "base/varint.h"

namespace tributary::internal {
namespace {

const char* bytes_of(const void* value) { return static_cast<const char*>(value); }

bool is_signed_integer(TypeKind kind) {
  return kind >= TypeKind::kInt8 && kind <= TypeKind::kInt64;
}
bool is_unsigned_integer(TypeKind kind) {
  return kind >= TypeKind::kUInt8 && kind <= TypeKind::kUInt64;
}

// Every value of `from` is one of `to`, which is wider.
bool widens(TypeKind from, TypeKind to) {
  if (plain_bytes(from) >= plain_bytes(to)) return false;
  if (is_signed_integer(from)) return is_signed_integer(to);
  return is_unsigned_integer(from) && (is_unsigned_integer(to) || is_signed_integer(to));
}

void copy_bytes(char* to, const char* from, std::size_t size) {
  switch (size) {
    case 1:
      *to = *from;
      return;
    case 4:
      std::memcpy(to, from, 4);
      return;
    case 8:
      std::memcpy(to, from, 8);
      return;
    case 16:
      std::memcpy(to, from, 16);
      return;
    default:
      std::memcpy(to, from, size);
  }
}

}  // namespace

class ProgramCompiler {
 public:
  ProgramCompiler(const SchemaType& writer, const TypeInfo& reader)
      : root_writer_(writer), root_reader_(reader) {}

  Result<std::shared_ptr<const RecordProgram>> compile() {
    program_->type_ = &root_reader_;
    TRY(block(root_writer_, &root_reader_));
    return std::shared_ptr<const RecordProgram>(std::move(program_));
  }

 private:
  struct Draft {
    std::vector<Step> steps;
    std::vector<Step> checks;  // after the steps, so that they do not part a run
  };

  // The block of a value at offset 0; `reader` is null for one that is skipped.
  Result<std::uint32_t> block(const SchemaType& writer, const TypeInfo* reader) {
    const auto index = static_cast<std::uint32_t>(program_->blocks_.size());
    program_->blocks_.emplace_back();
    Draft draft;
    TRY(reader == nullptr ? skip(writer, draft) : read(writer, *reader, 0, draft));
    Block done;
    done.steps = std::move(draft.steps);
    done.is_one_run = reader != nullptr && draft.checks.empty() && done.steps.size() == 1 &&
                      done.steps[0].op == Op::kCopy && done.steps[0].size == reader->size;
    done.steps.insert(done.steps.end(), draft.checks.begin(), draft.checks.end());
    for (const Step& step : done.steps) measure(step, done);
    program_->blocks_[index] = std::move(done);
    return index;
  }

  static void measure(const Step& step, Block& block) {
    switch (step.op) {
      case Op::kCopy:
      case Op::kWiden:
      case Op::kSkip:
        block.encoded_bytes_min += step.size;
        block.encoded_fixed_bytes_max += step.size;
        return;
      case Op::kText:
      case Op::kOptional:
      case Op::kList:
      case Op::kMap:
      case Op::kSkipText:
      case Op::kSkipOptional:
      case Op::kSkipList:
      case Op::kSkipMap:
        block.encoded_bytes_min += 1;
        block.encoded_fixed_bytes_max += kVarint32BytesMax;
        return;
      default:
        return;
    }
  }

  Status read(const SchemaType& writer, const TypeInfo& reader, std::uint32_t offset,
              Draft& draft) {
    if (writer.kind != reader.kind) {
      if (!widens(writer.kind, reader.kind)) return refuse(writer, reader);
      Step step = make(Op::kWiden, offset, plain_bytes(writer.kind));
      step.is_signed = is_signed_integer(writer.kind);
      step.wide_size = static_cast<std::uint8_t>(reader.size);
      draft.steps.push_back(step);
      return {};
    }
    switch (writer.kind) {
      case TypeKind::kRecord:
        return record(writer, reader, offset, draft);
      case TypeKind::kEnum:
        return enumeration(writer, reader, offset, draft);
      case TypeKind::kText:
        draft.steps.push_back(make(Op::kText, offset, 0));
        return {};
      case TypeKind::kOptional:
      case TypeKind::kList:
      case TypeKind::kMap:
        return container(writer, reader, offset, draft);
      case TypeKind::kMoney:
        copy(offset + static_cast<std::uint32_t>(offsetof(Money, amount)), sizeof(Amount), draft);
        currency(offset + static_cast<std::uint32_t>(offsetof(Money, currency)), draft);
        return {};
      case TypeKind::kCurrency:
        currency(offset, draft);
        return {};
      case TypeKind::kBool:
        copy(offset, 1, draft);
        draft.checks.push_back(make(Op::kCheckBool, offset, 1));
        return {};
      default:
        copy(offset, plain_bytes(writer.kind), draft);
        return {};
    }
  }

  Status record(const SchemaType& writer, const TypeInfo& reader, std::uint32_t offset,
                Draft& draft) {
    const auto written = [&](const FieldInfo& field) {
      return std::ranges::any_of(writer.fields,
                                 [&](const SchemaField& f) { return f.name == field.name; });
    };
    // Before all else, since the steps of the fields overwrite it.
    if (!std::ranges::all_of(reader.fields, written)) {
      Step step = make(Op::kDefault, offset, reader.size);
      step.source = reader.default_value;
      draft.steps.push_back(step);
    }
    for (const SchemaField& field : writer.fields) {
      const auto found = std::ranges::find(reader.fields, field.name, &FieldInfo::name);
      const std::size_t parent_size = path_.size();
      if (!path_.empty()) path_ += '.';
      path_ += field.name;
      TRY(found == reader.fields.end()
              ? skip(field.type, draft)
              : read(field.type, *found->type, offset + found->offset, draft));
      path_.resize(parent_size);
    }
    return {};
  }

  Status enumeration(const SchemaType& writer, const TypeInfo& reader, std::uint32_t offset,
                     Draft& draft) {
    for (const SchemaEnumerator& enumerator : writer.enumerators) {
      const auto found =
          std::ranges::find(reader.enumerators, enumerator.name, &EnumeratorInfo::name);
      if (found == reader.enumerators.end())
        return fail(ErrorCode::S401, "field {}: enum {} lost its enumerator {}", path(),
                    writer.name, enumerator.name);
      if (found->value != enumerator.value)
        return fail(ErrorCode::S401, "field {}: enumerator {} of {} was {}, is now {}", path(),
                    enumerator.name, writer.name, enumerator.value, found->value);
    }
    const bool same = writer.enum_bytes == reader.size && writer.enum_is_signed == reader.is_signed;
    const bool wider =
        writer.enum_bytes < reader.size && (!writer.enum_is_signed || reader.is_signed);
    if (same) {
      copy(offset, reader.size, draft);
    } else if (wider) {
      Step step = make(Op::kWiden, offset, writer.enum_bytes);
      step.is_signed = writer.enum_is_signed;
      step.wide_size = static_cast<std::uint8_t>(reader.size);
      draft.steps.push_back(step);
    } else {
      return fail(ErrorCode::S401, "field {}: the integer under enum {} was {} bytes, is now {}",
                  path(), writer.name, writer.enum_bytes, reader.size);
    }
    Step check = make(Op::kCheckEnum, offset, reader.size);
    check.type = &reader;
    draft.checks.push_back(check);
    return {};
  }

  Status container(const SchemaType& writer, const TypeInfo& reader, std::uint32_t offset,
                   Draft& draft) {
    const Op op = writer.kind == TypeKind::kOptional ? Op::kOptional
                  : writer.kind == TypeKind::kList   ? Op::kList
                                                     : Op::kMap;
    Step step = make(op, offset, 0);
    step.type = &reader;
    const std::size_t parent_size = path_.size();
    if (op == Op::kMap) {
      path_ += ".key";
      const Status unchanged = check_same_key(writer.key(), *reader.key);
      if (!unchanged) return unchanged;
      step.first = TRY(block(writer.key(), reader.key));
      path_.resize(parent_size);
      path_ += ".value";
      step.second = TRY(block(writer.element(), reader.element));
    } else {
      path_ += op == Op::kList ? "[]" : "";
      step.first = TRY(block(writer.element(), reader.element));
    }
    path_.resize(parent_size);
    draft.steps.push_back(step);
    return {};
  }

  // A map's order hangs on its key's type.
  Status check_same_key(const SchemaType& writer, const TypeInfo& reader) {
    const Schema now = schema_of(reader);
    if (same_encoding(writer, now.root())) return {};
    return fail(ErrorCode::S401, "field {} was {}, is now {}; a map's key type cannot change",
                path(), writer.to_string(), now.root().to_string());
  }

  void currency(std::uint32_t offset, Draft& draft) {
    copy(offset, sizeof(Currency), draft);
    draft.checks.push_back(make(Op::kCheckCurrency, offset, sizeof(Currency)));
  }

  void copy(std::uint32_t offset, std::size_t size, Draft& draft) {
    if (!draft.steps.empty()) {
      Step& last = draft.steps.back();
      if (last.op == Op::kCopy && last.offset + last.size == offset) {
        last.size += static_cast<std::uint32_t>(size);
        return;
      }
    }
    draft.steps.push_back(make(Op::kCopy, offset, static_cast<std::uint32_t>(size)));
  }

  Status skip(const SchemaType& writer, Draft& draft) {
    switch (writer.kind) {
      case TypeKind::kRecord:
        for (const SchemaField& field : writer.fields) TRY(skip(field.type, draft));
        return {};
      case TypeKind::kText:
        draft.steps.push_back(make(Op::kSkipText, 0, 0));
        return {};
      case TypeKind::kOptional:
      case TypeKind::kList:
      case TypeKind::kMap: {
        Step step = make(writer.kind == TypeKind::kOptional ? Op::kSkipOptional
                         : writer.kind == TypeKind::kList   ? Op::kSkipList
                                                            : Op::kSkipMap,
                         0, 0);
        step.first = TRY(block(writer.parts.front(), nullptr));
        if (writer.kind == TypeKind::kMap) step.second = TRY(block(writer.element(), nullptr));
        draft.steps.push_back(step);
        return {};
      }
      default: {
        const std::uint32_t size =
            writer.kind == TypeKind::kEnum ? writer.enum_bytes : plain_bytes(writer.kind);
        if (!draft.steps.empty() && draft.steps.back().op == Op::kSkip)
          draft.steps.back().size += size;
        else
          draft.steps.push_back(make(Op::kSkip, 0, size));
        return {};
      }
    }
  }

  Step make(Op op, std::uint32_t offset, std::uint32_t size) {
    Step step;
    step.op = op;
    step.offset = offset;
    step.size = size;
    if (program_->paths_.empty() || program_->paths_.back() != path_)
      program_->paths_.push_back(path_);
    step.path = static_cast<std::uint32_t>(program_->paths_.size() - 1);
    return step;
  }

  std::string path() const { return path_.empty() ? "(itself)" : path_; }

  std::unexpected<Error> refuse(const SchemaType& writer, const TypeInfo& reader) const {
    const std::string was = writer.to_string();
    const std::string is = schema_of(reader).root().to_string();
    const bool amount = writer.kind == TypeKind::kMoney || writer.kind == TypeKind::kAmount;
    return std::unexpected<Error>(
        std::in_place, ErrorCode::S401,
        fmt::format("field {} was {}, is now {}; {}", path(), was, is,
                    amount ? "that would lose money" : "stored values cannot be read so"),
        fmt::format("give the new field another name, or declare {} as {} again", path(), was));
  }

  const SchemaType& root_writer_;
  const TypeInfo& root_reader_;
  std::shared_ptr<RecordProgram> program_ = std::make_shared<RecordProgram>();
  std::string path_;
};

Result<std::shared_ptr<const RecordProgram>> RecordProgram::compile(const SchemaType& writer,
                                                                    const TypeInfo& reader) {
  return ProgramCompiler(writer, reader).compile();
}

std::size_t RecordProgram::bytes_max(const Block& block, const void* value) const {
  std::size_t bytes = block.encoded_fixed_bytes_max;
  for (const Step& step : block.steps) {
    const char* at = bytes_of(value) + step.offset;
    switch (step.op) {
      case Op::kText:
        bytes += reinterpret_cast<const Text*>(at)->size();
        break;
      case Op::kOptional:
        if (*reinterpret_cast<const bool*>(at))
          bytes += bytes_max(blocks_[step.first], at + step.type->element_offset);
        break;
      case Op::kList: {
        const auto& list = *reinterpret_cast<const RawList*>(at);
        const Block& element = blocks_[step.first];
        if (element.is_one_run) {
          bytes += std::size_t{list.size} * element.encoded_fixed_bytes_max;
          break;
        }
        for (std::size_t i = 0; i < list.size; ++i)
          bytes += bytes_max(element, bytes_of(list.data) + i * step.type->element->size);
        break;
      }
      case Op::kMap: {
        const auto& map = *reinterpret_cast<const RawList*>(at);
        for (std::size_t i = 0; i < map.size; ++i) {
          const char* entry = bytes_of(map.data) + i * step.type->entry_size;
          bytes += bytes_max(blocks_[step.first], entry) +
                   bytes_max(blocks_[step.second], entry + step.type->element_offset);
        }
        break;
      }
      default:
        break;
    }
  }
  return bytes;
}

char* RecordProgram::encode(const Block& block, const void* value, char* out) const {
  for (const Step& step : block.steps) {
    const char* at = bytes_of(value) + step.offset;
    switch (step.op) {
      case Op::kCopy:
        copy_bytes(out, at, step.size);
        out += step.size;
        break;
      case Op::kText: {
        const Text& text = *reinterpret_cast<const Text*>(at);
        out = write_varint32(static_cast<std::uint32_t>(text.size()), out);
        std::memcpy(out, text.data(), text.size());
        out += text.size();
        break;
      }
      case Op::kOptional: {
        const bool has_value = *reinterpret_cast<const bool*>(at);
        *out++ = static_cast<char>(has_value);
        if (has_value) out = encode(blocks_[step.first], at + step.type->element_offset, out);
        break;
      }
      case Op::kList: {
        const auto& list = *reinterpret_cast<const RawList*>(at);
        const Block& element = blocks_[step.first];
        const std::size_t stride = step.type->element->size;
        out = write_varint32(list.size, out);
        if (element.is_one_run && list.size > 0) {
          std::memcpy(out, list.data, stride * list.size);
          out += stride * list.size;
          break;
        }
        for (std::size_t i = 0; i < list.size; ++i)
          out = encode(element, bytes_of(list.data) + i * stride, out);
        break;
      }
      case Op::kMap: {
        const auto& map = *reinterpret_cast<const RawList*>(at);
        out = write_varint32(map.size, out);
        for (std::size_t i = 0; i < map.size; ++i) {
          const char* entry = bytes_of(map.data) + i * step.type->entry_size;
          out = encode(blocks_[step.first], entry, out);
          out = encode(blocks_[step.second], entry + step.type->element_offset, out);
        }
        break;
      }
      default:
        break;  // checks
    }
  }
  return out;
}

}  // namespace tributary::internal
