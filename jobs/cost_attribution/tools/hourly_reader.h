// jobs/cost_attribution/tools/hourly_reader.h
// Topic cost.hourly as a folder, folded: of each cell the last line of its file counts.
//
// Thread: one. Memory: one entry a cell of the tenant. F101, D101; a cell that lies in two files is
// D101, because then nobody knows which of its lines is the last.
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include "base/error.h"
#include "jobs/cost_attribution/core/hourly_cost.h"

namespace tributary::cost {

// The final cells of the tenant, in the order of dimension, element, service, currency, hour.
Status walk_hourly(const std::filesystem::path& dir, std::string_view tenant,
                   const std::function<Status(const HourlyCost&)>& on_cell);

}  // namespace tributary::cost
