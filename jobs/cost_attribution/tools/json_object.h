// jobs/cost_attribution/tools/json_object.h
// Reads one JSON object into its members as text: numbers keep their token, so money never passes
// through a double, and nested values become compact JSON. Writes JSON strings.
//
// This is the tools' own reader, on another library than the job's, so that what `reconcile`
// recounts does not share the job's mistakes. Thread: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tributary::cost {

struct JsonMember {
  enum class Kind : std::uint8_t { kNull, kBool, kNumber, kString, kNested };

  std::string key;
  Kind kind = Kind::kNull;
  std::string text;  // a string's value, a number's token, "true", compact JSON of what is nested,
                     // "" for null
};

class JsonObject {
 public:
  // D101 when `text` is not one JSON object, nests deeper than 64, or gives a key twice.
  static Result<JsonObject> parse(std::string_view text);

  const std::vector<JsonMember>& members() const { return members_; }
  // Null when absent.
  const JsonMember* find(std::string_view key) const;
  // The value of a string or the token of a number; "" when it is absent or of another kind.
  std::string_view text(std::string_view key) const;

 private:
  std::vector<JsonMember> members_;
};

// Appends `text` as a JSON string, with its quotes. Bytes that are not UTF-8 are written as they
// are.
void append_json_string(std::string& out, std::string_view text);

}  // namespace tributary::cost
