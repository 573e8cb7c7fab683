// runtime/api/settings_override.h
// What --set a.b=c does to settings: replaces or adds the value at a path, making maps on the way.
// A part of the path that meets a list is an index into it; the index after its last item appends,
// and 0 where nothing is yet begins a list. The value is a text as it stands; a list takes "[a, b]"
// (base/settings_binder.h).
//
// Pure; any thread.
#pragma once

#include <string_view>

#include "base/error.h"
#include "base/settings.h"

namespace tributary {

// The settings after `assignment` ("charges.path=in"). C102 if it is no assignment or its path does
// not fit.
Result<Settings> override_setting(const Settings& settings, std::string_view assignment);

}  // namespace tributary
