// jobs/cost_attribution/tools/new_files.h
// Files that come into being together: written under temporary names, made durable and renamed by
// commit(), removed when that never comes. A job that watches the folder never sees half a file.
//
// Thread: one. Errors: F102 with the system's reason, F103 when a file exists and may not be
// replaced.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tributary::cost {

class NewFiles {
 public:
  // `replaces`: existing files of the same names are replaced by commit() instead of being an
  // error.
  explicit NewFiles(bool replaces) : replaces_(replaces) {}
  ~NewFiles();
  NewFiles(const NewFiles&) = delete;
  NewFiles& operator=(const NewFiles&) = delete;

  // Creates the folder too. Returns the file's number, for write().
  Result<std::size_t> add(const std::filesystem::path& path);
  Status write(std::size_t file, std::string_view bytes);
  // All files, in the order of add(). Unless durable, a power cut may leave them empty.
  Status commit(bool is_durable = true);

  std::size_t count() const { return files_.size(); }
  const std::filesystem::path& path(std::size_t file) const { return files_[file].path; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  struct NewFile {
    std::filesystem::path path;
    std::filesystem::path temporary;
    std::unique_ptr<std::FILE, Close> handle;
  };

  bool replaces_;
  std::vector<NewFile> files_;
};

// Writes one file whole, by the same way; not durable: for what stands elsewhere too.
Status write_copy(const std::filesystem::path& path, std::string_view bytes, bool replaces);

}  // namespace tributary::cost
