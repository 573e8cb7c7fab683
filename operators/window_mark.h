// The state of a window that late records have changed since it fired last.
#pragma once

#include "base/record.h"

namespace tributary::internal {

struct WindowMark {
  Timestamp correct_at;  // the processing timer that is pending
};
TRIBUTARY_RECORD(WindowMark, correct_at);

}  // namespace tributary::internal
