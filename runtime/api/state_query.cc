#include "runtime/api/state_query.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/ranges.h>

#include "base/excerpt.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/nearest_name.h"
#include "base/record.h"
#include "base/text.h"
#include "checkpoint/inspect/entry_text.h"

namespace tributary {
namespace {

using checkpoint::StateInCatalog;
using Kind = StatePart::Kind;

constexpr std::size_t kEmptyTextBytes = 2;

bool is_timers(const StateDecoder& state) { return state.entry().kind() == StateInCatalog::TIMERS; }

std::string quoted(std::string_view text) {
  std::string json;
  const Text value(text);
  write_json(type_info<Text>(), &value, json);
  return json;
}

// "operator":…,"state":…,"key":…,"namespace":…
std::string head_of_line(const StateDecoder& state, const EntryText& text) {
  std::string line = fmt::format("{{\"operator\":{}", quoted(state.entry().operator_name()));
  if (!is_timers(state)) line += fmt::format(",\"state\":{}", quoted(state.entry().name()));
  line += fmt::format(",\"key\":{}", text.key);
  if (!text.name_space.empty()) line += fmt::format(",\"namespace\":{}", quoted(text.name_space));
  return line;
}

std::string written_text(const StateDecoder::Value& value) {
  if (!value.written) return {};
  return fmt::format(",\"written\":\"{}\"", format_timestamp(*value.written));
}

// One key in one stage: its task, opened.
class KeyReader {
 public:
  KeyReader(const TaskContents& task, KeyGroup group, std::string key, const StateQuery& query,
            const LineWriter& line)
      : task_(task), group_(group), key_(std::move(key)), query_(query), line_(line) {}

  Status read(const StateDecoder& state, const std::optional<std::string>& name_space,
              const std::optional<std::string>& map_key) {
    if (is_timers(state)) return read_timers(state, name_space);
    // All namespaces of the key: what follows it is left away, which is an empty one.
    std::string place;
    append_entry_key(group_, id_of(state), key_, {}, place);
    place.resize(place.size() - kEmptyTextBytes);
    ContentsCursor cursor(task_, place, end_of_prefix(place));
    while (TRY(cursor.next())) {
      const StatePart part{state.is_map() ? Kind::kMapHead : Kind::kValue, &state};
      const EntryText text = TRY(entry_text(part, cursor.key()));
      if (text.key_bytes != key_ || (name_space && *name_space != text.name_space_bytes)) continue;
      TRY(state.is_map() ? write_map(state, text, cursor.value(), map_key)
                         : write_value(state, text, cursor.value()));
    }
    return {};
  }
  std::uint64_t found() const { return found_; }

 private:
  static StateId id_of(const StateDecoder& state, std::uint32_t further = 0) {
    return {static_cast<std::uint16_t>(state.entry().state_id() + further)};
  }
  void write(std::string line) {
    ++found_;
    line_(std::move(line) + "}");
  }

  Status write_value(const StateDecoder& state, const EntryText& text, std::string_view stored) {
    const auto value = TRY(state.value(stored));
    write(head_of_line(state, text) + written_text(value) + ",\"value\":" + value.json);
    return {};
  }

  Status write_map(const StateDecoder& state, const EntryText& text, std::string_view head,
                   const std::optional<std::string>& map_key) {
    const std::uint64_t size = TRY(state.map_size(head));
    std::string place;
    append_entry_key(group_, id_of(state, 1), key_, text.name_space_bytes, place);
    if (map_key) return write_element(state, text, place + *map_key);
    std::string line =
        fmt::format("{},\"size\":{},\"elements\":[", head_of_line(state, text), size);
    ContentsCursor cursor(task_, place, end_of_prefix(place));
    std::uint64_t shown = 0;
    while (shown < query_.limit && TRY(cursor.next())) {
      const EntryText element = TRY(entry_text({Kind::kMapElement, &state}, cursor.key()));
      const auto value = TRY(state.value(cursor.value()));
      line += fmt::format("{}{{\"key\":{}{},\"value\":{}}}", shown == 0 ? "" : ",", element.map_key,
                          written_text(value), value.json);
      ++shown;
    }
    line += ']';
    if (size > shown) line += fmt::format(",\"left_out\":{}", size - shown);
    write(std::move(line));
    return {};
  }

  Status write_element(const StateDecoder& state, const EntryText& text, const std::string& place) {
    ContentsCursor cursor(task_, place, place + '\0');
    if (!TRY(cursor.next())) return {};
    const EntryText element = TRY(entry_text({Kind::kMapElement, &state}, cursor.key()));
    const auto value = TRY(state.value(cursor.value()));
    write(fmt::format("{},\"map_key\":{}{},\"value\":{}", head_of_line(state, text),
                      element.map_key, written_text(value), value.json));
    return {};
  }

