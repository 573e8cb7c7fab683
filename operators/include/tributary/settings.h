// Settings of jobs: a TRIBUTARY_RECORD with defaults, read strictly, or the tree itself
// (base/settings.h).
#pragma once

#include "base/settings.h"
#include "base/settings_binder.h"
