// jobs/cost_attribution/tools/charge_ordinals.cc
#include "jobs/cost_attribution/tools/charge_ordinals.h"

#include <algorithm>
#include <tuple>

namespace tributary::cost {

void ChargeOrdinals::add(std::uint64_t row, const Hash128& identity) {
  identities_.push_back({identity, row});
}

bool ChargeOrdinals::seal_identities() {
  std::ranges::sort(identities_, {},
                    [](const Identity& row) { return std::tie(row.identity, row.number); });
  for (std::size_t i = 0; i < identities_.size(); ++i) {
    const auto is_equal = [&](std::size_t other) {
      return other < identities_.size() && identities_[other].identity == identities_[i].identity;
    };
    if (is_equal(i + 1) || (i > 0 && is_equal(i - 1))) {
      equals_.push_back({identities_[i].identity, identities_[i].number, {}, 0});
    }
  }
  std::vector<Identity>().swap(identities_);
  std::ranges::sort(equals_, {}, &Row::number);
  return !equals_.empty();
}

bool ChargeOrdinals::has_equals(std::uint64_t row) const { return find(row) != nullptr; }

void ChargeOrdinals::add_costs(std::uint64_t row, const Amounts& costs) {
  if (const Row* found = find(row))
    equals_[static_cast<std::size_t>(found - equals_.data())].costs = costs;
}

void ChargeOrdinals::seal_costs() {
  std::ranges::sort(equals_, {},
                    [](const Row& row) { return std::tie(row.identity, row.costs, row.number); });
  for (std::size_t i = 1; i < equals_.size(); ++i) {
    if (equals_[i].identity == equals_[i - 1].identity)
      equals_[i].ordinal = equals_[i - 1].ordinal + 1;
  }
  std::ranges::sort(equals_, {}, &Row::number);
}

std::uint32_t ChargeOrdinals::ordinal(std::uint64_t row) const {
  const Row* found = find(row);
  return found == nullptr ? 0 : found->ordinal;
}

const ChargeOrdinals::Row* ChargeOrdinals::find(std::uint64_t row) const {
  const auto found = std::ranges::lower_bound(equals_, row, {}, &Row::number);
  return found != equals_.end() && found->number == row ? &*found : nullptr;
}

}  // namespace tributary::cost
