#include "runtime/api/state_commands.h"

#include <charconv>
#include <utility>

#include <nlohmann/json.hpp>

#include "checkpoint/inspect/checkpoint_check.h"
#include "checkpoint/inspect/checkpoint_diff.h"
#include "checkpoint/manifest/manifest_blobs.h"
#include "checkpoint/rocksdb_lsm.h"
#include "runtime/api/refusal.h"
#include "runtime/api/state_description.h"
#include "runtime/api/state_source.h"
#include "runtime/api/terminal.h"

namespace tributary {
namespace {

using checkpoint::Manifest;
using Json = nlohmann::ordered_json;

// A checkpoint opened for reading.
class OpenedCheckpoint {
 public:
  static Result<std::unique_ptr<OpenedCheckpoint>> open(const StatePlace& place,
                                                        const Surroundings& surroundings) {
    StateSource source = TRY(StateSource::open(place.path, surroundings));
    const ListedCheckpoint listed = TRY(source.choose(place.checkpoint));
    Manifest manifest = TRY(source.read(listed));
    return std::make_unique<OpenedCheckpoint>(std::move(source), std::move(manifest), place,
                                              surroundings);
  }
  OpenedCheckpoint(StateSource source, Manifest manifest, const StatePlace& place,
                   const Surroundings& surroundings)
      : source_(std::move(source)),
        manifest_(std::move(manifest)),
        scratch_(surroundings.files, scratch_path(place, surroundings)),
        files_(surroundings.files) {}

  const Manifest& manifest() const { return manifest_; }
  InspectPlaces places() {
    return {{.blobs = &source_.blobs(), .files = &files_, .lsm = &lsm_}, &scratch_};
  }

  static std::string scratch_path(const StatePlace& place, const Surroundings& surroundings) {
    std::string folder = place.scratch;
    if (folder.empty()) folder = surroundings.environment("TMPDIR").value_or("/tmp");
    return fmt::format("{}/tributary-state-{}", folder, surroundings.random.next_id().to_hex());
  }

 private:
  StateSource source_;
  const Manifest manifest_;
  RocksDbLsmFactory lsm_;
  ScratchFolder scratch_;
  FileSystem& files_;
};

struct Listed {
  const ListedCheckpoint* checkpoint = nullptr;
  Result<Manifest> manifest;

