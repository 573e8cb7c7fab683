// jobs/cost_attribution/rows.h
// Between the core's views of a charge and the records that flow and are kept: columns and tags by
// reference, nothing copied. The engine copies when it stores or sends.
//
// Owner and thread: one RowViews per task; what it returns lives until its next call of the same
// name.
#pragma once

#include <array>
#include <vector>

#include "jobs/cost_attribution/core/attribute.h"
#include "jobs/cost_attribution/core/charge.h"
#include "jobs/cost_attribution/records.h"

namespace tributary::cost {

class RowViews {
 public:
  // A record whose Texts view the row's bytes.
  RowRecord record_of(const ChargeRow& row);
  // The row that a record describes.
  ChargeRow row_of(const RowRecord& record);
  // The stored charge as the core wants it. Uses row_of's memory.
  StoredView stored_of(const StoredCharge& charge);
  // Assignments as records.
  List<AssignmentRecord> assignments_of(std::span<const Assignment> assignments);

 private:
  std::array<Text, kColumnCount> columns_;
  std::vector<TagRecord> tag_records_;
  std::vector<Tag> tags_;
  std::vector<Assignment> assignments_;
  std::vector<AssignmentRecord> assignment_records_;
};

inline Amounts amounts_of(const RowRecord& row) {
  return {row.billed, row.effective, row.list, row.contracted};
}

}  // namespace tributary::cost
