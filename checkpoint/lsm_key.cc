#include "checkpoint/lsm_key.h"

#include "base/bytes.h"
#include "base/key_codec.h"

namespace tributary {
namespace {

constexpr std::size_t kHeadBytes = 4;

std::size_t text_bytes_max(std::string_view text) { return 2 * text.size() + 2; }

// Room for kHeadBytes.
char* write_head(KeyGroup group, StateId state, char* out) {
  *out++ = static_cast<char>(group.value >> 8);
  *out++ = static_cast<char>(group.value);
  *out++ = static_cast<char>(state.value >> 8);
  *out++ = static_cast<char>(state.value);
  return out;
}

// Moves `input` behind the text.
bool take_text(std::string_view& input, std::string& text) {
  for (;;) {
    const std::size_t zero = input.find('\0');
    if (zero == std::string_view::npos || zero + 1 == input.size()) return false;
    text.append(input.substr(0, zero));
    const char next = input[zero + 1];
    input.remove_prefix(zero + 2);
    if (next == '\x01') return true;
    if (next != '\xFF') return false;
    text.push_back('\0');
  }
}

}  // namespace

void append_group_prefix(KeyGroup group, std::string& out) { append_big_endian(out, group.value); }

void append_state_prefix(KeyGroup group, StateId state, std::string& out) {
  append_big_endian(out, group.value);
  append_big_endian(out, state.value);
}

void append_entry_key(KeyGroup group, StateId state, std::string_view key,
                      std::string_view name_space, std::string& out) {
  const std::size_t before = out.size();
  out.resize(before + entry_key_bytes_max(key, name_space));
  const char* end = write_entry_key(group, state, key, name_space, out.data() + before);
  out.resize(static_cast<std::size_t>(end - out.data()));
}

std::size_t entry_key_bytes_max(std::string_view key, std::string_view name_space) {
  return kHeadBytes + text_bytes_max(key) + text_bytes_max(name_space);
}

char* write_entry_key(KeyGroup group, StateId state, std::string_view key,
                      std::string_view name_space, char* out) {
  out = write_head(group, state, out);
  return encode_key_text(name_space, encode_key_text(key, out));
}

void append_timer_key(KeyGroup group, StateId state, TimeDomain domain, Timestamp at,
                      std::string_view key, std::string_view name_space, std::string_view name,
                      std::string& out) {
  append_state_prefix(group, state, out);
  out.push_back(static_cast<char>(domain));
  append_ordered(out, at.micros);
  const std::size_t before = out.size();
  out.resize(before + text_bytes_max(key) + text_bytes_max(name_space));
  char* next = encode_key_text(key, out.data() + before);
  next = encode_key_text(name_space, next);
  out.resize(static_cast<std::size_t>(next - out.data()));
  out.append(name);
}

std::optional<LsmKeyHead> head_of(std::string_view lsm_key) {
  if (lsm_key.size() < kHeadBytes) return std::nullopt;
  return LsmKeyHead{{read_big_endian<std::uint16_t>(lsm_key.data())},
                    {read_big_endian<std::uint16_t>(lsm_key.data() + 2)}};
}

std::optional<LsmAddress> parse_entry_key(std::string_view lsm_key) {
  const auto head = head_of(lsm_key);
  if (!head) return std::nullopt;
  lsm_key.remove_prefix(kHeadBytes);
  LsmAddress address{head->group, head->state, {}, {}, {}};
  if (!take_text(lsm_key, address.key) || !take_text(lsm_key, address.name_space))
    return std::nullopt;
  address.map_key.assign(lsm_key);
  return address;
}

std::optional<LsmTimer> parse_timer_key(std::string_view lsm_key) {
  const auto head = head_of(lsm_key);
  if (!head) return std::nullopt;
  lsm_key.remove_prefix(kHeadBytes);
  if (lsm_key.size() < 9 || static_cast<std::uint8_t>(lsm_key[0]) > 1) return std::nullopt;
  LsmTimer timer;
  timer.group = head->group;
  timer.state = head->state;
  timer.domain = static_cast<TimeDomain>(lsm_key[0]);
  timer.at.micros = read_ordered(lsm_key.data() + 1);
  lsm_key.remove_prefix(9);
  if (!take_text(lsm_key, timer.key) || !take_text(lsm_key, timer.name_space)) return std::nullopt;
  timer.name.assign(lsm_key);
  return timer;
}

}  // namespace tributary
