// checkpoint/inspect/state_decoder.h
// Reads the keys and values of one state by the schemas that its catalog keeps, without the job's
// code: bytes to JSON, and the texts that people type to the bytes of keys.
//
// Bytes from outside: what does not fit is refused, S441 for stored bytes, C114 for typed text.
// Thread: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/dynamic_type.h"
#include "base/error.h"
#include "base/key_codec.h"
#include "base/migration.h"
#include "base/timestamp.h"
#include "checkpoint/state_snapshot.pb.h"

namespace tributary {

// A type of keys by its schema. Without one, bytes are shown and typed in hexadecimal, "0x2a".
class KeyText {
 public:
  // `schema` encoded; may be empty. S431 if no key has it.
  static Result<KeyText> make(std::string_view schema);

  // The schema in readable form: "Text", "ResourceKey {account: Text, region: int32}", "bytes".
  const std::string& type() const { return type_text_; }
  Result<std::string> to_json(std::string_view bytes) const;
  // A scalar as it is, a record as a JSON object with all of its fields.
  Result<std::string> to_bytes(std::string_view text) const;

 private:
  std::string type_text_ = "bytes";
  std::unique_ptr<DynamicType> made_;
  std::unique_ptr<KeyCodec> codec_;
};

class StateDecoder {
 public:
  // S431 if the catalog says what no engine writes.
  static Result<StateDecoder> make(const checkpoint::StateInCatalog& entry);

  const checkpoint::StateInCatalog& entry() const { return entry_; }
  bool is_map() const { return entry_.kind() == checkpoint::StateInCatalog::MAP; }
  const KeyText& keys() const { return keys_; }
  const KeyText& map_keys() const { return map_keys_; }
  // Of the newest schema; empty for timers.
  const std::string& value_type() const { return value_type_; }

  struct Value {
    std::string json;
    std::optional<Timestamp> written;  // states that expire
  };
  // A value, or an element of a map.
  Result<Value> value(std::string_view stored) const;
  // The head of a map: the number of its elements.
  Result<std::uint64_t> map_size(std::string_view stored) const;

 private:
  struct Schemas {
    DynamicType type;
    Migration decode;
  };

  checkpoint::StateInCatalog entry_;
  KeyText keys_;
  KeyText map_keys_;
  std::vector<std::unique_ptr<Schemas>> values_;  // by schema id
  std::string value_type_;
};

// What a schema says, for people: "Charge {id: Text, cost: Money, tags: Map<Text, Text>}".
std::string schema_text(const SchemaType& type);

// Namespaces have no schema: windows write 8 bytes, the start, which is shown as a time.
std::string name_space_text(std::string_view name_space);
// C114. A time, or hexadecimal with 0x.
Result<std::string> name_space_bytes(std::string_view text);

}  // namespace tributary
