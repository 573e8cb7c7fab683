// jobs/cost_attribution/refusal.h
// A refused record of an input topic as a dead letter: one per record, with reason, position and
// raw bytes.
#pragma once

#include <tributary/dead_letters.h>

#include "base/arena.h"
#include "jobs/cost_attribution/core/rejection.h"
#include "jobs/cost_attribution/records.h"

namespace tributary::cost {

// Texts of the result lie in `arena` or view `rejection` and `origin`.
DeadLetter dead_letter_of(const Rejection& rejection, const Origin& origin, Arena& arena);

}  // namespace tributary::cost
