#include "jobs/cost_attribution/rows.h"

namespace tributary::cost {

RowRecord RowViews::record_of(const ChargeRow& row) {
  // Trailing missing columns need no place.
  std::uint32_t used = 0;
  for (std::uint32_t i = 0; i < kColumnCount; ++i) {
    columns_[i] = Text(row.columns[i]);
    if (!row.columns[i].empty()) used = i + 1;
  }
  tag_records_.clear();
  for (const Tag& tag : row.tags) tag_records_.push_back({.key = tag.key, .value = tag.value});
  return {.start = row.start,
          .end = row.end,
          .currency = row.currency,
          .missing_metrics = row.missing_metrics,
          .billed = row.amounts[0],
          .effective = row.amounts[1],
          .list = row.amounts[2],
          .contracted = row.amounts[3],
          .columns = List<Text>({columns_.data(), used}),
          .tags = List<TagRecord>(tag_records_)};
}

ChargeRow RowViews::row_of(const RowRecord& record) {
  ChargeRow row;
  row.start = record.start;
  row.end = record.end;
  row.currency = record.currency;
  row.missing_metrics = record.missing_metrics;
  row.amounts = amounts_of(record);
  for (std::size_t i = 0; i < record.columns.size() && i < kColumnCount; ++i)
    row.columns[i] = record.columns[i].view();
  tags_.clear();
  for (const TagRecord& tag : record.tags)
    tags_.push_back({.key = tag.key.view(), .value = tag.value.view()});
  row.tags = tags_;
  return row;
}

StoredView RowViews::stored_of(const StoredCharge& charge) {
  assignments_.clear();
  for (const AssignmentRecord& one : charge.assignments) {
    assignments_.push_back({.dimension = one.dimension.view(),
                            .element = one.element.view(),
                            .rule_id = one.rule_id.view()});
  }
  return {.revision = charge.revision,
          .deleted = charge.deleted,
          .hash = {.high = charge.hash.high, .low = charge.hash.low},
          .row = row_of(charge.row),
          .rules_version = charge.rules_version,
          .assignments = assignments_};
}

List<AssignmentRecord> RowViews::assignments_of(std::span<const Assignment> assignments) {
  assignment_records_.clear();
  for (const Assignment& one : assignments) {
    assignment_records_.push_back(
        {.dimension = one.dimension, .element = one.element, .rule_id = one.rule_id});
  }
  return List<AssignmentRecord>(assignment_records_);
}

}  // namespace tributary::cost
