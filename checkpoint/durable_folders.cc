#include "checkpoint/durable_folders.h"

#include <utility>
#include <vector>

namespace tributary {

std::string DurableFolders::path_of(std::string_view name) const {
  return name.empty() ? root_ : fmt::format("{}/{}", root_, name);
}

Result<std::string> DurableFolders::make(std::string_view name) {
  const std::string path = path_of(name);
  const std::lock_guard lock(mutex_);
  if (durable_.contains(name)) return path;
  if (!durable_.contains("")) TRY(make_root());
  TRY(files_.make_directories(path));
  // From the root down: the name of each folder is an entry of the one above it.
  for (std::size_t end = 0; end < name.size();) {
    const std::size_t slash = name.find('/', end == 0 ? 0 : end + 1);
    end = slash == std::string_view::npos ? name.size() : slash;
    const std::string_view part = name.substr(0, end);
    if (durable_.contains(part)) continue;
    TRY(files_.sync_directory(parent_directory(path_of(part))));
    durable_.emplace(part);
  }
  return path;
}

// Folders above the root that were there may be closed to us: they are somebody else's care.
Status DurableFolders::make_root() {
  std::vector<std::pair<std::string, bool>> above;  // folder, whether an entry of it was missing
  for (std::string child = root_;;) {
    std::string parent = parent_directory(child);
    if (parent == child) break;
    above.emplace_back(parent, !TRY(files_.exists(child)));
    if (parent == ".") break;
    child = std::move(parent);
  }
  TRY(files_.make_directories(root_));
  for (const auto& [folder, required] : above) {
    const Status synced = files_.sync_directory(folder);
    if (!synced && (required || folder == above.front().first)) return synced;
  }
  durable_.emplace("");
  return {};
}

void DurableFolders::forget(std::string_view name) {
  const std::lock_guard lock(mutex_);
  for (;;) {
    if (const auto found = durable_.find(name); found != durable_.end()) durable_.erase(found);
    if (name.empty()) return;
    const std::size_t slash = name.rfind('/');
    name = name.substr(0, slash == std::string_view::npos ? 0 : slash);
  }
}

}  // namespace tributary
