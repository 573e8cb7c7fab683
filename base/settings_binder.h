// Settings into the record that a job declares, strictly: an unknown name is an error that proposes
// the nearest known one (C101), a value of the wrong form is an error that says what is expected
// (C102). What is absent keeps its default.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/arena.h"
#include "base/error.h"
#include "base/settings.h"
#include "base/type_info.h"

namespace tributary {

inline constexpr std::size_t kSettingsErrorsMax = 32;

// `out` (type.size bytes) becomes the record's default and then takes what `settings` says; texts
// lie in `arena`. Scalars are read as base/scalar_text.h reads them, Durations as "200ms" or "40d",
// `null` (or nothing) as absent. A list also takes a single text ("acme") and, as --set has no
// other way to write it, "[acme, initech]". Everything that is wrong, in the order of the document,
// at most kSettingsErrorsMax.
std::vector<Error> bind_settings(const Settings& settings, const TypeInfo& type, void* out,
                                 Arena& arena);

// One line for each setting: its path, what it takes, its default. For `tributary run
// --help-settings`.
std::string describe_settings(const TypeInfo& type);

}  // namespace tributary