  std::uint64_t bytes() const {
    std::uint64_t sum = checkpoint->manifest.size();
    std::map<std::string, std::uint64_t> blobs;
    for_each_blob(*manifest,
                  [&](const checkpoint::BlobRef& blob) { blobs[blob.name()] = blob.size(); });
    for (const auto& [name, size] : blobs) sum += size;
    return sum;
  }
  std::string lineage() const {
    if (checkpoint->lineage != Hash128() || !manifest) return checkpoint->lineage.to_hex();
    const auto& all = manifest->lineages().lineages();
    return all.empty() ? "" : Hash128{all.rbegin()->id_high(), all.rbegin()->id_low()}.to_hex();
  }
  std::string completed() const {
    if (checkpoint->completed != Timestamp()) return format_timestamp(checkpoint->completed);
    return manifest ? format_timestamp({manifest->created_micros()}) : "";
  }
};

std::string list_line(const Listed& listed, const StateSource& source, bool json) {
  const bool retained = listed.checkpoint->retained;
  if (json) {
    Json line = {{"checkpoint", listed.checkpoint->id},
                 {"kind", source.is_savepoint() ? "savepoint" : "checkpoint"},
                 {"completed", listed.completed()},
                 {"bytes", listed.manifest ? Json(listed.bytes()) : Json()},
                 {"lineage", listed.lineage()},
                 {"phase", source.is_savepoint() ? Json() : Json(source.phase())},
                 {"retained", retained}};
    if (!listed.manifest) line["error"] = listed.manifest.error().what();
    return json_line(line) + "\n";
  }
  return fmt::format(
      "{:>10}  {:<27}  {:>14}  {}  {}{}\n", listed.checkpoint->id, listed.completed(),
      listed.manifest ? fmt::format("{} bytes", listed.bytes()) : "?", listed.lineage(),
      source.is_savepoint() ? "savepoint"
      : retained            ? "retained"
                            : "being deleted",
      listed.manifest ? "" : "  " + listed.manifest.error().what());
}

Result<std::string> list_text(const StatePlace& place, bool json,
                              const Surroundings& surroundings) {
  StateSource source = TRY(StateSource::open(place.path, surroundings));
  std::string text;
  if (!json && !source.is_savepoint()) text = fmt::format("job is in phase {}\n", source.phase());
  for (const ListedCheckpoint& checkpoint : source.checkpoints())
    text += list_line({&checkpoint, source.read(checkpoint)}, source, json);
  return text;
}

Result<Json> described(const StatePlace& place, bool fast, const Surroundings& surroundings) {
  const auto opened = TRY(OpenedCheckpoint::open(place, surroundings));
  const auto stages = TRY(StageStates::all_of(opened->manifest()));
  std::vector<StageCounts> counts;
  if (!fast)
    for (const StageStates& stage : stages)
      counts.push_back(TRY(count_states(stage, opened->places())));
  return describe_checkpoint(opened->manifest(), stages, counts);
}

int wrong(const Error& error, const Surroundings& surroundings) {
  refuse(error, surroundings);
  return error.who() == Actor::kUser ? kExitRefused : kExitFailed;
}

Result<std::uint64_t> write_queried(const StatePlace& place, const StateQuery& query,
                                    const Surroundings& surroundings) {
  const auto opened = TRY(OpenedCheckpoint::open(place, surroundings));
  const auto stages = TRY(StageStates::all_of(opened->manifest()));
  const QueriedStates queried = TRY(find_states(stages, query.target));
  const LineWriter line = [&](const std::string& text) {
    write_all(surroundings.out, text + "\n");
  };
  if (query.key)
    return write_state_of_key(queried, query, opened->manifest().key_groups(), opened->places(),
                              line);
  return write_keys(queried, query, opened->places(), line);
}

Json value_json(const std::string& json) {
  return json.empty() ? Json() : Json::parse(json, nullptr, false);
}

Json entry_json(const EntryDiff& entry) {
  Json json = {{"key", value_json(entry.entry.key)}};
  if (!entry.entry.name_space.empty()) json["namespace"] = entry.entry.name_space;
  if (!entry.entry.map_key.empty()) json["map_key"] = value_json(entry.entry.map_key);
  if (!entry.entry.timer_at.empty()) {
    json["timer"] = entry.entry.timer_name;
    json["at"] = entry.entry.timer_at;
  }
  json["change"] = !entry.was_there ? "added" : entry.is_there ? "changed" : "removed";
  if (!entry.before.empty()) json["before"] = value_json(entry.before);
  if (!entry.after.empty()) json["after"] = value_json(entry.after);
  return json;
}

Json diff_json(const CheckpointDiff& diff) {
  Json json = {{"states", Json::array()}, {"splits", Json::array()}};
  for (const StateDiff& state : diff.states) {
    Json one = {{"operator", state.operator_name},
                {"state", state.state.empty() ? "timers" : state.state},
                {"added", state.added},
                {"removed", state.removed},
                {"changed", state.changed},
                {"entries", Json::array()}};
    for (const EntryDiff& entry : state.examples) one["entries"].push_back(entry_json(entry));
    json["states"].push_back(std::move(one));
  }
  for (const SplitDiff& split : diff.splits)
    json["splits"].push_back({{"source", split.source},
                              {"split", split.split},
                              {"before", split.before ? Json(*split.before) : Json()},
                              {"after", split.after ? Json(*split.after) : Json()}});
  return json;
}

std::string diff_text(const Json& diff) {
  std::string text;
  bool is_same = diff["splits"].empty();
  for (const Json& state : diff["states"]) {
    if (state["added"] == 0 && state["removed"] == 0 && state["changed"] == 0) continue;
    is_same = false;
    text += fmt::format("{}.{}: {} added, {} removed, {} changed\n",
                        state["operator"].get<std::string>(), state["state"].get<std::string>(),
                        json_line(state["added"]), json_line(state["removed"]),
                        json_line(state["changed"]));
    for (const Json& entry : state["entries"]) text += "  " + json_line(entry) + "\n";
    const std::uint64_t all = state["added"].get<std::uint64_t>() +
                              state["removed"].get<std::uint64_t>() +
                              state["changed"].get<std::uint64_t>();
    if (all > state["entries"].size())
      text += fmt::format("  and {} more\n", all - state["entries"].size());
  }
  for (const Json& split : diff["splits"])
    text += fmt::format("source {}, split {}: {} -> {}\n", split["source"].get<std::string>(),
                        split["split"].get<std::string>(), json_line(split["before"]),
                        json_line(split["after"]));
  return is_same ? "no difference\n" : text;
}

// What was found in one checkpoint, damage of its manifest included.
Json checked(StateSource& source, const ListedCheckpoint& listed, const StatePlace& place,
             const Surroundings& surroundings) {
  CheckReport report;
  if (auto manifest = source.read(listed); !manifest) {
    report.damages.push_back({manifest.error(), "the checkpoint as a whole"});
  } else {
    RocksDbLsmFactory lsm;
    ScratchFolder scratch(surroundings.files, OpenedCheckpoint::scratch_path(place, surroundings));
    report = check_checkpoint(
        *manifest,
        {{.blobs = &source.blobs(), .files = &surroundings.files, .lsm = &lsm}, &scratch});
  }
  Json json = {{"checkpoint", listed.id},   {"whole", report.damages.empty()},
               {"blobs", report.blobs},     {"bytes", report.bytes},
               {"entries", report.entries}, {"damages", Json::array()}};
  for (const Damage& damage : report.damages)
    json["damages"].push_back({{"code", error_page(damage.error.code()).code},
                               {"what", damage.error.what()},
                               {"lost", damage.lost}});
  if (report.left_out > 0) json["left_out"] = report.left_out;
  return json;
}

std::string checked_text(const Json& json) {
  if (json["whole"] == true)
    return fmt::format("checkpoint {}: whole; {} blobs, {} bytes, {} entries\n",
                       json_line(json["checkpoint"]), json_line(json["blobs"]),
                       json_line(json["bytes"]), json_line(json["entries"]));
  std::string text = fmt::format("checkpoint {}: damaged\n", json_line(json["checkpoint"]));
  for (const Json& damage : json["damages"])
    text += fmt::format("  {} {}\n    lost: {}\n", damage["code"].get<std::string>(),
                        damage["what"].get<std::string>(), damage["lost"].get<std::string>());
  if (json.contains("left_out"))
    text += fmt::format("  and {} entries more\n", json_line(json["left_out"]));
  return text;
}

}  // namespace

StatePlace place_of(const std::string& text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string::npos) return {.path = text, .checkpoint = {}, .scratch = {}};
  std::uint64_t id = 0;
  const char* end = text.data() + text.size();
  const auto [behind, error] = std::from_chars(text.data() + at + 1, end, id);
  if (error != std::errc() || behind != end) return {.path = text, .checkpoint = {}, .scratch = {}};
  return {.path = text.substr(0, at), .checkpoint = id, .scratch = {}};
}

