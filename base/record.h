// base/record.h
// Declares plain structs as records: TRIBUTARY_RECORD(Charge, tenant, start, billed) makes the
// run-time table that codecs, JSON, CSV, schemas and equality work from.
//
// Decides: which types a field may have, and which may be keys. Tables are constants; nothing
// registers itself. The macros stand outside the class, in its namespace; default member
// initialisers are the defaults of evolution.
#pragma once

#include <array>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string_view>
#include <type_traits>

#include "base/for_each_argument.h"
#include "base/list.h"
#include "base/map.h"
#include "base/money.h"
#include "base/optional.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "base/type_info.h"

namespace tributary {

// A struct declared by TRIBUTARY_RECORD or TRIBUTARY_KEY.
template <typename T>
concept Record = requires { tributary_fields(static_cast<const T*>(nullptr)); };

// An enum declared by TRIBUTARY_ENUM.
template <typename T>
concept DeclaredEnum =
    std::is_enum_v<T> && requires { tributary_enumerators(static_cast<const T*>(nullptr)); };

namespace internal {

template <typename T>
inline constexpr bool kIsInteger =
    std::is_integral_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char> &&
    !std::is_same_v<T, wchar_t> && !std::is_same_v<T, char8_t> && !std::is_same_v<T, char16_t> &&
    !std::is_same_v<T, char32_t> && sizeof(T) <= 8;

template <typename T>
inline constexpr bool kIsScalar =
    kIsInteger<T> || std::is_same_v<T, bool> || std::is_same_v<T, Timestamp> ||
    std::is_same_v<T, Duration> || std::is_same_v<T, Amount> || std::is_same_v<T, Currency> ||
    std::is_same_v<T, Money> || std::is_same_v<T, Text>;

template <typename T>
struct Container : std::false_type {};
template <typename T>
struct Container<Optional<T>> : std::true_type {};
template <typename T>
struct Container<List<T>> : std::true_type {};
template <typename K, typename V>
struct Container<Map<K, V>> : std::true_type {};

template <typename T>
concept DeclaredKey = Record<T> && requires { tributary_is_key(static_cast<const T*>(nullptr)); };

}  // namespace internal

// What a field of a record may be.
template <typename T>
concept FieldType =
    internal::kIsScalar<T> || DeclaredEnum<T> || internal::Container<T>::value || Record<T>;

// What key_by may return and a Map may be keyed with: integers, bool, enums, times, Text, Currency,
// and structs of those declared by TRIBUTARY_KEY.
template <typename T>
inline constexpr bool is_key_v =
    internal::kIsInteger<T> || std::is_same_v<T, bool> || DeclaredEnum<T> ||
    std::is_same_v<T, Timestamp> || std::is_same_v<T, Duration> || std::is_same_v<T, Text> ||
    std::is_same_v<T, Currency> || internal::DeclaredKey<T>;

template <typename T>
concept Key = is_key_v<T>;

namespace internal {

// The messages an author sees for a field that cannot be one.
template <typename T>
consteval bool check_field_type() {
  static_assert(
      !std::is_floating_point_v<T>,
      "floating point in a record: use Amount for money, or an integer of a smaller unit");
  static_assert(!std::is_pointer_v<T> && !std::is_reference_v<T>,
                "pointer in a record: use Text, List, Optional or a nested record");
  static_assert(!std::is_array_v<T>, "array in a record: use Text or List");
  static_assert(!std::is_enum_v<T> || DeclaredEnum<T>,
                "enum in a record: declare it before with TRIBUTARY_ENUM(Type, kA, kB, …)");
  static_assert(!std::is_class_v<T> || std::is_trivially_copyable_v<T>,
                "std::string, std::vector or another owning type in a record: use Text, List, Map "
                "or Optional");
  static_assert(!std::is_class_v<T> || !std::is_trivially_copyable_v<T> || FieldType<T>,
                "struct in a record: declare it before with TRIBUTARY_RECORD(Type, field, …)");
  static_assert(
      !std::is_integral_v<T> || kIsInteger<T> || std::is_same_v<T, bool>,
      "character type in a record: use Text, or std::int8_t or std::uint8_t for a number");
  static_assert(std::is_floating_point_v<T> || std::is_pointer_v<T> || std::is_reference_v<T> ||
                    std::is_array_v<T> || std::is_enum_v<T> || std::is_class_v<T> ||
                    std::is_integral_v<T> || FieldType<T>,
                "unsupported type in a record: see docs/authors/records");
  return true;
}

template <typename T>
consteval TypeInfo make_type_info();
template <typename T>
inline constexpr TypeInfo kTypeInfo = make_type_info<T>();

// The default value; dynamic initialisation only if a member initialiser is no constant expression.
template <typename T>
inline const T kDefaultValue{};

template <typename T>
inline constexpr auto kFields = tributary_fields(static_cast<const T*>(nullptr));
template <typename T>
inline constexpr auto kEnumerators = tributary_enumerators(static_cast<const T*>(nullptr));

template <typename T>
consteval std::size_t count_references() {
  std::size_t count = 0;
  for (const FieldInfo& field : kFields<T>) {
    if (!field.type->has_references) continue;
    count += field.type->kind == TypeKind::kRecord ? field.type->references.size() : 1;
  }
  return count;
}

template <typename T>
consteval auto make_references() {
  std::array<FieldInfo, count_references<T>()> references{};
  std::size_t next = 0;
  for (const FieldInfo& field : kFields<T>) {
    if (!field.type->has_references) continue;
    if (field.type->kind != TypeKind::kRecord) {
      references[next++] = field;
      continue;
    }
    for (const FieldInfo& inner : field.type->references)
      references[next++] = {inner.name, field.offset + inner.offset, inner.type};
  }
  return references;
}

template <typename T>
inline constexpr auto kReferences = make_references<T>();

template <typename T>
consteval TypeKind integer_kind() {
  constexpr bool kSigned = std::is_signed_v<T>;
  if constexpr (sizeof(T) == 1) return kSigned ? TypeKind::kInt8 : TypeKind::kUInt8;
  if constexpr (sizeof(T) == 2) return kSigned ? TypeKind::kInt16 : TypeKind::kUInt16;
  if constexpr (sizeof(T) == 4) return kSigned ? TypeKind::kInt32 : TypeKind::kUInt32;
  return kSigned ? TypeKind::kInt64 : TypeKind::kUInt64;
}

consteval std::string_view kind_name(TypeKind kind) {
  constexpr std::string_view kNames[] = {"bool",      "int8",     "int16",  "int32",    "int64",
                                         "uint8",     "uint16",   "uint32", "uint64",   "enum",
                                         "Timestamp", "Duration", "Amount", "Currency", "Money",
                                         "Text",      "Optional", "List",   "Map",      "record"};
  return kNames[static_cast<std::size_t>(kind)];
}

template <typename T>
struct Describe {
  static consteval void into(TypeInfo& info) {
    if constexpr (kIsInteger<T>) info.kind = integer_kind<T>();
    if constexpr (std::is_same_v<T, bool>) info.kind = TypeKind::kBool;
    if constexpr (std::is_same_v<T, Timestamp>) info.kind = TypeKind::kTimestamp;
    if constexpr (std::is_same_v<T, Duration>) info.kind = TypeKind::kDuration;
    if constexpr (std::is_same_v<T, Amount>) info.kind = TypeKind::kAmount;
    if constexpr (std::is_same_v<T, Currency>) info.kind = TypeKind::kCurrency;
    if constexpr (std::is_same_v<T, Money>) info.kind = TypeKind::kMoney;
    if constexpr (std::is_same_v<T, Text>) {
      info.kind = TypeKind::kText;
      info.has_references = true;
    }
    info.name = internal::kind_name(info.kind);
  }
};

template <typename T>
  requires std::is_enum_v<T>
struct Describe<T> {
  static consteval void into(TypeInfo& info) {
    info.kind = TypeKind::kEnum;
    info.name = tributary_type_name(static_cast<const T*>(nullptr));
    info.enumerators = kEnumerators<T>;
    info.is_signed = std::is_signed_v<std::underlying_type_t<T>>;
  }
};

template <Record T>
struct Describe<T> {
  static consteval void into(TypeInfo& info) {
    info.kind = TypeKind::kRecord;
    info.name = tributary_type_name(static_cast<const T*>(nullptr));
    info.fields = kFields<T>;
    info.references = kReferences<T>;
    info.has_references = !kReferences<T>.empty();
    info.default_value = &kDefaultValue<T>;
  }
};

template <typename T>
struct Describe<Optional<T>> {
  static consteval void into(TypeInfo& info) {
    static_assert(!std::is_same_v<T, bool> || sizeof(Optional<T>) == 2);
    info.kind = TypeKind::kOptional;
    info.name = internal::kind_name(info.kind);
    info.element = &kTypeInfo<T>;
    info.element_offset = Optional<T>::value_offset();
    info.has_references = kTypeInfo<T>.has_references;
  }
};

template <typename T>
struct Describe<List<T>> {
  static consteval void into(TypeInfo& info) {
    info.kind = TypeKind::kList;
    info.name = internal::kind_name(info.kind);
    info.element = &kTypeInfo<T>;
    info.has_references = true;
  }
};

template <typename K, typename V>
struct Describe<Map<K, V>> {
  static consteval void into(TypeInfo& info) {
    static_assert(is_key_v<K>, "Map: this type cannot be a key (see docs/authors/keys)");
    using Entry = typename Map<K, V>::Entry;
    info.kind = TypeKind::kMap;
    info.name = internal::kind_name(info.kind);
    info.key = &kTypeInfo<K>;
    info.element = &kTypeInfo<V>;
    info.element_offset = offsetof(Entry, value);
    info.entry_size = sizeof(Entry);
    info.has_references = true;
  }
};

consteval int type_depth(const TypeInfo& info) {
  int deepest = 0;
  for (const FieldInfo& field : info.fields) {
    const int depth = type_depth(*field.type);
    deepest = depth > deepest ? depth : deepest;
  }
  // By kind, not by null pointers: g++ 12 with UBSan takes no such comparison for a constant.
  const bool is_map = info.kind == TypeKind::kMap;
  if (is_map || info.kind == TypeKind::kOptional || info.kind == TypeKind::kList) {
    const int depth = type_depth(*info.element);
    deepest = depth > deepest ? depth : deepest;
  }
  if (is_map) {
    const int depth = type_depth(*info.key);
    deepest = depth > deepest ? depth : deepest;
  }
  return deepest + 1;
}

template <typename T>
consteval TypeInfo make_type_info() {
  static_assert(check_field_type<T>());
  TypeInfo info;
  info.size = sizeof(T);
  info.alignment = alignof(T);
  Describe<T>::into(info);
  return info;
}

// A literal as a template argument; holds an enumerator's text.
template <std::size_t N>
struct Literal {
  char letters[N]{};
  consteval Literal(const char (&text)[N]) {  // NOLINT: implicit by design
    for (std::size_t i = 0; i < N; ++i) letters[i] = text[i];
  }
};

// kPeriodClosed -> period_closed.
template <Literal kIdentifier>
struct EnumeratorText {
  char text[2 * sizeof(kIdentifier.letters)]{};
  std::size_t size = 0;
  consteval EnumeratorText() {
    const char* from = kIdentifier.letters;
    if (from[0] == 'k' && from[1] >= 'A' && from[1] <= 'Z') ++from;
    for (bool first = true; *from != 0; ++from, first = false) {
      const bool upper = *from >= 'A' && *from <= 'Z';
      const bool follows_lower = !first && from[-1] >= 'a' && from[-1] <= 'z';
      const bool follows_digit = !first && from[-1] >= '0' && from[-1] <= '9';
      if (upper && (follows_lower || follows_digit)) text[size++] = '_';
      text[size++] = upper ? static_cast<char>(*from - 'A' + 'a') : *from;
    }
  }
};
template <Literal kIdentifier>
inline constexpr EnumeratorText<kIdentifier> kEnumeratorText{};

template <typename E>
consteval std::int64_t enumerator_value(E value) {
  using U = std::underlying_type_t<E>;
  if constexpr (sizeof(U) == 8 && std::is_unsigned_v<U>) {
    if (static_cast<U>(value) > static_cast<U>(INT64_MAX)) throw "enumerator above 2^63 - 1";
  }
  return static_cast<std::int64_t>(static_cast<U>(value));
}

// As one line of JSON.
std::ostream& print(std::ostream& out, const TypeInfo& type, const void* value);
std::string_view enumerator_name(const TypeInfo& type, std::int64_t value);

}  // namespace internal

template <typename T>
const TypeInfo& type_info() {
  static_assert(internal::check_field_type<T>());
  return internal::kTypeInfo<T>;
}

// The JSON text of an enumerator: kPeriodClosed is "period_closed"; "" for a value that has none.
template <DeclaredEnum E>
std::string_view enum_name(E value) {
  return internal::enumerator_name(type_info<E>(), static_cast<std::int64_t>(value));
}

// A copy with everything it refers to in `arena`.
template <typename T>
T deep_copy(const T& value, Arena& arena) {
  T copied = value;
  if constexpr (internal::kTypeInfo<T>.has_references)
    deep_copy(type_info<T>(), &value, &copied, arena);
  return copied;
}

}  // namespace tributary

