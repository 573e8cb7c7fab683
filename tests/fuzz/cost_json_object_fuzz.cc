// What the tools read as one JSON object is the same after it was written and read again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "jobs/cost_attribution/tools/json_object.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tributary::cost;
  const auto object = JsonObject::parse({reinterpret_cast<const char*>(data), size});
  if (!object) return 0;
  std::string text = "{";
  for (const JsonMember& member : object->members()) {
    if (text.size() > 1) text += ',';
    append_json_string(text, member.key);
    text += ':';
    if (member.kind == JsonMember::Kind::kNull) {
      text += "null";
    } else if (member.kind == JsonMember::Kind::kString) {
      append_json_string(text, member.text);
    } else {
      text += member.text;
    }
    TRIBUTARY_CHECK(object->find(member.key) == &member, "a key that finds another member");
  }
  text += '}';
  const auto again = JsonObject::parse(text);
  TRIBUTARY_CHECK(again.has_value(), "{}: {}", again.error().to_string(), text);
  TRIBUTARY_CHECK(again->members().size() == object->members().size(), "{}", text);
  for (std::size_t i = 0; i < again->members().size(); ++i) {
    const JsonMember& one = object->members()[i];
    const JsonMember& other = again->members()[i];
    TRIBUTARY_CHECK(one.key == other.key && one.kind == other.kind && one.text == other.text, "{}",
                    text);
  }
  return 0;
}
