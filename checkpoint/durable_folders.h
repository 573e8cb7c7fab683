// checkpoint/durable_folders.h
// Makes folders below a root so that their own names outlive a power cut: a file in a folder whose
// name was never made durable is lost with it.
//
// Owner: a store. Thread: any. Invariant: a folder is remembered only after it and all folders
// above it, up to the root, are durable. The root itself and what lies above it are synced too,
// once.
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "base/file_system.h"

namespace tributary {

class DurableFolders {
 public:
  DurableFolders(FileSystem& files, std::string root) : files_(files), root_(std::move(root)) {}

  // `name` is a store name; "" is the root. Returns the folder's path.
  Result<std::string> make(std::string_view name);
  // Somebody may have removed it: the next make() looks again, also at the folders above.
  void forget(std::string_view name);

  std::string path_of(std::string_view name) const;

 private:
  Status make_root();

  FileSystem& files_;
  const std::string root_;
  std::mutex mutex_;
  std::set<std::string, std::less<>> durable_;  // guarded by mutex_
};

}  // namespace tributary
