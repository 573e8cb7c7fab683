#include <algorithm>
#include <cstring>
#include <simdjson.h>
#include <vector>

#include "base/excerpt.h"
#include "base/json.h"
#include "base/map.h"
#include "base/money.h"
#include "base/scalar_text.h"
#include "base/text.h"

namespace tributary {
namespace {

namespace od = simdjson::ondemand;

// Elements of a list while their number is not known: grows, aligned for any field type.
class ElementBuffer {
 public:
  void start(std::size_t stride) {
    stride_ = stride;
    count_ = 0;
  }
  // A new element at the end, filled with zeros; valid until the next add().
  char* add() {
    const std::size_t bytes = (count_ + 1) * stride_;
    if (bytes > blocks_.size() * sizeof(Block))
      blocks_.resize(std::max(2 * blocks_.size(), bytes / sizeof(Block) + 1));
    char* element = data() + count_++ * stride_;
    std::memset(element, 0, stride_);
    return element;
  }
  char* data() { return reinterpret_cast<char*>(blocks_.data()); }
  std::size_t count() const { return count_; }
  std::size_t bytes() const { return count_ * stride_; }

 private:
  struct alignas(16) Block {
    char bytes[16];
  };
  std::vector<Block> blocks_;
  std::size_t stride_ = 0;
  std::size_t count_ = 0;
};

std::string_view trimmed(std::string_view token) {
  const std::size_t last = token.find_last_not_of(" \t\r\n");
  return token.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

bool takes_string(TypeKind kind) {
  return kind == TypeKind::kText || kind == TypeKind::kEnum || kind == TypeKind::kTimestamp ||
         kind == TypeKind::kAmount || kind == TypeKind::kCurrency;
}

bool takes_number(TypeKind kind) {
  return (kind >= TypeKind::kInt8 && kind <= TypeKind::kUInt64) || kind == TypeKind::kDuration ||
         kind == TypeKind::kAmount;
}

std::string_view expected_text(TypeKind kind) {
  switch (kind) {
    case TypeKind::kBool:
      return "true or false";
    case TypeKind::kEnum:
      return "the name of an enumerator";
    case TypeKind::kTimestamp:
      return "a time as a string";
    case TypeKind::kAmount:
      return "a decimal";
    case TypeKind::kCurrency:
      return "a currency";
    case TypeKind::kText:
      return "a string";
    case TypeKind::kList:
      return "an array";
    case TypeKind::kMoney:
    case TypeKind::kMap:
    case TypeKind::kRecord:
      return "an object";
    default:
      return "an integer";
  }
}

}  // namespace

class JsonReader::Impl {
 public:
  explicit Impl(JsonReadOptions options) : options_(options), buffers_(kTypeDepthMax) {}

  Status read(const TypeInfo& type, std::string_view line, void* out, Arena& arena) {
    TRIBUTARY_CHECK(type.kind == TypeKind::kRecord, "a JSON line is a record, not {}", type.name);
    path_.clear();
    path_.push_back(type.name);
    fault_value_ = {};
    arena_ = &arena;
    budget_ = options_.total_bytes_max;
    depth_ = 0;
    Status status = read_line(type, line, static_cast<char*>(out));
    if (!status) std::memcpy(out, type.default_value, type.size);
    return status;
  }

  std::uint64_t unknown_fields() const { return unknown_fields_; }
  std::string fault_field() const { return joined(1); }
  std::string_view fault_value() const { return fault_value_; }

 private:
  Status read_line(const TypeInfo& type, std::string_view line, char* out) {
    if (line.size() > options_.line_bytes_max)
      return fail(ErrorCode::D102, "{}: line of {} bytes; at most {}", type.name, line.size(),
                  options_.line_bytes_max);
    // simdjson reads beyond the end, into this padding.
    padded_.resize(std::max(padded_.size(), line.size() + simdjson::SIMDJSON_PADDING));
    if (!line.empty()) std::memcpy(padded_.data(), line.data(), line.size());
    std::memset(padded_.data() + line.size(), ' ', simdjson::SIMDJSON_PADDING);

    od::document document;
    if (const auto error =
            parser_.iterate(padded_.data(), line.size(), padded_.size()).get(document))
      return broken(error);
    od::object object;
    if (const auto error = document.get_object().get(object))
      return error == simdjson::INCORRECT_TYPE ? mismatch(type, trimmed(line)) : broken(error);
    TRY(record(type, object, out));
    if (document.current_location().error() != simdjson::OUT_OF_BOUNDS)
      return fail(ErrorCode::D101, "{}: there is more behind the object", type.name);
    return {};
  }

