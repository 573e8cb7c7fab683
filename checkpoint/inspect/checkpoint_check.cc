#include "checkpoint/inspect/checkpoint_check.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/ranges.h>

#include "base/hash.h"
#include "checkpoint/inspect/entry_text.h"
#include "checkpoint/manifest/manifest_blobs.h"
#include "checkpoint/publish/staged_segment.h"

namespace tributary {
namespace {

using checkpoint::BlobRef;
using checkpoint::Manifest;
using checkpoint::PieceRef;
using checkpoint::TaskSnapshot;
using Kind = StatePart::Kind;

constexpr std::size_t kEntryDamagesMax = 20;  // of one task

std::string name_of(const TaskSnapshot& task) {
  return fmt::format("{} (task {} of {})", fmt::join(task.operators(), " > "), task.task(),
                     task.parallelism());
}

// What needs each blob, in words.
class Uses {
 public:
  explicit Uses(const Manifest& manifest) {
    for (const TaskSnapshot& task : manifest.tasks()) add(task);
  }

  std::string of(const std::string& blob) const {
    const auto found = uses_.find(blob);
    if (found == uses_.end()) return "a part of the checkpoint";
    return fmt::format("{}", fmt::join(found->second, "; "));
  }

 private:
  void add(const TaskSnapshot& task) {
    for (const auto& layer : task.keyed_state().layers()) {
      const std::string state =
          fmt::format("state of {}, key groups {} to {}", name_of(task), layer.group_begin(),
                      std::max(layer.group_end(), 1U) - 1);
      for (const auto& base : layer.base()) uses_[base.blob().name()].insert(state);
      for (const auto& delta : layer.deltas())
        uses_[delta.piece().blob().name()].insert(state + ", changed since its base");
    }
    for (const auto& state : task.operator_states())
      for (const BlobRef& blob : state.blobs())
        uses_[blob.name()].insert(
            fmt::format("state of {} in task {}", state.operator_(), task.task()));
    for (const auto& sink : task.sinks())
      for (const auto& writer : sink.writers())
        for (const auto& unit : writer.units())
          for (const auto& segment : unit.segments())
            uses_[segment.piece().blob().name()].insert(
                fmt::format("output of {} that is not published: writer {}, epoch {}", sink.sink(),
                            writer.number(), unit.epoch()));
  }

  std::map<std::string, std::set<std::string>> uses_;
};

// Entries of one task, read in their order.
class EntryCheck {
 public:
  EntryCheck(const TaskSnapshot& task, const StageStates& stage, CheckReport& report)
      : task_(task), stage_(stage), report_(report) {}

  Status run(const TaskContents& contents) {
    ContentsCursor cursor(contents, {}, {});
    while (TRY(cursor.next())) {
      ++report_.entries;
      if (Status fine = check(cursor.key(), cursor.value()); !fine) found(std::move(fine).error());
    }
    check_sizes();
    return {};
  }

 private:
  void found(Error error) {
    if (++found_ > kEntryDamagesMax) {
      ++report_.left_out;
      return;
    }
    report_.damages.push_back({std::move(error), fmt::format("this entry of {}", name_of(task_))});
  }

  Status check(std::string_view key, std::string_view value) {
    const auto head = head_of(key);
    if (!head) return fail(ErrorCode::S441, "an entry has a key of {} bytes", key.size());
    const auto part = stage_.part_of(head->state);
    if (!part)
      return fail(ErrorCode::S441, "an entry is of state {}, which is none", head->state.value);
    if (head->group != group_) check_sizes();
    group_ = head->group;
    const EntryText text = TRY(entry_text(*part, key));
    const auto& entry = part->state->entry();
    const auto& snapshot = task_.keyed_state();
    if (key_group_of(xxh3_64(text.key_bytes), snapshot.key_group_count()) != head->group ||
        head->group.value < snapshot.group_begin() || head->group.value >= snapshot.group_end())
      return fail(ErrorCode::S441,
                  "state \"{}\" of {}: key {} lies in key group {}, not in its own", entry.name(),
                  entry.operator_name(), text.key, head->group.value);
    const auto attempted = [&](Error error) {
      return std::unexpected(std::move(error).in("key " + text.key));
    };
    switch (part->kind) {
      case Kind::kTimer:
        if (!value.empty()) return attempted(Error(ErrorCode::S441, "a timer has a value"));
        return {};
      case Kind::kMapHead: {
        const auto size = part->state->map_size(value);
        if (!size) return attempted(size.error());
        sizes_[map_of(*part, text)].said = *size;
        return {};
      }
      case Kind::kMapElement:
        ++sizes_[map_of(*part, text)].found;
        break;
      case Kind::kValue:
        break;
    }
    if (const auto read = part->state->value(value); !read) return attempted(read.error());
    return {};
  }

  using MapAddress = std::tuple<const StateDecoder*, std::string, std::string>;
  struct Sizes {
    std::uint64_t said = 0;
    std::uint64_t found = 0;
  };
  static MapAddress map_of(const StatePart& part, const EntryText& text) {
    return {part.state, text.key_bytes, text.name_space_bytes};
  }

