// operators/connectors/staged_files.h
// The exactly-once side of a file sink: each epoch's lines go to temporary files, which are ended
// at its barrier, closed by the I/O pool and staged, epoch by epoch, to be renamed when the
// checkpoint is complete (docs/connectors.md).
//
// Owner: FileSink; thread: its slot's. When a file cannot be written (full disk, EIO) its lines
// stay in memory and the sink takes no records until they are written: blocked(). Barriers wait
// meanwhile, or the checkpoint of one that passed does: the coordinator gives it up after its
// time-out, and the next one holds everything. A file that cannot be made durable fails the task:
// nobody knows what it holds.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "checkpoint/publish/file_epoch_writer.h"
#include "runtime/exec/staged_output.h"

namespace tributary {

class StagedFiles {
 public:
  // `tasks` of the sink; `on_failure` when something is to be tried again by retry().
  StagedFiles(const FileConnector::Settings& settings, std::string_view suffix,
              std::shared_ptr<FileSystem> files, std::uint32_t tasks, StagedOutput& output,
              std::function<void()> on_failure);

  // The current epoch's.
  FileEpochWriter& writer() { return writer_; }
  void end_epoch(Epoch epoch);

  // Something could not be written: the sink takes no records.
  bool blocked() const;
  void write_failed(Error error);
  void retry();

 private:
  enum class State : std::uint8_t { kClosing, kFailed, kClosed };
  struct Ending {
    std::shared_ptr<EndedEpoch> files;  // the pool's while it is closing
    State state = State::kClosing;
    std::vector<EndedEpoch::Staged> staged;
  };
  void close(Ending& ending);
  void closed(const EndedEpoch* files, Result<std::vector<EndedEpoch::Staged>> result);
  void stage_closed();
  void stop(Epoch epoch, Error error);
  void sweep();

  const FileConnector::Settings settings_;
  const std::shared_ptr<FileSystem> files_;
  const std::uint32_t tasks_;
  StagedOutput& output_;
  const std::function<void()> on_failure_;
  FileEpochWriter writer_;
  std::deque<Ending> ending_;  // by epoch
  bool write_failed_ = false;
  bool stopped_ = false;  // the task fails
  bool swept_ = false;
};

}  // namespace tributary
