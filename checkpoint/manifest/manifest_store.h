// checkpoint/manifest/manifest_store.h
// Manifests as files of one folder, one folder per job uid (or savepoint). A file is written under
// a temporary name, made durable, linked into place without replacing, and its folder made durable:
// whoever sees the name sees the whole (rule 29).
//
// Calls block (I/O pool). Any thread and several processes. A manifest that the job's record does
// not name does not exist: a file may stand here that counts for nothing.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/random.h"
#include "checkpoint/durable_folders.h"
#include "checkpoint/manifest/manifest_file.h"

namespace tributary {

class ManifestStore {
 public:
  // `files` and `random` must outlive it.
  ManifestStore(FileSystem& files, std::string folder, RandomSource& random);

  // Durable on return, read back. Every blob that it names must be durable already. S415 if another
  // manifest has its name.
  Result<checkpoint::ManifestRef> write(const checkpoint::Manifest& manifest);
  // S414 if it is missing, S415 if it is not the one that was written.
  Result<checkpoint::Manifest> read(const checkpoint::ManifestRef& ref);
  // By its name alone: for the state tools and for savepoints, which no record names.
  Result<checkpoint::Manifest> read_by_name(std::string_view name);
  // Names of manifests, newest checkpoint first, and of files that a crash left. Empty if there is
  // no folder.
  Result<std::vector<std::string>> list();
  // Fine if it is missing.
  Status remove(std::string_view name);

 private:
  Result<std::string> read_bytes(std::string_view name);
  Status link(const std::string& name, std::string_view bytes);

  FileSystem& files_;
  RandomSource& random_;
  DurableFolders folders_;
};

}  // namespace tributary