#define TRIBUTARY_INTERNAL_FIELD(Type, field)           \
  ::tributary::FieldInfo{#field, offsetof(Type, field), \
                         &::tributary::internal::kTypeInfo<decltype(Type::field)>},
#define TRIBUTARY_INTERNAL_KEY_FIELD(Type, field)             \
  static_assert(::tributary::is_key_v<decltype(Type::field)>, \
                "field " #field " of " #Type " cannot be part of a key (see docs/authors/keys)");
#define TRIBUTARY_INTERNAL_FIELD_CHECK(Type, field) \
  static_assert(::tributary::internal::check_field_type<decltype(Type::field)>());
#define TRIBUTARY_INTERNAL_ENUMERATOR(Type, enumerator)                                   \
  ::tributary::EnumeratorInfo{{::tributary::internal::kEnumeratorText<#enumerator>.text,  \
                               ::tributary::internal::kEnumeratorText<#enumerator>.size}, \
                              ::tributary::internal::enumerator_value(Type::enumerator)},

// TRIBUTARY_RECORD(Charge, tenant, start, billed): up to 64 fields, in the order of the binary
// form. Gives ==, << (as JSON) and the table. A == or << that the class declares itself is
// preferred.
#define TRIBUTARY_RECORD(Type, ...)                                                              \
  static_assert(std::is_trivially_copyable_v<Type>,                                              \
                "record " #Type                                                                  \
                " must be trivially copyable: use Text for strings, List and Map for "           \
                "containers, and no constructors, destructors or virtual functions");            \
  static_assert(std::is_standard_layout_v<Type>,                                                 \
                "record " #Type " must be a plain struct: public fields, no base class");        \
  static_assert(std::is_default_constructible_v<Type>,                                           \
                "record " #Type " must be default constructible");                               \
  TRIBUTARY_FOR_EACH(TRIBUTARY_INTERNAL_FIELD_CHECK, Type, __VA_ARGS__)                          \
  consteval auto tributary_fields(const Type*) {                                                 \
    constexpr std::array table{TRIBUTARY_FOR_EACH(TRIBUTARY_INTERNAL_FIELD, Type, __VA_ARGS__)}; \
    static_assert(table.size() <= ::tributary::kRecordFieldsMax,                                 \
                  "record " #Type " has more than 64 fields: nest some of them in a record");    \
    return table;                                                                                \
  }                                                                                              \
  consteval std::string_view tributary_type_name(const Type*) { return #Type; }                  \
  static_assert(::tributary::internal::type_depth(::tributary::internal::kTypeInfo<Type>) <=     \
                    ::tributary::kTypeDepthMax,                                                  \
                "record " #Type " nests deeper than 16");                                        \
  template <std::same_as<Type> TributaryRecord>                                                  \
  bool operator==(const TributaryRecord& a, const TributaryRecord& b) {                          \
    return ::tributary::equal(::tributary::internal::kTypeInfo<Type>, &a, &b);                   \
  }                                                                                              \
  template <std::same_as<Type> TributaryRecord>                                                  \
  std::ostream& operator<<(std::ostream& out, const TributaryRecord& record) {                   \
    return ::tributary::internal::print(out, ::tributary::internal::kTypeInfo<Type>, &record);   \
  }                                                                                              \
  static_assert(true)

// The same for a struct that is used as a key; it gains an order. Its declaration is frozen once
// state is kept by it.
#define TRIBUTARY_KEY(Type, ...)                                                         \
  TRIBUTARY_FOR_EACH(TRIBUTARY_INTERNAL_KEY_FIELD, Type, __VA_ARGS__)                    \
  TRIBUTARY_RECORD(Type, __VA_ARGS__);                                                   \
  consteval bool tributary_is_key(const Type*) { return true; }                          \
  template <std::same_as<Type> TributaryRecord>                                          \
  std::strong_ordering operator<=>(const TributaryRecord& a, const TributaryRecord& b) { \
    return ::tributary::compare(::tributary::internal::kTypeInfo<Type>, &a, &b) <=> 0;   \
  }                                                                                      \
  static_assert(true)

// TRIBUTARY_ENUM(Status, kNew, kPeriodClosed): up to 64 enumerators. In JSON and CSV they are
// "new", "period_closed".
#define TRIBUTARY_ENUM(Type, ...)                                                             \
  static_assert(std::is_enum_v<Type>, #Type " is not an enum");                               \
  consteval auto tributary_enumerators(const Type*) {                                         \
    return std::array{TRIBUTARY_FOR_EACH(TRIBUTARY_INTERNAL_ENUMERATOR, Type, __VA_ARGS__)};  \
  }                                                                                           \
  consteval std::string_view tributary_type_name(const Type*) { return #Type; }               \
  template <std::same_as<Type> TributaryEnum>                                                 \
  std::ostream& operator<<(std::ostream& out, TributaryEnum value) {                          \
    return ::tributary::internal::print(out, ::tributary::internal::kTypeInfo<Type>, &value); \
  }                                                                                           \
  static_assert(true)