  Status record(const TypeInfo& type, od::object& object, char* out) {
    std::memcpy(out, type.default_value, type.size);
    std::uint64_t seen = 0;
    std::size_t expected = 0;  // fields mostly come in order
    for (auto item : object) {
      od::field field;
      if (const auto error = std::move(item).get(field)) return broken(error);
      std::string_view name;
      if (const auto error = field.unescaped_key().get(name)) return broken(error);
      const std::size_t index = find_field(type, name, expected);
      if (index == type.fields.size()) {
        if (options_.refuse_unknown_fields)
          return fail(ErrorCode::D101, "{}: unknown field {}", path(), excerpt(name));
        ++unknown_fields_;
        continue;
      }
      expected = index + 1;
      const FieldInfo& info = type.fields[index];
      path_.push_back(info.name);
      if ((seen >> index & 1) != 0) return fail(ErrorCode::D101, "{}: comes twice", path());
      seen |= std::uint64_t{1} << index;
      TRY(value(*info.type, field.value(), out + info.offset));
      path_.pop_back();
    }
    return options_.require_all_fields ? check_all_seen(type, seen) : Status{};
  }

  static std::size_t find_field(const TypeInfo& type, std::string_view name, std::size_t expected) {
    if (expected < type.fields.size() && type.fields[expected].name == name) return expected;
    const auto found = std::ranges::find(type.fields, name, &FieldInfo::name);
    return static_cast<std::size_t>(found - type.fields.begin());
  }

  Status check_all_seen(const TypeInfo& type, std::uint64_t seen) {
    for (std::size_t i = 0; i < type.fields.size(); ++i) {
      if ((seen >> i & 1) != 0 || type.fields[i].type->kind == TypeKind::kOptional) continue;
      path_.push_back(type.fields[i].name);
      return fail(ErrorCode::D101, "{}: is missing", path());
    }
    return {};
  }

  Status value(const TypeInfo& type, od::value json, char* out) {
    od::json_type kind{};
    if (const auto error = json.type().get(kind)) return broken(error);
    switch (type.kind) {
      case TypeKind::kOptional:
        return optional(type, json, kind, out);
      case TypeKind::kRecord: {
        if (kind != od::json_type::object) return mismatch(type, token(json));
        od::object object;
        if (const auto error = json.get_object().get(object)) return broken(error);
        return record(type, object, out);
      }
      case TypeKind::kMoney:
        return money(type, json, kind, out);
      case TypeKind::kList:
        return list(type, json, kind, out);
      case TypeKind::kMap:
        return map(type, json, kind, out);
      default:
        return scalar(type, json, kind, out);
    }
  }

  Status scalar(const TypeInfo& type, od::value json, od::json_type kind, char* out) {
    if (kind == od::json_type::string && takes_string(type.kind)) {
      std::string_view text;
      if (const auto error = json.get_string().get(text)) return broken(error);
      return scalar_text(type, text, out);
    }
    const std::string_view text = token(json);
    const bool fits = kind == od::json_type::number
                          ? takes_number(type.kind)
                          : kind == od::json_type::boolean && type.kind == TypeKind::kBool;
    if (!fits || has_leading_zero(text)) return mismatch(type, text);
    return scalar_text(type, text, out);
  }

  static bool has_leading_zero(std::string_view number) {
    if (number.starts_with('-')) number.remove_prefix(1);
    return number.size() > 1 && number[0] == '0' && number[1] >= '0' && number[1] <= '9';
  }

