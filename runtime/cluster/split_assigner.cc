#include "runtime/cluster/split_assigner.h"

#include <algorithm>
#include <set>
#include <string>

namespace tributary {

namespace {
// A split of unknown size counts as one byte: among such, only their number decides.
std::int64_t weight_of(std::int64_t weight) { return std::max<std::int64_t>(weight, 1); }
}  // namespace

std::vector<int> assign_splits(cluster::SourceSplits& table, std::vector<Split> listed,
                               std::uint32_t tasks) {
  std::set<std::string> known;
  std::vector<std::int64_t> load(tasks, 0);
  std::vector<std::int64_t> count(tasks, 0);
  for (const cluster::AssignedSplit& split : table.splits()) {
    known.insert(split.id());
    load[split.task()] += weight_of(split.weight());
    ++count[split.task()];
  }
  std::erase_if(listed, [&](const Split& split) { return known.contains(split.id); });
  // Heaviest first fills evenly; equal weights by id, so that the result depends on the listing's
  // content alone.
  std::ranges::sort(listed, [](const Split& a, const Split& b) {
    return weight_of(a.weight) != weight_of(b.weight) ? weight_of(a.weight) > weight_of(b.weight)
                                                      : a.id < b.id;
  });
  std::vector<int> added;
  for (const Split& split : listed) {
    if (!known.insert(split.id).second) continue;  // listed twice
    std::uint32_t best = 0;
    for (std::uint32_t task = 1; task < tasks; ++task) {
      if (load[task] < load[best] || (load[task] == load[best] && count[task] < count[best]))
        best = task;
    }
    load[best] += weight_of(split.weight);
    ++count[best];
    added.push_back(table.splits_size());
    cluster::AssignedSplit& assigned = *table.add_splits();
    assigned.set_id(split.id);
    assigned.set_position(split.position);
    assigned.set_end(split.end);
    assigned.set_weight(split.weight);
    assigned.set_task(best);
  }
  return added;
}

}  // namespace tributary
