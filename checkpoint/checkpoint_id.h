// checkpoint/checkpoint_id.h
// The number of a checkpoint: of its barrier, its manifest and the epoch that it ends. Never given
// twice within a job's uid (rule 3).
//
// A value.
#pragma once

#include <compare>
#include <cstdint>

namespace tributary {

struct CheckpointId {
  std::uint64_t value = 0;  // 0: none
  friend constexpr auto operator<=>(CheckpointId, CheckpointId) = default;
};

}  // namespace tributary
