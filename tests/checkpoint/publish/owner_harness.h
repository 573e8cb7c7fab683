// A SinkOwner with a stager, whose actions wait to be looked at; blobs in a map, time by hand.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "checkpoint/publish/epoch_stager.h"
#include "checkpoint/publish/sink_owner.h"

namespace tributary {

inline constexpr Hash128 kTestUid{7, 7};
inline constexpr Hash128 kTestLineage{1, 1};
inline constexpr OwnershipRound kTestRound{3, 1, 77};

struct OwnerHarness {
  explicit OwnerHarness(Epoch restored = {}, std::vector<InheritedWriter> writers = {},
                        LineageHistory of = LineageHistory(kTestLineage), PublishLimits with = {},
                        PublishHazards hazards = {})
      : history(std::move(of)),
        limits(with),
        stager({kTestUid, "out", {0}}, history.current().id, limits) {
    if (writers.empty()) writers.push_back({{0}, {}, {}, {}});
    for (const InheritedWriter& writer : writers) numbers.push_back(writer.number);
    owner = std::make_unique<SinkOwner>(SinkOwner::Settings{.sink = "out",
                                                            .uid = kTestUid,
                                                            .own = {0},
                                                            .round = kTestRound,
                                                            .restored = restored,
                                                            .limits = limits,
                                                            .hazards = hazards},
                                        history, std::move(writers));
  }

  void step(const OwnerEvent& event) {
    for (OwnerAction& action : owner->step(event, now)) actions.push_back(std::move(action));
  }
  void order(OwnerOrder what) { step(Order{kTestRound, std::move(what)}); }
  void tick(std::int64_t nanos) {
    now += nanos;
    step(Tick{});
  }

  // The first action of the kind, or none; those before it stay.
  template <typename T>
  std::optional<T> take() {
    for (auto at = actions.begin(); at != actions.end(); ++at) {
      if (T* found = std::get_if<T>(&*at)) {
        T taken = std::move(*found);
        actions.erase(at);
        return taken;
      }
    }
    return std::nullopt;
  }
  template <typename T>
  std::optional<T> take_report() {
    for (auto at = actions.begin(); at != actions.end(); ++at) {
      const Report* report = std::get_if<Report>(&*at);
      if (report == nullptr || !std::holds_alternative<T>(report->report)) continue;
      T taken = std::get<T>(report->report);
      actions.erase(at);
      return taken;
    }
    return std::nullopt;
  }

  // Lease and fences go well.
  void fence_all() {
    step(Started{});
    if (const auto ask = take_report<AskLease>()) order(LeaseAnswer{ask->asked_nanos, true});
    while (const auto fence = take<Fence>()) step(FenceAnswer{fence->number, fence->call, {}});
  }
  void become_ready(Marks marks = {}) {
    fence_all();
    order(MarksKnown{{std::move(marks), {}, "log"}});
  }

  // An epoch of records of writer 0, stored and staged.
  checkpoint::StagedUnit stored(EpochStager& in, Epoch epoch,
                                const std::vector<std::string>& values) {
    for (const std::string& value : values) {
      const auto added = in.add({.destination = "topic", .partition = 2, .value = value}, now);
      if (!added) std::abort();
    }
    in.close(epoch);
    for (const auto& segment : in.take_segments()) {
      checkpoint::PieceRef piece;
      piece.mutable_blob()->set_name(fmt::format("blob-{}", blobs.size()));
      blobs[piece.blob().name()] = *segment.bytes;
      in.stored(segment.id, piece);
    }
    return in.take_unit().value();
  }
  void stage(Epoch epoch, const std::vector<std::string>& values) {
    step(BarrierPassed{epoch});
    step(UnitStaged{stored(stager, epoch, values)});
  }
  // Segments that are asked for come from the map.
  void load() {
    while (const auto load = take<LoadSegment>())
      step(SegmentAnswer{load->number, load->call, blobs.at(load->piece.blob().name())});
  }
  std::optional<Publish> next_part() {
    load();
    return take<Publish>();
  }
  static std::vector<std::string> values(const Part& part) {
    std::vector<std::string> all;
    for (const StagedRecord& record : part.records) all.emplace_back(record.value.value_or("-"));
    return all;
  }
  void out(const Publish& publish) {
    step(PublishAnswer{publish.part.number, publish.call, MarkPosition{++position}});
  }
  void failed(const Publish& publish, PublishFailure failure) {
    step(PublishAnswer{
        publish.part.number, publish.call,
        std::unexpected(PublishError{failure, Error(ErrorCode::S478, "not authorized")})});
  }

  LineageHistory history;
  PublishLimits limits;
  EpochStager stager;
  std::vector<WriterNumber> numbers;
  std::unique_ptr<SinkOwner> owner;
  std::deque<OwnerAction> actions;
  std::map<std::string, std::string> blobs;
  std::int64_t now = 100 * kNanosPerSecond;
  std::uint64_t position = 0;
};

}  // namespace tributary
