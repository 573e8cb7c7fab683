// checkpoint/publish/sink_coordinator.h
// The coordinator's part of one sink in one ownership round: leases, the one reading of marks, the
// drain rule, who has published what (rules 2, 8, 10, 11, 14 to 16). Without I/O.
//
// Wiring, on the coordinator's thread: made when a round begins (after the round is on record and
// its checkpoint chosen), with what plan_sink_owners() says. Owners' reports come in as OwnerSaid;
// ToOwner goes out to the task of that round. step(SinkTick) about every second: orders are said
// again, so that none that is lost matters. After the compare-and-set that completes checkpoint n,
// and not before: step(EpochCompleted{n}). record() goes into the manifest. The job is STOPPED or
// FINISHED only when published(last) (rule 15); a savepoint waits for published(n) (rule 4).
//
// Invariant: no order names an epoch beyond the gate before every owner has reported every number
// drained up to it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "checkpoint/publish/publish_limits.h"
#include "checkpoint/publish/sink_messages.h"

namespace tributary {

// ---- what happened ----
struct OwnerSaid {
  std::uint32_t task = 0;
  OwnershipRound round;
  OwnerReport report;
};
struct EpochCompleted {
  Epoch epoch;
};
struct SinkTick {};
using SinkEvent = std::variant<OwnerSaid, EpochCompleted, SinkTick, RetryBlocked, SkipEpoch>;

// ---- what to do ----
struct ToOwner {
  std::uint32_t task = 0;
  OwnershipRound round;  // of the one it is meant for, who may be of an older one
  OwnerOrder order;
};
// An epoch has reached its soft cap: a checkpoint now.
struct TriggerCheckpoint {};
struct FailSink {
  Error error;
};
using SinkAction = std::variant<ToOwner, TriggerCheckpoint, FailSink>;

class SinkCoordinator {
 public:
  struct Settings {
    std::string sink;
    OwnershipRound round;
    std::uint32_t tasks = 1;
    std::uint32_t numbers = 1;  // W
    Epoch restored;
    std::vector<Epoch> drain_points;  // ascending; the last is `restored`
    MarkPosition marks_from;
    std::string marks_id;  // "": not known yet
    PublishHazards hazards;
  };
  explicit SinkCoordinator(Settings settings);

  std::vector<SinkAction> step(const SinkEvent& event);

  // Is everything <= epoch out, of all writers?
  bool published(Epoch epoch) const;
  // Up to which epoch it is; none: not every owner has spoken.
  std::optional<Epoch> published_through() const;
  const std::map<WriterNumber, SinkBlocked>& blocked() const { return blocked_; }
  // Every owner has fenced its numbers and the marks are known.
  const std::optional<MarksRead>& marks() const { return marks_; }
  checkpoint::SinkRecord record() const;

 private:
  struct Owner {
    bool fenced = false;
    std::optional<Epoch> through;
  };
  using Actions = std::vector<SinkAction>;

  void on(const OwnerSaid&, Actions& actions);
  void on(const EpochCompleted&, Actions& actions);
  void on(const SinkTick&, Actions& actions);
  void on(const RetryBlocked&, Actions& actions);
  void on(const SkipEpoch&, Actions& actions);
  void on_report(std::uint32_t task, const AskLease&, Actions& actions);
  void on_report(std::uint32_t task, const AllFenced&, Actions& actions);
  void on_report(std::uint32_t task, const MarksFound&, Actions& actions);
  void on_report(std::uint32_t task, const PublishedThrough&, Actions& actions);
  void on_report(std::uint32_t task, const SinkBlocked&, Actions& actions);
  void on_report(std::uint32_t task, const SinkUnblocked&, Actions& actions);
  void on_report(std::uint32_t task, const AskCheckpoint&, Actions& actions);
  void on_report(std::uint32_t task, const SinkFailed&, Actions& actions);
  bool may_read_marks() const;
  void order_all(Actions& actions) const;
  Epoch gate() const;

  const Settings settings_;
  std::vector<Owner> owners_;
  std::optional<std::uint32_t> reader_;
  std::optional<MarksRead> marks_;
  std::deque<Epoch> points_;  // not drained yet
  Epoch completed_;
  std::map<WriterNumber, SinkBlocked> blocked_;
};

}  // namespace tributary