  Status scalar_text(const TypeInfo& type, std::string_view text, char* out) {
    if (text.size() > options_.text_bytes_max)
      return fail(ErrorCode::D102, "{}: text of {} bytes; at most {}", path(), text.size(),
                  options_.text_bytes_max);
    if (type.kind == TypeKind::kText) TRY(spend(text.size()));
    Status read = read_scalar_text(type, text, out, *arena_);
    if (read) return {};
    fault_value_ = text;
    return std::unexpected(std::move(read).error().in(path()));
  }

  Status optional(const TypeInfo& type, od::value json, od::json_type kind, char* out) {
    std::memset(out, 0, type.size);
    if (kind == od::json_type::null)
      return token(json) == "null" ? Status{} : mismatch(*type.element, token(json));
    TRY(value(*type.element, json, out + type.element_offset));
    out[kOptionalFlagOffset] = 1;
    return {};
  }

  Status money(const TypeInfo& type, od::value json, od::json_type kind, char* out) {
    static constexpr TypeInfo kAmountType{
        .kind = TypeKind::kAmount, .size = sizeof(Amount), .name = "Amount"};
    static constexpr TypeInfo kCurrencyType{
        .kind = TypeKind::kCurrency, .size = sizeof(Currency), .name = "Currency"};
    if (kind != od::json_type::object) return mismatch(type, token(json));
    od::object object;
    if (const auto error = json.get_object().get(object)) return broken(error);
    unsigned seen = 0;
    for (auto item : object) {
      od::field field;
      if (const auto error = std::move(item).get(field)) return broken(error);
      std::string_view name;
      if (const auto error = field.unescaped_key().get(name)) return broken(error);
      const bool is_amount = name == "amount";
      if (!is_amount && name != "currency")
        return fail(ErrorCode::D101, "{}: unknown field {} of an amount of money", path(),
                    excerpt(name));
      const unsigned bit = is_amount ? 1 : 2;
      path_.push_back(is_amount ? "amount" : "currency");
      if ((seen & bit) != 0) return fail(ErrorCode::D101, "{}: comes twice", path());
      seen |= bit;
      TRY(value(is_amount ? kAmountType : kCurrencyType, field.value(),
                out + (is_amount ? offsetof(Money, amount) : offsetof(Money, currency))));
      path_.pop_back();
    }
    if (seen != 3)
      return fail(ErrorCode::D101, "{}: {} is missing", path(),
                  (seen & 1) == 0 ? "amount" : "currency");
    return {};
  }

  Status list(const TypeInfo& type, od::value json, od::json_type kind, char* out) {
    if (kind != od::json_type::array) return mismatch(type, token(json));
    od::array array;
    if (const auto error = json.get_array().get(array)) return broken(error);
    ElementBuffer& elements = buffers_[depth_++];
    elements.start(type.element->size);
    for (auto item : array) {
      od::value element;
      if (const auto error = item.get(element)) return broken(error);
      TRY(check_room(elements, type.element->size));
      TRY(value(*type.element, element, elements.add()));
    }
    --depth_;
    RawList stored;
    if (elements.count() > 0) {
      char* copied = arena_->allocate(elements.bytes(), type.element->alignment);
      std::memcpy(copied, elements.data(), elements.bytes());
      stored = {copied, static_cast<std::uint32_t>(elements.count())};
    }
    std::memcpy(out, &stored, sizeof stored);
    return {};
  }

  Status map(const TypeInfo& type, od::value json, od::json_type kind, char* out) {
    const bool is_object = has_scalar_text(*type.key);
    if (kind != (is_object ? od::json_type::object : od::json_type::array))
      return is_object ? mismatch(type, token(json))
                       : fail(ErrorCode::D101, "{}: expected an array of [key, value]", path());
    ElementBuffer& entries = buffers_[depth_++];
    entries.start(type.entry_size);
    TRY(is_object ? object_entries(type, json, entries) : pair_entries(type, json, entries));
    --depth_;
    const RawList sorted = copy_sorted_entries(type, entries.data(), entries.count(), *arena_);
    if (sorted.size != entries.count())
      return fail(ErrorCode::D101, "{}: a key comes twice", path());
    std::memcpy(out, &sorted, sizeof sorted);
    return {};
  }

