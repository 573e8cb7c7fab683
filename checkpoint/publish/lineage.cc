#include "checkpoint/publish/lineage.h"

#include <algorithm>

namespace tributary {

LineageHistory::LineageHistory(Hash128 first) { lineages_.push_back({first, std::nullopt, {}}); }

Result<LineageHistory> LineageHistory::decode(const checkpoint::Lineages& stored) {
  if (stored.lineages().empty() || stored.lineages().size() > static_cast<int>(kLineagesMax))
    return fail(ErrorCode::S471, "reading a job's lineages: {} of them", stored.lineages().size());
  LineageHistory history;
  for (const checkpoint::Lineage& lineage : stored.lineages()) {
    const Hash128 id{lineage.id_high(), lineage.id_low()};
    const std::size_t known = history.lineages_.size();
    const bool root = known == 0;
    if (history.knows(id) || root == lineage.has_parent() || (!root && lineage.parent() >= known)) {
      return fail(ErrorCode::S471, "reading a job's lineages: number {} is malformed", known);
    }
    std::optional<std::uint32_t> parent;
    if (!root) parent = lineage.parent();
    history.lineages_.push_back({id, parent, {lineage.after()}});
  }
  return history;
}

checkpoint::Lineages LineageHistory::encode() const {
  checkpoint::Lineages stored;
  for (const Lineage& lineage : lineages_) {
    checkpoint::Lineage& one = *stored.add_lineages();
    one.set_id_high(lineage.id.high);
    one.set_id_low(lineage.id.low);
    if (lineage.parent) one.set_parent(*lineage.parent);
    one.set_after(lineage.after.value);
  }
  return stored;
}

std::optional<std::uint32_t> LineageHistory::find(Hash128 id) const {
  const auto found = std::ranges::find(lineages_, id, &Lineage::id);
  if (found == lineages_.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - lineages_.begin());
}

Status LineageHistory::branch(Hash128 id, Hash128 parent, Epoch after) {
  const auto from = find(parent);
  if (!from || knows(id) || lineages_.size() >= kLineagesMax) {
    return fail(ErrorCode::S471, "starting lineage {} from checkpoint {} of lineage {}: {}",
                id.to_hex(), after.value, parent.to_hex(),
                !from       ? "the job never had that lineage"
                : knows(id) ? "the lineage is there already"
                            : "a job has at most 256 lineages; start a fork");
  }
  lineages_.push_back({id, from, after});
  return {};
}

bool LineageHistory::descends(Hash128 lineage, Hash128 ancestor, Epoch epoch) const {
  auto at = find(lineage);
  Epoch bound = kEveryEpoch;
  while (at) {
    const Lineage& here = lineages_[*at];
    if (here.id == ancestor) return here.id != lineage && epoch <= bound;
    bound = std::min(bound, here.after);
    at = here.parent;
  }
  return false;
}

}  // namespace tributary
