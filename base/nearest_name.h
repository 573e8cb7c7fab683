// base/nearest_name.h
// "did you mean …": the known name that a mistyped one most likely meant.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace tributary {

// The known name of the fewest edits (insert, delete, replace, swap of neighbours; capitals do not
// count), the first of equals. Nothing when more than a third of the longer name, and more than one
// edit, would have to change.
std::optional<std::string_view> nearest_name(std::string_view wrong,
                                             std::span<const std::string_view> known);

}  // namespace tributary
