// checkpoint/inspect/checkpoint_check.h
// Is a checkpoint what was written? Every blob is there with its size and hash, every delta and
// staged segment parses, every key lies in its group and every value fits its schema; if not: what
// is damaged, and what would be lost.
//
// Calls block; it reads everything. It only reads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "checkpoint/inspect/stage_states.h"
#include "checkpoint/manifest/manifest.pb.h"

namespace tributary {

struct Damage {
  Error error;       // names the blob, the file or the entry
  std::string lost;  // what needs it
};

struct CheckReport {
  std::uint64_t blobs = 0;
  std::uint64_t bytes = 0;    // of blobs
  std::uint64_t entries = 0;  // of keyed state, and timers
  std::vector<Damage> damages;
  std::uint64_t left_out = 0;  // damages of entries that are not in the list
};

// Entries of a task are read only if its blobs are whole.
CheckReport check_checkpoint(const checkpoint::Manifest& manifest, const InspectPlaces& places);

}  // namespace tributary
