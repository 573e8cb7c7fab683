#include "checkpoint/inspect/entry_text.h"

#include <charconv>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "checkpoint/lsm_key.h"

namespace tributary {
namespace {

using Kind = StatePart::Kind;

std::unexpected<Error> no_key(const StatePart& part) {
  const auto& entry = part.state->entry();
  return fail(ErrorCode::S441, "state \"{}\" of {} has an entry under bytes that are no key",
              entry.name(), entry.operator_name());
}

// Without a schema of its own a map key of 8 bytes is the place in a list.
Result<std::string> map_key_text(const StateDecoder& state, std::string_view bytes) {
  if (state.entry().map_key_schema().empty() && bytes.size() == 8)
    return fmt::format("{}", read_big_endian<std::uint64_t>(bytes.data()));
  return state.map_keys().to_json(bytes);
}

}  // namespace

Result<std::string> map_key_bytes(const StateDecoder& state, std::string_view text) {
  std::uint64_t place = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), place);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (!state.entry().map_key_schema().empty() || !is_number) return state.map_keys().to_bytes(text);
  std::string bytes;
  append_big_endian(bytes, place);
  return bytes;
}

Result<EntryText> entry_text(const StatePart& part, std::string_view lsm_key) {
  EntryText text;
  if (part.kind == Kind::kTimer) {
    auto timer = parse_timer_key(lsm_key);
    if (!timer) return no_key(part);
    text.key_bytes = std::move(timer->key);
    text.name_space_bytes = std::move(timer->name_space);
    text.timer_name = std::move(timer->name);
    text.timer_at = format_timestamp(timer->at);
    text.by_processing_time = timer->domain == TimeDomain::kProcessing;
  } else {
    auto address = parse_entry_key(lsm_key);
    const bool is_element = part.kind == Kind::kMapElement;
    if (!address || (!is_element && !address->map_key.empty())) return no_key(part);
    if (is_element) text.map_key = TRY(map_key_text(*part.state, address->map_key));
    text.key_bytes = std::move(address->key);
    text.name_space_bytes = std::move(address->name_space);
  }
  text.key = TRY(part.state->keys().to_json(text.key_bytes));
  text.name_space = name_space_text(text.name_space_bytes);
  return text;
}

}  // namespace tributary
