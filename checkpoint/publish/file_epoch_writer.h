// checkpoint/publish/file_epoch_writer.h
// The staging part of a file sink: temporary files of one writer number, ended at each barrier, and
// the names under which they will be published.
//
// A sink that writes files becomes exactly-once by writing here on its slot, by having the pool
// close() what end_epoch() gives, while it writes the next epoch's, and by staging what close()
// gives, epoch by epoch. Names of temporary files hold the round and the epoch's serial, so that no
// file is ever written by two.
//
// Full disk: what cannot be written stays in memory and is written again, so the sink stops taking
// records until it can. But after a failed sync nobody knows what a file holds: lost(), and the
// task fails.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "checkpoint/publish/file_connector.h"
#include "checkpoint/publish/part_files.h"

namespace tributary {

// The files of an epoch to which nothing is added any more. Thread: one at a time; any.
class EndedEpoch {
 public:
  struct Staged {
    std::string path;  // final
    StagedFile file;
  };

  Epoch epoch() const { return epoch_; }
  bool empty() const { return files_->empty(); }
  // Writes what is left and makes files and names durable; blocks. Ascending by path. May be called
  // again after an error, unless lost().
  Result<std::vector<Staged>> close();
  bool lost() const { return lost_ || files_->lost(); }

 private:
  friend class FileEpochWriter;
  EndedEpoch() = default;
  Status sync_folders();

  Epoch epoch_;
  std::string directory_;  // the sink's
  std::string folder_;     // of the temporary files
  std::shared_ptr<FileSystem> file_system_;
  std::unique_ptr<PartFiles> files_;
  std::map<std::string, const PartFiles::File*> by_path_;  // final
  bool lost_ = false;
};

class FileEpochWriter {
 public:
  // `suffix` of the files' names, such as "jsonl".
  FileEpochWriter(const FileConnector::Settings& settings, WriterNumber number,
                  OwnershipRound round, std::string suffix, std::shared_ptr<FileSystem> files);

  // Of the current epoch; its files() are told what is added. Published as
  // <directory>/<folder>/part-<k>-<epoch>.<suffix>, or in the sink's own folder ("").
  PartFiles::File& file(const std::string& folder);
  PartFiles& files() { return *open_; }
  Status append(const std::string& folder, std::string_view bytes);

  // Does not block. What is added from now on is of the next epoch.
  std::unique_ptr<EndedEpoch> end_epoch(Epoch epoch);

 private:
  std::string epoch_folder() const;

  const std::string directory_;
  const std::string staging_;  // of this round
  const WriterNumber number_;
  const std::string suffix_;
  const std::shared_ptr<FileSystem> files_;
  std::uint64_t serial_ = 0;  // of the epoch within the round
  std::unique_ptr<PartFiles> open_;
  std::map<std::string, PartFiles::File*> by_folder_;
};

// Removes the temporary files of a number that were written in rounds before `round`. Only when all
// that they staged is out or will never be published (StagedOutput::earlier_rounds_are_over()). A
// zombie of such a round that still writes loses what nobody would have published.
Status remove_staged_before(FileSystem& files, const FileConnector::Settings& settings,
                            WriterNumber number, OwnershipRound round);

}  // namespace tributary