int state_list_command(const StatePlace& place, bool json, const Surroundings& surroundings) {
  const auto text = list_text(place, json, surroundings);
  if (!text) return wrong(text.error(), surroundings);
  write_all(surroundings.out, *text);
  return kExitDone;
}

int state_describe_command(const StatePlace& place, bool fast, bool json,
                           const Surroundings& surroundings) {
  const auto description = described(place, fast, surroundings);
  if (!description) return wrong(description.error(), surroundings);
  write_all(surroundings.out,
            json ? json_line(*description) + "\n" : description_text(*description));
  return kExitDone;
}

int state_get_command(const StatePlace& place, const StateQuery& query,
                      const Surroundings& surroundings) {
  const auto count = write_queried(place, query, surroundings);
  if (!count) return wrong(count.error(), surroundings);
  if (!query.key) {
    if (*count > 0)
      write_all(surroundings.err, fmt::format("and {} more (--limit shows more)\n", *count));
    return kExitDone;
  }
  if (*count > 0) return kExitDone;
  write_all(surroundings.err, "there is nothing under this key\n");
  return kExitFailed;
}

int state_diff_command(const StateDiffArguments& arguments, const Surroundings& surroundings) {
  const auto compare = [&]() -> Result<CheckpointDiff> {
    const auto before = TRY(OpenedCheckpoint::open(arguments.before, surroundings));
    const auto after = TRY(OpenedCheckpoint::open(arguments.after, surroundings));
    return diff_checkpoints({&before->manifest(), before->places()},
                            {&after->manifest(), after->places()},
                            {.operator_name = arguments.operator_name,
                             .examples_max = static_cast<std::size_t>(arguments.limit)});
  };
  const auto diff = compare();
  if (!diff) return wrong(diff.error(), surroundings);
  const Json json = diff_json(*diff);
  write_all(surroundings.out, arguments.json ? json_line(json) + "\n" : diff_text(json));
  return kExitDone;
}

int state_verify_command(const StatePlace& place, bool all, bool json,
                         const Surroundings& surroundings) {
  auto source = StateSource::open(place.path, surroundings);
  if (!source) return wrong(source.error(), surroundings);
  std::vector<ListedCheckpoint> chosen;
  if (all) {
    for (const ListedCheckpoint& listed : source->checkpoints())
      if (listed.retained) chosen.push_back(listed);
  } else {
    auto one = source->choose(place.checkpoint);
    if (!one) return wrong(one.error(), surroundings);
    chosen.push_back(*std::move(one));
  }
  bool is_whole = true;
  for (const ListedCheckpoint& listed : chosen) {
    const Json found = checked(*source, listed, place, surroundings);
    is_whole &= found["whole"] == true;
    write_all(surroundings.out, json ? json_line(found) + "\n" : checked_text(found));
  }
  return is_whole ? kExitDone : kExitFailed;
}

}  // namespace tributary
