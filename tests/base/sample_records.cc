#include "tests/base/sample_records.h"

#include <algorithm>
#include <vector>

namespace tributary::sample {
namespace {

struct alignas(16) Block {
  char bytes[16];
};

Text random_text(Random& random, Arena& arena) {
  static constexpr std::string_view kPieces[] = {"a", "Z", "é", "€",    "\"",   "\\", "\n",
                                                 ",", " ", "7", "\x01", "NULL", "𝄞"};
  std::string text;
  for (std::uint64_t n = random.below(random.chance(1, 3) ? 30 : 6); n > 0; --n)
    text += kPieces[random.below(std::size(kPieces))];
  return Text(text, arena);
}

Amount random_amount(Random& random) {
  const Int128 units =
      static_cast<Int128>(random.next()) * static_cast<Int128>(random.below(1'000'000));
  return {random.chance(1, 2) ? units : -units};
}

Currency random_currency(Random& random) {
  static constexpr std::string_view kAll[] = {"EUR", "USD", "JPY"};
  return *Currency::parse(kAll[random.below(3)]);
}

// Any value, often an edge.
std::uint64_t random_bits(Random& random) {
  if (random.chance(1, 4)) return 0;
  if (random.chance(1, 4)) return ~std::uint64_t{0};
  return random.next() >> random.below(64);
}

void fill_elements(const TypeInfo& type, void* out, Random& random, Arena& arena) {
  const bool is_map = type.kind == TypeKind::kMap;
  const std::size_t stride = is_map ? type.entry_size : type.element->size;
  const std::size_t count = random.below(5);
  std::vector<Block> memory(count * stride / sizeof(Block) + 1);
  auto* elements = reinterpret_cast<char*>(memory.data());
  for (std::size_t i = 0; i < count; ++i) {
    if (is_map) fill_random(*type.key, elements + i * stride, random, arena);
    fill_random(*type.element, elements + i * stride + type.element_offset, random, arena);
  }
  RawList& list = *static_cast<RawList*>(out);
  if (is_map) {
    list = copy_sorted_entries(type, elements, count, arena);
  } else {
    const RawList view{elements, static_cast<std::uint32_t>(count)};
    deep_copy(type, &view, &list, arena);
  }
}

}  // namespace

void fill_random(const TypeInfo& type, void* out, Random& random, Arena& arena) {
  switch (type.kind) {
    case TypeKind::kBool:
      *static_cast<bool*>(out) = random.chance(1, 2);
      return;
    case TypeKind::kEnum:
      std::memcpy(out, &type.enumerators[random.below(type.enumerators.size())].value, type.size);
      return;
    case TypeKind::kTimestamp:  // years 1970 to 9999
      *static_cast<Timestamp*>(out) = {
          static_cast<std::int64_t>(random.below(253'000'000'000'000'000))};
      return;
    case TypeKind::kAmount:
      *static_cast<Amount*>(out) = random_amount(random);
      return;
    case TypeKind::kCurrency:
      *static_cast<Currency*>(out) = random_currency(random);
      return;
    case TypeKind::kMoney:
      *static_cast<Money*>(out) = {random_amount(random), random_currency(random)};
      return;
    case TypeKind::kText:
      *static_cast<Text*>(out) = random_text(random, arena);
      return;
    case TypeKind::kOptional: {
      const bool has_value = random.chance(2, 3);
      *static_cast<bool*>(out) = has_value;
      if (has_value)
        fill_random(*type.element, static_cast<char*>(out) + type.element_offset, random, arena);
      return;
    }
    case TypeKind::kList:
    case TypeKind::kMap:
      return fill_elements(type, out, random, arena);
    case TypeKind::kRecord:
      for (const FieldInfo& field : type.fields)
        fill_random(*field.type, static_cast<char*>(out) + field.offset, random, arena);
      return;
    default: {
      const std::uint64_t bits = random_bits(random);
      std::memcpy(out, &bits, type.size);
    }
  }
}

}  // namespace tributary::sample