  // Of the maps of one key group: all of them have been seen.
  void check_sizes() {
    for (const auto& [map, sizes] : std::exchange(sizes_, {})) {
      if (sizes.said == sizes.found) continue;
      const auto& [state, key, name_space] = map;
      const auto key_text = state->keys().to_json(key);
      found(Error(ErrorCode::S441,
                  fmt::format("state \"{}\" of {}: the map of key {} says that it has {} elements, "
                              "and has {}",
                              state->entry().name(), state->entry().operator_name(),
                              key_text.value_or("?"), sizes.said, sizes.found)));
    }
  }

  const TaskSnapshot& task_;
  const StageStates& stage_;
  CheckReport& report_;
  std::size_t found_ = 0;
  KeyGroup group_;
  std::map<MapAddress, Sizes> sizes_;
};

class Check {
 public:
  Check(const Manifest& manifest, const InspectPlaces& places)
      : manifest_(manifest), places_(places), uses_(manifest) {}

  CheckReport run() {
    for_each_blob(manifest_, [this](const BlobRef& blob) { check_blob(blob); });
    for_each_piece(manifest_, [this](const PieceRef& piece) { check_piece(piece); });
    for (const TaskSnapshot& task : manifest_.tasks()) check_staged(task);
    check_states();
    return std::move(report_);
  }

 private:
  void found(Error error, std::string lost) {
    report_.damages.push_back({std::move(error), std::move(lost)});
  }
  bool is_whole(const BlobRef& blob) const { return !damaged_.contains(blob.name()); }

  void check_blob(const BlobRef& blob) {
    if (!seen_.insert({blob.name(), blob.size(), blob.hash_high(), blob.hash_low()}).second) return;
    ++report_.blobs;
    report_.bytes += blob.size();
    const auto read = [&]() -> Status {
      const std::string path = TRY(places_.scratch->new_path());
      TRY(places_.layers.blobs->get_to_file(blob, path));
      return places_.layers.files->remove(path);
    };
    Status fine = read();
    if (fine) return;
    damaged_.insert(blob.name());
    found(std::move(fine).error(), uses_.of(blob.name()));
  }

  void check_piece(const PieceRef& piece) {
    if (!is_whole(piece.blob())) return;
    const auto bytes = places_.layers.blobs->get_piece(piece);
    if (bytes) return;
    damaged_.insert(piece.blob().name());
    found(bytes.error(), uses_.of(piece.blob().name()));
  }

  void check_staged(const TaskSnapshot& task) {
    for (const auto& sink : task.sinks())
      for (const auto& writer : sink.writers())
        for (const auto& unit : writer.units())
          for (const auto& segment : unit.segments()) {
            if (!is_whole(segment.piece().blob())) continue;
            const auto read = [&]() -> Status {
              const std::string bytes = TRY(places_.layers.blobs->get_piece(segment.piece()));
              const DecodedSegment decoded = TRY(decode_segment(bytes));
              if (decoded.records.size() == segment.records()) return {};
              return fail(ErrorCode::S473, "a segment in blob {} has {} records instead of {}",
                          segment.piece().blob().name(), decoded.records.size(), segment.records());
            };
            Status fine = read();
            if (!fine) found(std::move(fine).error(), uses_.of(segment.piece().blob().name()));
          }
  }

  void check_states() {
    const auto stages = StageStates::all_of(manifest_);
    if (!stages) return found(stages.error(), "all keyed state: its catalog is not one");
    for (const StageStates& stage : *stages)
      for (const TaskSnapshot* task : stage.tasks()) check_task(*task, stage);
  }

  void check_task(const TaskSnapshot& task, const StageStates& stage) {
    bool is_readable = task.has_keyed_state();
    for_each_blob(task.keyed_state(), [&](const BlobRef& blob) { is_readable &= is_whole(blob); });
    if (!is_readable) return;
    const auto read = [&]() -> Status {
      const std::string folder = TRY(places_.scratch->new_path());
      Status status;
      {
        const TaskContents contents =
            TRY(TaskContents::open(task.keyed_state(), places_.layers, folder));
        status = EntryCheck(task, stage, report_).run(contents);
      }
      TRY(places_.layers.files->remove_tree(folder));
      return status;
    };
    Status fine = read();
    if (!fine) found(std::move(fine).error(), fmt::format("state of {}", name_of(task)));
  }

  const Manifest& manifest_;
  const InspectPlaces& places_;
  const Uses uses_;
  CheckReport report_;
  std::set<std::tuple<std::string, std::uint64_t, std::uint64_t, std::uint64_t>> seen_;
  std::set<std::string> damaged_;
};

}  // namespace

CheckReport check_checkpoint(const Manifest& manifest, const InspectPlaces& places) {
  return Check(manifest, places).run();
}

}  // namespace tributary
