// jobs/cost_attribution/core/attribute.cc
#include "jobs/cost_attribution/core/attribute.h"

#include <algorithm>

namespace tributary::cost {

namespace {

bool equal_content(const ChargeRow& a, const ChargeRow& b) {
  return a.amounts == b.amounts && a.start == b.start && a.end == b.end &&
         a.currency == b.currency &&
         a.column(Column::kServiceName) == b.column(Column::kServiceName);
}

const Assignment* find_dimension(std::span<const Assignment> assignments,
                                 std::string_view dimension) {
  const auto at = std::ranges::find(assignments, dimension, &Assignment::dimension);
  return at == assignments.end() ? nullptr : &*at;
}

}  // namespace

const Decision& Attributor::on_row(const ChargeHead& head, const ChargeRow& row,
                                   const ContentHash& hash, const StoredView* stored,
                                   const RuleBook* book) {
  if (stored != nullptr) {
    if (head.revision < stored->revision)
      return decide(Outcome::kStale, StateChange::kNone, stored->revision);
    const bool same = !stored->deleted && stored->hash == hash;
    if (head.revision == stored->revision) {
      return decide(same ? Outcome::kDuplicate : Outcome::kRejected, StateChange::kNone,
                    stored->revision);
    }
    // Its rules version stays what it was: if that is no longer in force, the walk of on_rules
    // finds it.
    if (same) return decide(Outcome::kUnchanged, StateChange::kRevision, head.revision);
  }
  const bool is_new = stored == nullptr || stored->deleted;
  decide(is_new ? Outcome::kNew : Outcome::kChanged, StateChange::kReplace, head.revision);
  decision_.rules_version = assign(row, book);
  decision_.assignments = assignments_;
  const Posted after{&row, head.revision, decision_.rules_version, assignments_};
  if (is_new) {
    post(head.source, nullptr, &after, Cause::kNew);
  } else {
    const Posted before{&stored->row, stored->revision, stored->rules_version, stored->assignments};
    post(head.source, &before, &after, Cause::kChanged);
  }
  return decision_;
}

const Decision& Attributor::on_delete(const ChargeHead& head, const StoredView* stored) {
  if (stored == nullptr) return decide(Outcome::kDeleted, StateChange::kTombstone, head.revision);
  if (head.revision < stored->revision)
    return decide(Outcome::kStale, StateChange::kNone, stored->revision);
  if (head.revision == stored->revision) {
    // A row and a delete of one revision contradict each other.
    return decide(stored->deleted ? Outcome::kDuplicate : Outcome::kRejected, StateChange::kNone,
                  stored->revision);
  }
  if (stored->deleted) return decide(Outcome::kUnchanged, StateChange::kRevision, head.revision);
  decide(Outcome::kDeleted, StateChange::kTombstone, head.revision);
  const Posted before{&stored->row, stored->revision, stored->rules_version, stored->assignments};
  post(head.source, &before, nullptr, Cause::kDeleted);
  return decision_;
}

const Decision& Attributor::on_rules(std::string_view source, const StoredView& stored,
                                     const RuleBook& book) {
  if (stored.deleted || book.version_in_force(stored.row.start) == stored.rules_version) {
    return decide(Outcome::kUnchanged, StateChange::kNone, stored.revision);
  }
  decide(Outcome::kUnchanged, StateChange::kAssignments, stored.revision);
  decision_.rules_version = assign(stored.row, &book);
  decision_.assignments = assignments_;
  const Posted before{&stored.row, stored.revision, stored.rules_version, stored.assignments};
  const Posted after{&stored.row, stored.revision, decision_.rules_version, assignments_};
  post(source, &before, &after, Cause::kRules);
  if (!lines_.empty()) decision_.outcome = Outcome::kChanged;
  return decision_;
}

const Decision& Attributor::decide(Outcome outcome, StateChange change, std::int64_t revision) {
  lines_.clear();
  decision_ = {outcome, change, revision, 0, {}, {}};
  return decision_;
}

std::int64_t Attributor::assign(const ChargeRow& row, const RuleBook* book) {
  assignments_.clear();
  const RuleSet* rules = book == nullptr ? nullptr : book->in_force(row.start);
  if (rules == nullptr) return 0;
  rules->evaluate(row, evaluation_);
  const std::span<const Target> targets = evaluation_.targets();
  for (std::size_t d = 0; d < targets.size(); ++d) {
    assignments_.push_back(
        {rules->dimensions()[d].name, targets[d].element, rules->rule_id(d, targets[d])});
  }
  return rules->version();
}

void Attributor::post(std::string_view source, const Posted* before, const Posted* after,
                      Cause cause) {
  const bool same_content =
      before != nullptr && after != nullptr && equal_content(*before->row, *after->row);
  const Assignment input{kInputDimension, source, {}};
  if (!same_content) {
    if (before != nullptr) add_line(*before, input, /*reversal=*/true, cause);
    if (after != nullptr) add_line(*after, input, /*reversal=*/false, cause);
  }
  if (before != nullptr) {
    for (const Assignment& old : before->assignments) {
      if (after == nullptr || find_dimension(after->assignments, old.dimension) == nullptr) {
        add_line(*before, old, /*reversal=*/true, cause);
      }
    }
  }
  if (after != nullptr) {
    for (const Assignment& now : after->assignments) {
      const Assignment* old =
          before == nullptr ? nullptr : find_dimension(before->assignments, now.dimension);
      if (old != nullptr && same_content && old->element == now.element) continue;
      if (old != nullptr) add_line(*before, *old, /*reversal=*/true, cause);
      add_line(*after, now, /*reversal=*/false, cause);
    }
  }
  decision_.lines = lines_;
}

void Attributor::add_line(const Posted& posted, const Assignment& assignment, bool reversal,
                          Cause cause) {
  const ChargeRow& row = *posted.row;
  LineDraft line;
  line.dimension = assignment.dimension;
  line.element = assignment.element;
  line.reversal = reversal;
  line.service = row.column(Column::kServiceName);
  line.currency = row.currency;
  line.start = row.start;
  line.end = row.end;
  line.amounts = row.amounts;
  if (reversal) {
    // Amounts of a row are at most 10^15, far from where a negation could overflow.
    for (Amount& amount : line.amounts) amount.units = -amount.units;
  }
  line.cause = cause;
  line.rule_id = assignment.rule_id;
  line.rules_version = assignment.dimension == kInputDimension ? 0 : posted.rules_version;
  line.revision = posted.revision;
  lines_.push_back(line);
}

}  // namespace tributary::cost
