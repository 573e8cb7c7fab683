// runtime/api/settings_digest.h
// The digest of settings that goes into the JobGraph: of the texts as they are written, before
// ${...} is expanded, so that no secret shows in it. The order of keys, lines and comments make no
// difference.
#pragma once

#include "base/hash.h"
#include "base/settings.h"

namespace tributary {

Hash128 settings_digest(const Settings& unexpanded);

}  // namespace tributary
