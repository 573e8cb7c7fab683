// checkpoint/publish/lineage.h
// The numbers that output is counted by, and the lineages of a job: which past a run goes on from.
//
// A lineage begins whenever a job starts from anything but its own newest completed checkpoint
// (rule 3). The history holds every lineage that a job ever had, superseded ones too, so that a
// mark of a lineage that is not in it can only come from the future of the one who reads it.
// Thread: values.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "checkpoint/publish/sink_snapshot.pb.h"

namespace tributary {

// What a job emits between two barriers; bears the id of the checkpoint that ends it. Ids never
// repeat within a job's uid, whatever it is restored from.
struct Epoch {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(Epoch, Epoch) = default;
};
inline constexpr Epoch kEveryEpoch{UINT64_MAX};

// One of the W numbers of a sink, W = the greatest parallelism that it ever had (rule 7).
struct WriterNumber {
  std::uint32_t value = 0;
  friend constexpr auto operator<=>(WriterNumber, WriterNumber) = default;
};

// Who owns the writer numbers: changes with every attempt and every change of the routing table.
struct OwnershipRound {
  std::uint64_t attempt = 0;
  std::uint64_t routing_version = 0;
  // Random, of the run: two runs from copies of one state folder count alike. Says nothing of who
  // is later.
  std::uint64_t incarnation = 0;

  // What is compared to tell which of two is later.
  constexpr std::pair<std::uint64_t, std::uint64_t> place() const {
    return {attempt, routing_version};
  }
  friend constexpr bool operator==(OwnershipRound, OwnershipRound) = default;
};

struct Lineage {
  Hash128 id;
  std::optional<std::uint32_t> parent;  // index in the history
  Epoch after;                          // the parent's epochs up to here are its past
};

class LineageHistory {
 public:
  static constexpr std::size_t kLineagesMax = 256;

  // A job that starts from nothing.
  explicit LineageHistory(Hash128 first);
  static Result<LineageHistory> decode(const checkpoint::Lineages& stored);
  checkpoint::Lineages encode() const;

  // A start from checkpoint `after` of `parent`; `id` is the current lineage from now on. S471 if
  // the parent is not known or there are too many.
  Status branch(Hash128 id, Hash128 parent, Epoch after);

  const Lineage& current() const { return lineages_.back(); }
  bool is_first() const { return lineages_.size() == 1; }
  bool knows(Hash128 id) const { return find(id).has_value(); }
  // Is the epoch `epoch` of `ancestor` in the past of `lineage`? Its own epochs are not.
  bool descends(Hash128 lineage, Hash128 ancestor, Epoch epoch) const;
  const std::vector<Lineage>& lineages() const { return lineages_; }

 private:
  LineageHistory() = default;
  std::optional<std::uint32_t> find(Hash128 id) const;

  std::vector<Lineage> lineages_;  // in the order they began; parents before children
};

}  // namespace tributary
