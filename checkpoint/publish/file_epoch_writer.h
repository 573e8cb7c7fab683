// checkpoint/publish/file_epoch_writer.h
// The staging part of a file sink: temporary files of one writer number, closed and durable at each
// barrier, and the names under which they will be published.
//
// A sink that writes files becomes exactly-once by writing here, and by staging in its EpochStager
// what close_epoch() gives. Names of temporary files hold the attempt and the epoch's serial, so
// that no file is ever written by two. Thread: one; blocking (I/O pool).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "checkpoint/publish/file_connector.h"

namespace tributary {

class FileEpochWriter {
 public:
  struct Staged {
    std::string path;  // final
    StagedFile file;
  };
  // `suffix` of the files' names, such as "jsonl".
  FileEpochWriter(const FileConnector::Settings& settings, WriterNumber number,
                  OwnershipRound round, std::string suffix, std::shared_ptr<FileSystem> files);

  // Appends to this epoch's file of a folder below the sink's ("": the sink's own). After an error
  // the epoch cannot be closed: the task fails.
  Status append(const std::string& folder, std::string_view bytes);
  // Closes all files and makes them durable: <directory>/<folder>/part-<k>-<epoch>.<suffix>.
  // Ascending by path.
  Result<std::vector<Staged>> close_epoch(Epoch epoch);

 private:
  struct Open {
    std::string path;
    std::unique_ptr<WritableFile> file;
    Hasher128 hasher;
  };

  const std::string directory_;
  const std::string staging_;  // of this attempt
  const WriterNumber number_;
  const std::string suffix_;
  const std::shared_ptr<FileSystem> files_;
  std::uint64_t serial_ = 0;          // of the epoch within the attempt
  std::map<std::string, Open> open_;  // by folder
};

}  // namespace tributary
