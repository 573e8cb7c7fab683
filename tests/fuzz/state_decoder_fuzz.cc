// Stored schemas make types, and stored bytes and typed texts are read by them: any bytes are read
// or refused. The input is two schemas, each with its length (2 bytes), and what is read by them.
#include "checkpoint/inspect/state_decoder.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "checkpoint/inspect/entry_text.h"

namespace {

std::string_view take(std::string_view& input) {
  if (input.size() < 2) return {};
  const std::size_t size =
      static_cast<unsigned char>(input[0]) + 256U * static_cast<unsigned char>(input[1]);
  const std::string_view taken = input.substr(2, size);
  input.remove_prefix(2 + taken.size());
  return taken;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tributary;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  checkpoint::StateInCatalog entry;
  entry.set_operator_name("operator");
  entry.set_name("state");
  entry.set_kind(checkpoint::StateInCatalog::MAP);
  entry.set_state_id(1);
  entry.set_key_schema(std::string(take(input)));
  entry.set_map_key_schema(entry.key_schema());
  entry.add_value_schemas(std::string(take(input)));
  const auto state = StateDecoder::make(entry);
  if (!state) return 0;
  if (const auto json = state->keys().to_json(input)) TRIBUTARY_CHECK(!json->empty());
  if (const auto bytes = state->keys().to_bytes(input)) (void)state->keys().to_json(*bytes);
  if (const auto value = state->value(input)) TRIBUTARY_CHECK(!value->json.empty());
  (void)state->map_size(input);
  (void)map_key_bytes(*state, input);
  const StatePart part{StatePart::Kind::kMapElement, &*state};
  (void)entry_text(part, input);
  (void)entry_text({StatePart::Kind::kTimer, &*state}, input);
  if (const auto name_space = name_space_bytes(input)) (void)name_space_text(*name_space);
  (void)name_space_text(input);
  return 0;
}