  // They lie in the order of time, so all of the key's group are looked at.
  Status read_timers(const StateDecoder& state, const std::optional<std::string>& name_space) {
    std::string place;
    append_state_prefix(group_, id_of(state), place);
    ContentsCursor cursor(task_, place, end_of_prefix(place));
    while (TRY(cursor.next())) {
      const auto timer = parse_timer_key(cursor.key());
      if (!timer) return fail(ErrorCode::S441, "a timer's key is none");
      if (timer->key != key_ || (name_space && *name_space != timer->name_space)) continue;
      const EntryText text = TRY(entry_text({Kind::kTimer, &state}, cursor.key()));
      write(fmt::format("{},\"timer\":{},\"at\":\"{}\",\"clock\":\"{}\"", head_of_line(state, text),
                        quoted(text.timer_name), text.timer_at,
                        text.by_processing_time ? "processing" : "event"));
    }
    return {};
  }

  const TaskContents& task_;
  const KeyGroup group_;
  const std::string key_;
  const StateQuery& query_;
  const LineWriter& line_;
  std::uint64_t found_ = 0;
};

std::vector<std::string> names_of(const std::vector<StageStates>& stages,
                                  std::string_view operator_name) {
  std::set<std::string> names;
  for (const StageStates& stage : stages)
    for (const StateDecoder& state : stage.states()) {
      if (operator_name.empty())
        names.insert(state.entry().operator_name());
      else if (state.entry().operator_name() == operator_name && !is_timers(state))
        names.insert(state.entry().name());
    }
  return {names.begin(), names.end()};
}

std::unexpected<Error> unknown(std::string_view what, std::string_view name,
                               const std::vector<std::string>& known) {
  const std::vector<std::string_view> names(known.begin(), known.end());
  const auto nearest = nearest_name(name, names);
  return std::unexpected(Error(
      ErrorCode::C113,
      fmt::format("there is no {} {}{}; there are {}", what, excerpt(name),
                  nearest ? fmt::format("; did you mean {}?", *nearest) : "",
                  known.empty() ? std::string("none") : fmt::format("{}", fmt::join(known, ", "))),
      "tributary state describe PATH"));
}

}  // namespace

Result<QueriedStates> find_states(const std::vector<StageStates>& stages, std::string_view target) {
  const auto states_of = [&](std::string_view operator_name) {
    QueriedStates found;
    for (const StageStates& stage : stages)
      for (const StateDecoder& state : stage.states())
        if (state.entry().operator_name() == operator_name) {
          found.stage = &stage;
          found.states.push_back(&state);
        }
    return found;
  };
  if (QueriedStates all = states_of(target); !all.states.empty()) return all;
  // Names may have dots: the longest operator's that there is.
  for (std::size_t dot = target.rfind('.'); dot != std::string_view::npos && dot > 0;
       dot = target.rfind('.', dot - 1)) {
    QueriedStates found = states_of(target.substr(0, dot));
    if (found.states.empty()) continue;
    const std::string_view name = target.substr(dot + 1);
    std::erase_if(found.states, [&](const StateDecoder* state) {
      return is_timers(*state) || state->entry().name() != name;
    });
    if (!found.states.empty()) return found;
    return unknown("state", name, names_of(stages, target.substr(0, dot)));
  }
  return unknown("operator with keyed state", target, names_of(stages, {}));
}

Result<std::uint64_t> write_state_of_key(const QueriedStates& queried, const StateQuery& query,
                                         std::uint32_t key_groups, const InspectPlaces& places,
                                         const LineWriter& line) {
  // All states of an operator have the same keys.
  const std::string key = TRY(queried.states.front()->keys().to_bytes(query.key.value_or("")));
  std::optional<std::string> name_space;
  if (query.name_space) name_space = TRY(name_space_bytes(*query.name_space));
  const KeyGroup group = key_group_of(xxh3_64(key), key_groups);
  const StageContents contents = TRY(StageContents::open(*queried.stage, places, group));
  std::uint64_t found = 0;
  for (const auto& task : contents.tasks()) {
    KeyReader reader(*task, group, key, query, line);
    for (const StateDecoder* state : queried.states) {
      if (query.map_key && !state->is_map()) continue;
      std::optional<std::string> map_key;
      if (query.map_key) map_key = TRY(map_key_bytes(*state, *query.map_key));
      TRY(reader.read(*state, name_space, map_key));
    }
    found += reader.found();
  }
  return found;
}

Result<std::uint64_t> write_keys(const QueriedStates& queried, const StateQuery& query,
                                 const InspectPlaces& places, const LineWriter& line) {
  const StageContents contents = TRY(StageContents::open(*queried.stage, places));
  std::uint64_t shown = 0;
  std::uint64_t left_out = 0;
  for (const StateDecoder* state : queried.states) {
    if (is_timers(*state)) continue;
    StateCursor cursor(contents, {static_cast<std::uint16_t>(state->entry().state_id())});
    while (TRY(cursor.next())) {
      if (shown == query.limit) {
        ++left_out;
        continue;
      }
      ++shown;
      const StatePart part{state->is_map() ? Kind::kMapHead : Kind::kValue, state};
      line(head_of_line(*state, TRY(entry_text(part, cursor.key()))) + "}");
    }
  }
  return left_out;
}

}  // namespace tributary
