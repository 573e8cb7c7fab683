// checkpoint/local_metadata_store.h
// Records as files of a folder: version v of a record is the file `<key>/@<v>`, linked into place
// without replacing, so that of many who set one version one wins (rule 69).
//
// Calls block. Any thread and several processes of one host at once; there is no lock that a dead
// process could hold. Invariants: a version that get() or compare_and_set() told of is durable; a
// version number is never given twice, although old versions are deleted: before it looks at the
// versions, a writer leaves the file that it is going to link, and whoever deletes versions deletes
// all such files first, so a writer that slept finds its file gone and looks again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/random.h"
#include "checkpoint/durable_folders.h"
#include "checkpoint/metadata_store.h"

namespace tributary {

class LocalMetadataStore final : public MetadataStore {
 public:
  // `files` and `random` must outlive it. `root` is made when it is first written to. Two instances
  // of one folder must draw different random numbers.
  LocalMetadataStore(FileSystem& files, std::string root, RandomSource& random);

  // S420 naming the file if it was cut or changed.
  Result<std::optional<MetadataRecord>> get(std::string_view key) override;
  Result<SetOutcome> compare_and_set(std::string_view key, MetadataVersion expected,
                                     std::string_view bytes) override;
  Result<std::vector<std::string>> list(std::string_view prefix) override;

 private:
  struct Versions {
    std::uint64_t highest = 0;
    std::vector<std::string> old;      // names of all below the highest
    std::vector<std::string> waiting;  // names of files that writers are going to link
  };
  Result<Versions> look(std::string_view key);
  // Errors are nobody's business: what is left is deleted by the next one.
  void delete_old(std::string_view key);
  Status walk(const std::string& folder, std::string_view prefix, std::vector<std::string>& keys);

  FileSystem& files_;
  RandomSource& random_;
  DurableFolders folders_;
};

}  // namespace tributary
