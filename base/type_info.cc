#include "base/type_info.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "base/map.h"
#include "base/money.h"
#include "base/text.h"

namespace tributary {
namespace {

template <typename T>
const T& as(const void* value) {
  return *static_cast<const T*>(value);
}

const char* bytes_of(const void* value) { return static_cast<const char*>(value); }

template <typename T>
int order(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

template <typename T>
int order_at(const void* a, const void* b) {
  return order(as<T>(a), as<T>(b));
}

std::int64_t enum_value(const TypeInfo& type, const void* value) {
  std::int64_t raw = 0;
  std::memcpy(&raw, value, type.size);
  const int unused_bits = 64 - 8 * static_cast<int>(type.size);
  if (!type.is_signed || unused_bits == 0) return raw;
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(raw) << unused_bits) >> unused_bits;
}

bool optional_has_value(const void* value) { return *static_cast<const bool*>(value); }

// `value` is a bitwise copy in its final place: moves everything it refers to into the arena.
void adopt(const TypeInfo& type, void* value, Arena& arena);

void adopt_elements(const TypeInfo& list, void* value, std::size_t stride, Arena& arena) {
  auto& raw = *static_cast<RawList*>(value);
  if (raw.size == 0) {
    raw.data = nullptr;
    return;
  }
  const std::size_t alignment =
      std::max(list.element->alignment, list.key == nullptr ? 1U : list.key->alignment);
  char* copied = arena.allocate(stride * raw.size, alignment);
  std::memcpy(copied, raw.data, stride * raw.size);
  raw.data = copied;
  const bool keys_refer = list.key != nullptr && list.key->has_references;
  if (!keys_refer && !list.element->has_references) return;
  for (std::size_t i = 0; i < raw.size; ++i, copied += stride) {
    if (keys_refer) adopt(*list.key, copied, arena);
    if (list.element->has_references) adopt(*list.element, copied + list.element_offset, arena);
  }
}

void adopt(const TypeInfo& type, void* value, Arena& arena) {
  switch (type.kind) {
    case TypeKind::kText: {
      auto& text = *static_cast<Text*>(value);
      if (!text.is_inline()) text = Text(arena.copy(text.view()));
      return;
    }
    case TypeKind::kRecord:
      for (const FieldInfo& field : type.references)
        adopt(*field.type, static_cast<char*>(value) + field.offset, arena);
      return;
    case TypeKind::kOptional:
      if (optional_has_value(value) && type.element->has_references)
        adopt(*type.element, static_cast<char*>(value) + type.element_offset, arena);
      return;
    case TypeKind::kList:
      return adopt_elements(type, value, type.element->size, arena);
    case TypeKind::kMap:
      return adopt_elements(type, value, type.entry_size, arena);
    default:
      return;
  }
}

std::size_t referenced_by_elements(const TypeInfo& list, const void* value, std::size_t stride) {
  const auto& raw = as<RawList>(value);
  if (raw.size == 0) return 0;
  std::size_t bytes = stride * raw.size + 15;
  const bool keys_refer = list.key != nullptr && list.key->has_references;
  if (!keys_refer && !list.element->has_references) return bytes;
  const char* element = bytes_of(raw.data);
  for (std::size_t i = 0; i < raw.size; ++i, element += stride) {
    if (keys_refer) bytes += referenced_bytes(*list.key, element);
    if (list.element->has_references)
      bytes += referenced_bytes(*list.element, element + list.element_offset);
  }
  return bytes;
}

int compare_lists(const TypeInfo& type, const void* a, const void* b, std::size_t stride) {
  const auto& left = as<RawList>(a);
  const auto& right = as<RawList>(b);
  const char* x = bytes_of(left.data);
  const char* y = bytes_of(right.data);
  const std::uint32_t common = std::min(left.size, right.size);
  for (std::uint32_t i = 0; i < common; ++i, x += stride, y += stride) {
    const int keys = type.key == nullptr ? 0 : compare(*type.key, x, y);
    if (keys != 0) return keys;
    const int values = compare(*type.element, x + type.element_offset, y + type.element_offset);
    if (values != 0) return values;
  }
  return order(left.size, right.size);
}

bool equal_lists(const TypeInfo& type, const void* a, const void* b) {
  return as<RawList>(a).size == as<RawList>(b).size && compare(type, a, b) == 0;
}

}  // namespace

void deep_copy(const TypeInfo& type, const void* from, void* to, Arena& arena) {
  if (from != to) std::memcpy(to, from, type.size);
  if (type.has_references) adopt(type, to, arena);
}

std::size_t referenced_bytes(const TypeInfo& type, const void* value) {
  switch (type.kind) {
    case TypeKind::kText: {
      const auto& text = as<Text>(value);
      return text.is_inline() ? 0 : text.size();
    }
    case TypeKind::kRecord: {
      std::size_t bytes = 0;
      for (const FieldInfo& field : type.references)
        bytes += referenced_bytes(*field.type, bytes_of(value) + field.offset);
      return bytes;
    }
    case TypeKind::kOptional:
      return optional_has_value(value)
                 ? referenced_bytes(*type.element, bytes_of(value) + type.element_offset)
                 : 0;
    case TypeKind::kList:
      return referenced_by_elements(type, value, type.element->size);
    case TypeKind::kMap:
      return referenced_by_elements(type, value, type.entry_size);
    default:
      return 0;
  }
}

bool equal(const TypeInfo& type, const void* a, const void* b) {
  switch (type.kind) {
    case TypeKind::kText:
      return as<Text>(a) == as<Text>(b);
    case TypeKind::kRecord:
      for (const FieldInfo& field : type.fields)
        if (!equal(*field.type, bytes_of(a) + field.offset, bytes_of(b) + field.offset))
          return false;
      return true;
    case TypeKind::kList:
    case TypeKind::kMap:
      return equal_lists(type, a, b);
    default:
      return compare(type, a, b) == 0;
  }
}

int compare(const TypeInfo& type, const void* a, const void* b) {
  switch (type.kind) {
    case TypeKind::kBool:
      return order_at<bool>(a, b);
    case TypeKind::kInt8:
      return order_at<std::int8_t>(a, b);
    case TypeKind::kInt16:
      return order_at<std::int16_t>(a, b);
    case TypeKind::kInt32:
      return order_at<std::int32_t>(a, b);
    case TypeKind::kInt64:
      return order_at<std::int64_t>(a, b);
    case TypeKind::kUInt8:
      return order_at<std::uint8_t>(a, b);
    case TypeKind::kUInt16:
      return order_at<std::uint16_t>(a, b);
    case TypeKind::kUInt32:
      return order_at<std::uint32_t>(a, b);
    case TypeKind::kUInt64:
      return order_at<std::uint64_t>(a, b);
    case TypeKind::kEnum:
      return order(enum_value(type, a), enum_value(type, b));
    case TypeKind::kTimestamp:
    case TypeKind::kDuration:
      return order_at<std::int64_t>(a, b);
    case TypeKind::kAmount:
      return order_at<Amount>(a, b);
    case TypeKind::kCurrency:
      return order(std::memcmp(a, b, sizeof(Currency)), 0);
    case TypeKind::kMoney: {
      const auto& left = as<Money>(a);
      const auto& right = as<Money>(b);
      const int currencies =
          order(std::memcmp(&left.currency, &right.currency, sizeof(Currency)), 0);
      return currencies != 0 ? currencies : order(left.amount, right.amount);
    }
    case TypeKind::kText:
      return order(as<Text>(a).view().compare(as<Text>(b).view()), 0);
    case TypeKind::kOptional: {
      const bool left = optional_has_value(a);
      const bool right = optional_has_value(b);
      if (!left || !right) return order(left, right);
      return compare(*type.element, bytes_of(a) + type.element_offset,
                     bytes_of(b) + type.element_offset);
    }
    case TypeKind::kList:
      return compare_lists(type, a, b, type.element->size);
    case TypeKind::kMap:
      return compare_lists(type, a, b, type.entry_size);
    case TypeKind::kRecord:
      for (const FieldInfo& field : type.fields) {
        const int result =
            compare(*field.type, bytes_of(a) + field.offset, bytes_of(b) + field.offset);
        if (result != 0) return result;
      }
      return 0;
  }
  return 0;
}

RawList copy_sorted_entries(const TypeInfo& map, const void* entries, std::size_t size,
                            Arena& arena) {
  const std::size_t stride = map.entry_size;
  const auto entry = [&](std::size_t index) { return bytes_of(entries) + index * stride; };
  std::vector<std::size_t> sorted(size);
  std::iota(sorted.begin(), sorted.end(), std::size_t{0});
  std::sort(sorted.begin(), sorted.end(), [&](std::size_t a, std::size_t b) {
    const int keys = compare(*map.key, entry(a), entry(b));
    return keys != 0 ? keys < 0 : a < b;
  });
  if (size == 0) return {};

  char* copied =
      arena.allocate(size * stride, std::max(map.key->alignment, map.element->alignment));
  std::uint32_t kept = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const bool replaced = i + 1 < size && equal(*map.key, entry(sorted[i]), entry(sorted[i + 1]));
    if (!replaced) std::memcpy(copied + stride * kept++, entry(sorted[i]), stride);
  }
  for (std::uint32_t i = 0; i < kept; ++i) {
    char* to = copied + i * stride;
    if (map.key->has_references) adopt(*map.key, to, arena);
    if (map.element->has_references) adopt(*map.element, to + map.element_offset, arena);
  }
  return {copied, kept};
}

const void* find_entry(const TypeInfo& map, const RawList& entries, const void* key) {
  std::uint32_t low = 0;
  std::uint32_t high = entries.size;
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    const char* entry = bytes_of(entries.data) + std::size_t{middle} * map.entry_size;
    const int result = compare(*map.key, entry, key);
    if (result == 0) return entry;
    if (result < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return nullptr;
}

namespace internal {

std::string_view enumerator_name(const TypeInfo& type, std::int64_t value) {
  for (const EnumeratorInfo& enumerator : type.enumerators)
    if (enumerator.value == value) return enumerator.name;
  return {};
}

}  // namespace internal
}  // namespace tributary
