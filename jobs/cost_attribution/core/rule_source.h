// jobs/cost_attribution/core/rule_source.h
// What a rule reads: a text column, the billing currency, a tag, or the element of an earlier
// dimension.
//
// Missing, null and empty are the same: an empty view. A reserved element, "(…)", is missing too.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/cost_attribution/core/charge.h"

namespace tributary::cost {

struct RuleSource {
  enum class Kind : std::uint8_t { kColumn, kCurrency, kTag, kDimension };

  Kind kind = Kind::kColumn;
  std::uint32_t index = 0;  // of the column, of the tag key in the rule set, of the dimension
};

// The element that one dimension gave a charge.
struct Target {
  static constexpr std::int32_t kDefault = -1;

  std::string_view element;
  std::int32_t rule = kDefault;  // index in the dimension
};

// The values of one row. Each tag key is looked up once a row, when first asked for.
class SourceValues {
 public:
  // `tag_keys`: the keys that the rule set names.
  void start(const ChargeRow& row, std::span<const std::string> tag_keys,
             std::span<const Target> targets) {
    row_ = &row;
    tag_keys_ = tag_keys;
    targets_ = targets;
    ++row_number_;
    if (slots_.size() < tag_keys.size()) slots_.resize(tag_keys.size());
  }

  const ChargeRow& row() const { return *row_; }

  std::string_view value(RuleSource source) {
    switch (source.kind) {
      case RuleSource::Kind::kColumn:
        return row_->columns[source.index];
      case RuleSource::Kind::kCurrency:
        return row_->currency.view();
      case RuleSource::Kind::kTag: {
        Slot& slot = slots_[source.index];
        if (slot.row_number != row_number_)
          slot = {row_number_, row_->tag(tag_keys_[source.index])};
        return slot.value;
      }
      case RuleSource::Kind::kDimension: {
        const std::string_view element = targets_[source.index].element;
        return element.starts_with('(') ? std::string_view() : element;
      }
    }
    return {};
  }

 private:
  struct Slot {
    std::uint64_t row_number = 0;
    std::string_view value;
  };

  const ChargeRow* row_ = nullptr;
  std::span<const std::string> tag_keys_;
  std::span<const Target> targets_;
  std::uint64_t row_number_ = 0;
  std::vector<Slot> slots_;
};

}  // namespace tributary::cost
