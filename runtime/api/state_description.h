// runtime/api/state_description.h
// A checkpoint described for people and for programs: the job, its stages with their states, its
// sources, sinks and gates. The JSON is the one form that the text is made from.
//
// Pure, but for the counts, which whoever reads them gives.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/error.h"
#include "checkpoint/inspect/stage_states.h"
#include "checkpoint/inspect/state_count.h"
#include "checkpoint/manifest/manifest.pb.h"

namespace tributary {

// Of one stage, by the ids of states.
using StageCounts = std::map<std::uint32_t, StateCount>;

// `counts` is beside `stages`, or empty if nothing was counted.
nlohmann::ordered_json describe_checkpoint(const checkpoint::Manifest& manifest,
                                           const std::vector<StageStates>& stages,
                                           const std::vector<StageCounts>& counts);

// One line. Bytes that are no UTF-8 (names in schemas may have any) become U+FFFD.
std::string json_line(const nlohmann::ordered_json& json);

std::string description_text(const nlohmann::ordered_json& description);

}  // namespace tributary
