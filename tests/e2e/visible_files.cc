#include "tests/e2e/visible_files.h"

#include <string>
#include <system_error>

namespace tributary::testing {
namespace {

namespace fs = std::filesystem;

bool is_hidden(const std::string& name) {
  return name.starts_with('_') || name.starts_with('.') || name.ends_with(".tmp");
}

void list_below(const fs::path& folder, std::vector<fs::path>& files) {
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator(folder, gone)) {
    if (is_hidden(entry.path().filename().string())) continue;
    if (entry.is_directory(gone)) {
      list_below(entry.path(), files);
    } else {
      files.push_back(entry.path());
    }
  }
}

}  // namespace

std::vector<fs::path> visible_files(const fs::path& topic) {
  std::vector<fs::path> files;
  list_below(topic, files);
  return files;
}

}  // namespace tributary::testing
