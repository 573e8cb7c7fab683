// runtime/graph/routing_table.h
// Which task of a stage owns which key group: an explicit table with a version that every frame
// bears, so that a record sent under an older table is recognised.
//
// Values; immutable once made. Invariant: every key group has exactly one task, and task numbers
// are below task_count().
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "checkpoint/key_groups.h"

namespace tributary::graph {

class RoutingTable {
 public:
  RoutingTable() = default;
  // Contiguous ranges whose sizes differ by at most one: task i of p owns [ceil(i G / p), ceil((i +
  // 1) G / p)).
  static RoutingTable contiguous(std::uint32_t group_count, std::uint32_t task_count,
                                 std::uint64_t version = 1);

  std::uint64_t version() const { return version_; }
  std::uint32_t group_count() const { return static_cast<std::uint32_t>(tasks_.size()); }
  std::uint32_t task_count() const { return task_count_; }

  // The task that gets records with this key hash. The table must not be empty.
  std::uint32_t task_of(std::uint64_t hash) const {
    return tasks_[key_group_of(hash, group_count()).value];
  }
  std::uint32_t task_of_group(KeyGroup group) const { return tasks_[group.value]; }
  // The groups of a task, [begin, end). Every table so far is contiguous.
  GroupRange range_of(std::uint32_t task) const;
  // The groups of a task, ascending.
  std::vector<KeyGroup> groups_of(std::uint32_t task) const;

  friend bool operator==(const RoutingTable&, const RoutingTable&) = default;

 private:
  std::uint64_t version_ = 0;
  std::uint32_t task_count_ = 0;
  std::vector<std::uint16_t> tasks_;  // by key group
};

}  // namespace tributary::graph
