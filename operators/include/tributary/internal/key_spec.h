// How the key of a keyed stream is read from its records, without its type.
//
// Decides: key bytes are the canonical ones of base/key_codec.h, the hash is XXH3 over them, the
// same at the sender (who sets the batch's column) and at the state. Immutable; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/record.h"
#include "runtime/exec/batch.h"

namespace tributary::internal {

struct KeySpec {
  const TypeInfo* type = nullptr;
  std::string name;  // of the key field, or "function"
  std::shared_ptr<const void> function;
  // Writes the keys of records [from, to) one behind the other to `keys`.
  void (*extract)(const void* function, const Batch& batch, std::uint32_t from, std::uint32_t to,
                  void* keys) = nullptr;
};

// Sets the key hash column of a batch. Each copy of the function belongs to one thread.
std::function<void(Batch& batch)> key_hash_kernel(const KeySpec& key);

// The name of the field at `offset` of a record, "function" if there is none.
std::string field_name_at(const TypeInfo& record, std::size_t offset, const TypeInfo& type);

template <typename T, typename K, typename F>
void extract_keys(const void* function, const Batch& batch, std::uint32_t from, std::uint32_t to,
                  void* keys) {
  const F& f = *static_cast<const F*>(function);
  K* out = static_cast<K*>(keys);
  const T* records = static_cast<const T*>(batch.record(0));
  for (std::uint32_t i = from; i < to; ++i) *out++ = std::invoke(f, records[i]);
}

template <typename F>
struct IsMemberPointer : std::false_type {};
template <typename T, typename M>
struct IsMemberPointer<M T::*> : std::bool_constant<!std::is_function_v<M>> {};

// F: a member pointer or a function object of const T&.
template <typename T, typename K, typename F>
KeySpec key_spec(F f) {
  KeySpec key;
  key.type = &type_info<K>();
  key.name = "function";
  if constexpr (IsMemberPointer<F>::value) {
    static constexpr T kProbe{};
    const auto* member = &(kProbe.*f);
    key.name = field_name_at(type_info<T>(),
                             static_cast<std::size_t>(reinterpret_cast<const char*>(member) -
                                                      reinterpret_cast<const char*>(&kProbe)),
                             type_info<K>());
  }
  key.function = std::make_shared<F>(std::move(f));
  key.extract = &extract_keys<T, K, F>;
  return key;
}

}  // namespace tributary::internal
