// base/dynamic_type.h
// The table of a type that this program was not compiled with, made from its schema: so that the
// ordinary decoders and the JSON writer read stored values without the job's code.
//
// Decides layout alone, which no stored byte depends on. Owns what the table points to; values that
// were decoded by it must not outlive it. Thread: immutable once made.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/schema.h"
#include "base/type_info.h"

namespace tributary {

class DynamicType {
 public:
  // A record's default is zeros: empty texts and lists, the least of what counts from zero.
  explicit DynamicType(const Schema& schema);

  const TypeInfo& info() const { return *root_; }

 private:
  // Addresses stay when a DynamicType moves.
  struct Tables {
    std::deque<TypeInfo> types;
    std::deque<std::vector<FieldInfo>> fields;
    std::deque<std::vector<EnumeratorInfo>> enumerators;
    std::deque<std::string> names;
    std::deque<std::vector<std::uint64_t>> zeros;
  };

  const TypeInfo* add(const SchemaType& type);
  void add_record(const SchemaType& type, TypeInfo& info);

  std::unique_ptr<Tables> tables_;
  const TypeInfo* root_;
};

// Whether values of it may be keys: KeyCodec takes no other type.
bool is_key_schema(const SchemaType& type);

}  // namespace tributary
