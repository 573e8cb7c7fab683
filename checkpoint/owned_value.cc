#include "checkpoint/owned_value.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/list.h"
#include "base/text.h"

namespace tributary {
namespace {

// Moves what a bitwise copy refers to behind `next`, and `next` with it.
void move_references(const TypeInfo& type, void* value, char*& next);

void move_elements(const TypeInfo& list, void* value, std::size_t stride, char*& next) {
  auto& raw = *static_cast<RawList*>(value);
  if (raw.size == 0) return;
  const std::uintptr_t alignment =
      std::max(list.element->alignment, list.key == nullptr ? 1U : list.key->alignment);
  next = reinterpret_cast<char*>((reinterpret_cast<std::uintptr_t>(next) + alignment - 1) &
                                 ~(alignment - 1));
  char* element = next;
  std::memcpy(element, raw.data, stride * raw.size);
  next += stride * raw.size;
  raw.data = element;
  const bool keys_refer = list.key != nullptr && list.key->has_references;
  if (!keys_refer && !list.element->has_references) return;
  for (std::uint32_t i = 0; i < raw.size; ++i, element += stride) {
    if (keys_refer) move_references(*list.key, element, next);
    if (list.element->has_references)
      move_references(*list.element, element + list.element_offset, next);
  }
}

void move_references(const TypeInfo& type, void* value, char*& next) {
  switch (type.kind) {
    case TypeKind::kText: {
      auto& text = *static_cast<Text*>(value);
      if (text.is_inline()) return;
      const std::size_t size = text.size();
      std::memcpy(next, text.data(), size);
      text = Text(std::string_view(next, size));
      next += size;
      return;
    }
    case TypeKind::kRecord:
      for (const FieldInfo& field : type.references)
        move_references(*field.type, static_cast<char*>(value) + field.offset, next);
      return;
    case TypeKind::kOptional:
      if (static_cast<const char*>(value)[kOptionalFlagOffset] != 0 && type.element->has_references)
        move_references(*type.element, static_cast<char*>(value) + type.element_offset, next);
      return;
    case TypeKind::kList:
      return move_elements(type, value, type.element->size, next);
    case TypeKind::kMap:
      return move_elements(type, value, type.entry_size, next);
    default:
      return;
  }
}

}  // namespace

ValueCopier::ValueCopier(const TypeInfo& type)
    : type_(type),
      staged_((type.size + sizeof(std::max_align_t) - 1) / sizeof(std::max_align_t) + 1) {}

void ValueCopier::write(const void* from, void* to, OwnedReferences& owned) {
  if (!type_.has_references) {
    if (from != to) std::memmove(to, from, type_.size);
    return;
  }
  if (owned.block == nullptr) {
    std::memcpy(staged_.data(), from, type_.size);
  } else {
    // By way of the scratch arena: the new value often refers into the old one's block.
    scratch_.reset();
    deep_copy(type_, from, staged_.data(), scratch_);
  }
  const std::size_t needed = referenced_bytes(type_, staged_.data());
  fit(owned, needed);
  std::memcpy(to, staged_.data(), type_.size);
  char* next = owned.block;
  move_references(type_, to, next);
  TRIBUTARY_CHECK(next <= owned.block + owned.capacity, "a value of {} outgrew its block",
                  type_.name);
}

void ValueCopier::fit(OwnedReferences& owned, std::size_t bytes) {
  constexpr std::size_t kSlack = 256;  // a block so much too big is kept
  if (bytes <= owned.capacity && owned.capacity <= 4 * bytes + kSlack) return;
  release(owned);
  if (bytes == 0) return;
  const std::size_t capacity = (bytes + 15) & ~std::size_t{15};
  owned.block = static_cast<char*>(std::malloc(capacity));
  TRIBUTARY_CHECK(owned.block != nullptr, "no memory for a value of {} bytes", bytes);
  owned.capacity = capacity;
  bytes_ += capacity;
}

void ValueCopier::release(OwnedReferences& owned) {
  if (owned.block == nullptr) return;
  bytes_ -= owned.capacity;
  std::free(owned.block);
  owned = {};
}

void ValueCopier::write_default(void* to) const {
  if (type_.default_value != nullptr)
    std::memcpy(to, type_.default_value, type_.size);
  else
    std::memset(to, 0, type_.size);
}

}  // namespace tributary
