#include "runtime/graph/routing_table.h"

#include "base/error.h"

namespace tributary::graph {

RoutingTable RoutingTable::contiguous(std::uint32_t group_count, std::uint32_t task_count,
                                      std::uint64_t version) {
  TRIBUTARY_CHECK(group_count >= 1 && group_count <= kKeyGroupCountMax, "{} key groups",
                  group_count);
  TRIBUTARY_CHECK(task_count >= 1 && task_count <= group_count, "{} tasks for {} key groups",
                  task_count, group_count);
  RoutingTable table;
  table.version_ = version;
  table.task_count_ = task_count;
  table.tasks_.resize(group_count);
  for (std::uint32_t group = 0; group < group_count; ++group)
    table.tasks_[group] =
        static_cast<std::uint16_t>(std::uint64_t{group} * task_count / group_count);
  return table;
}

GroupRange RoutingTable::range_of(std::uint32_t task) const {
  GroupRange range;
  for (std::uint32_t group = 0; group < group_count(); ++group) {
    if (tasks_[group] != task) continue;
    if (range.end == 0) range.begin = group;
    TRIBUTARY_CHECK(range.end == 0 || range.end == group, "task {} has groups with a hole at {}",
                    task, group);
    range.end = group + 1;
  }
  return range;
}

std::vector<KeyGroup> RoutingTable::groups_of(std::uint32_t task) const {
  std::vector<KeyGroup> groups;
  for (std::size_t group = 0; group < tasks_.size(); ++group)
    if (tasks_[group] == task) groups.push_back({static_cast<std::uint16_t>(group)});
  return groups;
}

}  // namespace tributary::graph
