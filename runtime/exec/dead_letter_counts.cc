#include "runtime/exec/dead_letter_counts.h"

#include "base/schema.h"
#include "runtime/exec/dead_letter.h"

namespace tributary {

void DeadLetterCounts::add(const Batch& batch, OperatorMetrics& metrics) {
  if (type_ != &batch.type()) {
    type_ = &batch.type();
    // A job's library has a table of its own; and a record of another form may bear the name.
    const TypeInfo& letter = type_info<DeadLetter>();
    is_dead_letter_ =
        type_ == &letter || (type_->name == letter.name && schema_of(*type_) == schema_of(letter));
  }
  if (!is_dead_letter_) return;
  std::string counter;
  for (std::uint32_t i = 0; i < batch.size(); ++i) {
    const std::string_view reason = static_cast<const DeadLetter*>(batch.record(i))->reason;
    counter.assign(kDeadLetterCounter).append(reason.substr(0, kReasonBytesMax));
    if (!counters_.contains(counter)) {
      if (counters_.size() < kReasonsMax) {
        counters_.insert(counter);
      } else {
        counter.assign(kDeadLetterCounter).append("OTHER");
      }
    }
    metrics.count(counter, 1);
  }
}

}  // namespace tributary
