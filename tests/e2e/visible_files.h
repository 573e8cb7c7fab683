// tests/e2e/visible_files.h
// What readers of a topic find: all files below its folder, but for those whose own name or whose
// folder's name says that they are somebody's work (docs/connectors.md, Files).
//
// A job may be writing: what comes or goes meanwhile may be missed.
#pragma once

#include <filesystem>
#include <vector>

namespace tributary::testing {

std::vector<std::filesystem::path> visible_files(const std::filesystem::path& topic);

}  // namespace tributary::testing
