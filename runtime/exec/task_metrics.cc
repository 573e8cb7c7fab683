#include "runtime/exec/task_metrics.h"

namespace tributary {

void OperatorMetrics::count(std::string_view counter, std::int64_t n) {
  const std::lock_guard lock(mutex_);
  const auto found = named_.find(counter);
  if (found != named_.end()) {
    found->second += n;
  } else {
    named_.emplace(counter, n);
  }
}

std::map<std::string, std::int64_t, std::less<>> OperatorMetrics::named() const {
  const std::lock_guard lock(mutex_);
  return named_;
}

}  // namespace tributary
