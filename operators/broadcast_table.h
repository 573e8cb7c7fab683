// One task's copy of broadcast state: an ordered map from canonical key bytes to owned values.
//
// Owner: one process operator. Thread: its slot's. Written by on_broadcast only, in the one order
// of the one sender, so that all tasks hold the same.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/error.h"
#include "base/key_codec.h"

namespace tributary::internal {

class BroadcastTable {
 public:
  BroadcastTable(const TypeInfo& value_type, const TypeInfo& key_type);

  const void* get(const void* key) const;
  void put(const void* key, const void* value);
  bool erase(const void* key);
  std::size_t size() const { return cells_.size(); }
  void for_each(const std::function<void(const void* key, const void* value)>& visit) const;

  // Appends the whole table, with its schemas: docs/formats/broadcast-state.md.
  void encode(std::string& out) const;
  // Replaces the table by what encode() of this type, or of one that it can be read from, gave.
  // S401 naming the state's field; S431 for bytes that are no table.
  Status decode(std::string_view bytes);

 private:
  struct Cell {
    Arena arena;  // holds key and value with what they refer to
    char* key = nullptr;
    char* value = nullptr;
  };
  static char* copy(const TypeInfo& type, const void* from, Arena& arena);

  const TypeInfo& value_type_;
  KeyCodec codec_;
  std::map<std::string, Cell, std::less<>> cells_;
};

}  // namespace tributary::internal
