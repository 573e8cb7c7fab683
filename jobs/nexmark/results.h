// jobs/nexmark/results.h
// Where a query's results go: into files of a folder, or nowhere.
//
// A value.
#pragma once

#include <string>
#include <utility>

#include <tributary/blackhole.h>
#include <tributary/files.h>
#include <tributary/job.h>

namespace tributary::nexmark {

class Results {
 public:
  // "": nowhere.
  explicit Results(std::string folder) : folder_(std::move(folder)) {}

  // The sink "results". Of an upsert stream the last line of a key is its value.
  template <typename T, StreamKind kKind>
  void take(const Stream<T, kKind>& stream) const {
    if (folder_.empty()) {
      stream.sink("results", blackhole<T>());
    } else {
      stream.sink("results", files_upsert<T>(folder_));
    }
  }

 private:
  std::string folder_;
};

}  // namespace tributary::nexmark
