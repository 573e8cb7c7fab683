// runtime/api/settings_yaml.h
// A YAML document as Settings, strictly: one document, a map at its root, every scalar a text as it
// is written.
//
// Decides what of YAML is refused (C103): anchors, aliases, tags, duplicate or composite keys, a
// second document, more than 1 MiB, nesting deeper than 32. The one door to yaml-cpp in this
// folder: its exceptions end here. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/settings.h"

namespace tributary {

inline constexpr std::size_t kSettingsBytesMax = std::size_t{1} << 20;
inline constexpr int kSettingsDepthMax = 32;

// `name` is what messages call the document ("prod.yaml"). An empty document is an empty map.
Result<Settings> parse_settings_yaml(std::string_view text, const std::string& name);

}  // namespace tributary