  Status object_entries(const TypeInfo& type, od::value json, ElementBuffer& entries) {
    od::object object;
    if (const auto error = json.get_object().get(object)) return broken(error);
    for (auto item : object) {
      od::field field;
      if (const auto error = std::move(item).get(field)) return broken(error);
      std::string_view key;
      if (const auto error = field.unescaped_key().get(key)) return broken(error);
      TRY(check_room(entries, type.entry_size));
      char* entry = entries.add();
      TRY(scalar_text(*type.key, key, entry));
      TRY(value(*type.element, field.value(), entry + type.element_offset));
    }
    return {};
  }

  Status pair_entries(const TypeInfo& type, od::value json, ElementBuffer& entries) {
    od::array array;
    if (const auto error = json.get_array().get(array)) return broken(error);
    for (auto item : array) {
      od::array pair;
      if (const auto error = item.get_array().get(pair))
        return error == simdjson::INCORRECT_TYPE
                   ? fail(ErrorCode::D101, "{}: expected an array of [key, value]", path())
                   : broken(error);
      TRY(check_room(entries, type.entry_size));
      char* entry = entries.add();
      std::size_t parts = 0;
      for (auto part : pair) {
        od::value element;
        if (const auto error = part.get(element)) return broken(error);
        if (parts == 2) return fail(ErrorCode::D101, "{}: an entry is not [key, value]", path());
        TRY(parts == 0 ? value(*type.key, element, entry)
                       : value(*type.element, element, entry + type.element_offset));
        ++parts;
      }
      if (parts != 2) return fail(ErrorCode::D101, "{}: an entry is not [key, value]", path());
    }
    return {};
  }

  Status check_room(const ElementBuffer& elements, std::size_t size) {
    if (elements.count() >= options_.list_elements_max)
      return fail(ErrorCode::D102, "{}: more than {} elements", path(), options_.list_elements_max);
    return spend(size);
  }

  Status spend(std::size_t bytes) {
    if (bytes > budget_)
      return fail(ErrorCode::D102, "{}: record over its limit of {} bytes", path(),
                  options_.total_bytes_max);
    budget_ -= bytes;
    return {};
  }

  static std::string_view token(od::value json) { return trimmed(json.raw_json_token()); }

  Status mismatch(const TypeInfo& type, std::string_view got) {
    fault_value_ = got;
    return fail(ErrorCode::D101, "{}: expected {}, got {}", path(), expected_text(type.kind),
                excerpt(got));
  }

  Status broken(simdjson::error_code error) const {
    return fail(ErrorCode::D101, "{}: not JSON: {}", path(), simdjson::error_message(error));
  }

  std::string path() const { return joined(0); }
  std::string joined(std::size_t first) const {
    std::string text;
    for (std::size_t i = first; i < path_.size(); ++i) {
      if (i > first) text += '.';
      text += path_[i];
    }
    return text;
  }

  JsonReadOptions options_;
  od::parser parser_;
  std::string padded_;
  std::vector<ElementBuffer> buffers_;  // one a level of nesting
  std::vector<std::string_view> path_;
  std::string_view fault_value_;
  Arena* arena_ = nullptr;
  std::size_t budget_ = 0;
  std::size_t depth_ = 0;
  std::uint64_t unknown_fields_ = 0;
};

JsonReader::JsonReader(JsonReadOptions options) : impl_(std::make_unique<Impl>(options)) {}
JsonReader::JsonReader(JsonReader&&) noexcept = default;
JsonReader& JsonReader::operator=(JsonReader&&) noexcept = default;
JsonReader::~JsonReader() = default;

Status JsonReader::read(const TypeInfo& type, std::string_view line, void* out, Arena& arena) {
  return impl_->read(type, line, out, arena);
}

std::uint64_t JsonReader::unknown_fields() const { return impl_->unknown_fields(); }
std::string JsonReader::fault_field() const { return impl_->fault_field(); }
std::string_view JsonReader::fault_value() const { return impl_->fault_value(); }

Status read_json(const TypeInfo& type, std::string_view line, void* out, Arena& arena,
                 const JsonReadOptions& options) {
  return JsonReader(options).read(type, line, out, arena);
}

}  // namespace tributary
