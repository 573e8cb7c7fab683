// jobs/cost_attribution/tools/generator_rules.h
// The rule document that goes with generated bills: dimensions team, feature, customer and
// environment, which cope with the dirt that the generator puts into tags.
#pragma once

#include <string>
#include <string_view>

#include "base/timestamp.h"

namespace tributary::cost {

// `valid_from` is a whole hour.
std::string generated_rules(std::string_view tenant, Timestamp valid_from);

}  // namespace tributary::cost
