#include "runtime/api/state_description.h"

#include <algorithm>
#include <limits>
#include <set>

#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "base/timestamp.h"
#include "checkpoint/manifest/manifest_blobs.h"
#include "runtime/graph/job_graph.h"

namespace tributary {
namespace {

using checkpoint::Manifest;
using checkpoint::StateInCatalog;
using checkpoint::TaskSnapshot;
using Json = nlohmann::ordered_json;

constexpr std::size_t kSplitsShown = 20;

std::string hexadecimal(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

std::string_view kind_name(StateInCatalog::Kind kind) {
  switch (kind) {
    case StateInCatalog::MAP:
      return "map";
    case StateInCatalog::TIMERS:
      return "timers";
    default:
      return "value";
  }
}

Json state_json(const StateDecoder& state, const StageCounts* counts) {
  const StateInCatalog& entry = state.entry();
  Json json = {{"operator", entry.operator_name()},
               {"state", entry.name()},
               {"kind", kind_name(entry.kind())}};
  if (entry.kind() != StateInCatalog::TIMERS) {
    json["key"] = state.keys().type();
    if (state.is_map()) json["map_key"] = state.map_keys().type();
    json["value"] = state.value_type();
    json["schemas"] = entry.value_schemas_size();
    if (entry.ttl_micros() > 0) json["ttl"] = format_duration({entry.ttl_micros()});
  }
  if (counts == nullptr) return json;
  const auto found = counts->find(entry.state_id());
  const StateCount count = found == counts->end() ? StateCount() : found->second;
  json["keys"] = count.keys;
  if (state.is_map()) json["elements"] = count.elements;
  json["bytes"] = count.bytes;
  return json;
}

// The tasks' clocks: the stage is where the last of them is.
Json watermark_json(const StageStates& stage) {
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  bool has_one = false;
  for (const TaskSnapshot* task : stage.tasks())
    for (const auto& time : task->times()) {
      if (time.has_no_event_time()) continue;
      least = std::min<std::int64_t>(least, time.watermark_micros());
      has_one = true;
    }
  return has_one ? Json(format_timestamp({least})) : Json();
}

Json stage_json(const StageStates& stage, const StageCounts* counts) {
  std::uint64_t base = 0;
  std::uint64_t delta = 0;
  std::uint64_t pieces = 0;
  std::uint64_t finished = 0;
  Json own = Json::array();
  for (const TaskSnapshot* task : stage.tasks()) {
    if (task->finished()) ++finished;
    for (const auto& layer : task->keyed_state().layers()) {
      for (const auto& file : layer.base()) base += file.blob().size();
      for (const auto& piece : layer.deltas()) delta += piece.piece().length();
      pieces += static_cast<std::uint64_t>(layer.deltas_size());
    }
    for (const auto& state : task->operator_states()) {
      std::uint64_t bytes = state.bytes().size();
      for (const auto& blob : state.blobs()) bytes += blob.size();
      own.push_back({{"operator", state.operator_()}, {"task", task->task()}, {"bytes", bytes}});
    }
  }
  Json json = {{"operators", stage.operators()},
               {"parallelism", stage.tasks().front()->parallelism()},
               {"finished_tasks", finished},
               {"watermark", watermark_json(stage)},
               {"base_bytes", base},
               {"delta_bytes", delta},
               {"delta_pieces", pieces},
               {"states", Json::array()}};
  for (const StateDecoder& state : stage.states())
    json["states"].push_back(state_json(state, counts));
  json["operator_states"] = std::move(own);
  return json;
}

Json sources_json(const Manifest& manifest) {
  std::map<std::pair<std::string, std::string>, std::int64_t> positions;
  for (const TaskSnapshot& task : manifest.tasks())
    for (const auto& split : task.splits())
      positions[{split.source(), split.id()}] = split.position();
  Json sources = Json::array();
  for (const auto& table : manifest.sources()) {
    Json source = {{"source", table.source()},
                   {"listing_complete", table.complete()},
                   {"splits", Json::array()}};
    for (const auto& split : table.splits()) {
      const auto found = positions.find({table.source(), split.id()});
      source["splits"].push_back(
          {{"split", split.id()},
           {"task", split.task()},
           {"position", found == positions.end() ? split.position() : found->second},
           {"end", split.end()}});
    }
    sources.push_back(std::move(source));
  }
  return sources;
}

Json sinks_json(const Manifest& manifest) {
  std::map<std::string, Json> units;
  for (const TaskSnapshot& task : manifest.tasks())
    for (const auto& sink : task.sinks())
      for (const auto& writer : sink.writers())
        for (const auto& unit : writer.units()) {
          std::uint64_t records = 0;
          std::uint64_t bytes = 0;
          for (const auto& segment : unit.segments()) {
            records += segment.records();
            bytes += segment.bytes();
          }
          units[sink.sink()].push_back({{"writer", writer.number()},
                                        {"epoch", unit.epoch()},
                                        {"records", records},
                                        {"bytes", bytes}});
        }
  Json sinks = Json::array();
  for (const auto& sink : manifest.sinks()) {
    const auto found = units.find(sink.sink());
    sinks.push_back({{"sink", sink.sink()},
                     {"writers", sink.numbers()},
                     {"staged", found == units.end() ? Json::array() : found->second}});
  }
  return sinks;
}

Json lineages_json(const Manifest& manifest) {
  Json lineages = Json::array();
  for (const auto& lineage : manifest.lineages().lineages())
    lineages.push_back(Hash128{lineage.id_high(), lineage.id_low()}.to_hex());
  return lineages;
}

// As it is shown on a terminal, which must not obey it.
std::string text_of(const Json& json) {
  std::string text = json.is_string() ? json.get<std::string>() : json_line(json);
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  return text;
}

std::string state_line(const Json& state) {
  std::string line = fmt::format("    {}.{}  {}", text_of(state["operator"]),
                                 state["kind"] == "timers" ? "timers" : text_of(state["state"]),
                                 text_of(state["kind"]));
  if (state.contains("keys")) {
    line += fmt::format("  {} keys", text_of(state["keys"]));
    if (state.contains("elements"))
      line += fmt::format(", {} elements", text_of(state["elements"]));
    line += fmt::format(", {} bytes", text_of(state["bytes"]));
  }
  if (state.contains("ttl")) line += fmt::format("  expires after {}", text_of(state["ttl"]));
  line += '\n';
  if (!state.contains("key")) return line;
  line += fmt::format("      key    {}\n", text_of(state["key"]));
  if (state.contains("map_key"))
    line += fmt::format("      of     {}\n", text_of(state["map_key"]));
  line += fmt::format("      value  {}\n", text_of(state["value"]));
  if (state["schemas"].get<int>() > 1)
    line += fmt::format("      written with {} schemas; this is the newest\n",
                        text_of(state["schemas"]));
  return line;
}

std::string stage_text(const Json& stage) {
  std::string name;
  for (const Json& one : stage["operators"]) name += (name.empty() ? "" : " > ") + text_of(one);
  std::string text = fmt::format("\n  stage {}, {} tasks", name, text_of(stage["parallelism"]));
  if (stage["finished_tasks"] != 0)
    text += fmt::format(", {} of them finished", text_of(stage["finished_tasks"]));
  if (!stage["watermark"].is_null())
    text += fmt::format(", event time {}", text_of(stage["watermark"]));
  text += '\n';
  if (!stage["states"].empty())
    text += fmt::format("    base {} bytes, deltas {} bytes in {} pieces\n",
                        text_of(stage["base_bytes"]), text_of(stage["delta_bytes"]),
                        text_of(stage["delta_pieces"]));
  for (const Json& state : stage["states"]) text += state_line(state);
  for (const Json& own : stage["operator_states"])
    text += fmt::format("    {} keeps {} bytes of its own in task {}\n", text_of(own["operator"]),
                        text_of(own["bytes"]), text_of(own["task"]));
  return text;
}

std::string source_text(const Json& source) {
  const Json& splits = source["splits"];
  std::string text =
      fmt::format("\n  source {}, {} splits{}\n", text_of(source["source"]), splits.size(),
                  source["listing_complete"] == true ? ", all listed" : "");
  for (std::size_t i = 0; i < std::min(splits.size(), kSplitsShown); ++i)
    text += fmt::format("    {}  at {} of {}, task {}\n", text_of(splits[i]["split"]),
                        text_of(splits[i]["position"]), text_of(splits[i]["end"]),
                        text_of(splits[i]["task"]));
  if (splits.size() > kSplitsShown)
    text += fmt::format("    and {} more (--json shows all)\n", splits.size() - kSplitsShown);
  return text;
}

std::string sink_text(const Json& sink) {
  std::string text = fmt::format("\n  sink {}, {} writer numbers\n", text_of(sink["sink"]),
                                 text_of(sink["writers"]));
  for (const Json& unit : sink["staged"])
    text += fmt::format("    writer {}, epoch {}: {} records of {} bytes staged\n",
                        text_of(unit["writer"]), text_of(unit["epoch"]), text_of(unit["records"]),
                        text_of(unit["bytes"]));
  return text;
}

}  // namespace

Json describe_checkpoint(const Manifest& manifest, const std::vector<StageStates>& stages,
                         const std::vector<StageCounts>& counts) {
  const auto graph = graph::parse_job_graph(manifest.graph());
  std::set<std::string> seen;
  std::uint64_t bytes = 0;
  for_each_blob(manifest, [&](const checkpoint::BlobRef& blob) {
    if (seen.insert(blob.name()).second) bytes += blob.size();
  });
  Json json = {{"kind", manifest.kind() == checkpoint::SAVEPOINT ? "savepoint" : "checkpoint"},
               {"checkpoint", manifest.checkpoint()},
               {"job", graph ? Json(graph->name()) : Json()},
               {"uid", hexadecimal(manifest.uid())},
               {"graph_digest", hexadecimal(manifest.graph_digest())},
               {"engine", manifest.engine_version()},
               {"created", format_timestamp({manifest.created_micros()})},
               {"attempt", manifest.attempt()},
               {"term", manifest.term()},
               {"key_groups", manifest.key_groups()},
               {"carries_staged", manifest.carries_staged()},
               {"lineages", lineages_json(manifest)},
               {"blobs", seen.size()},
               {"blob_bytes", bytes},
               {"stages", Json::array()}};
  for (std::size_t i = 0; i < stages.size(); ++i)
    json["stages"].push_back(stage_json(stages[i], counts.empty() ? nullptr : &counts[i]));
  json["sources"] = sources_json(manifest);
  json["sinks"] = sinks_json(manifest);
  json["gates"] = Json::array();
  for (const auto& gate : manifest.gates())
    json["gates"].push_back({{"source", gate.source()}, {"open", gate.open()}});
  return json;
}

std::string json_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string description_text(const Json& json) {
  std::string text =
      fmt::format("{} {} of job {}\n", text_of(json["kind"]), text_of(json["checkpoint"]),
                  json["job"].is_null() ? "(its graph is not in it)" : text_of(json["job"]));
  text += fmt::format("  created {} by engine {}, attempt {}\n", text_of(json["created"]),
                      text_of(json["engine"]), text_of(json["attempt"]));
  text += fmt::format("  graph {}, {} key groups\n", text_of(json["graph_digest"]),
                      text_of(json["key_groups"]));
  text += fmt::format("  lineage {}, the job's {}.\n",
                      json["lineages"].empty() ? "none" : text_of(json["lineages"].back()),
                      json["lineages"].size());
  text +=
      fmt::format("  {} blobs, {} bytes{}\n", text_of(json["blobs"]), text_of(json["blob_bytes"]),
                  json["carries_staged"] == true ? "; output of it may not be out" : "");
  for (const Json& stage : json["stages"]) text += stage_text(stage);
  for (const Json& source : json["sources"]) text += source_text(source);
  for (const Json& gate : json["gates"])
    text += fmt::format("\n  gate before {}: {}\n", text_of(gate["source"]),
                        gate["open"] == true ? "open" : "closed");
  for (const Json& sink : json["sinks"]) text += sink_text(sink);
  return text;
}

}  // namespace tributary
