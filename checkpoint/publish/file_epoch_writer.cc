#include "checkpoint/publish/file_epoch_writer.h"

#include <fmt/format.h>

#include "base/failpoint.h"

namespace tributary {

FileEpochWriter::FileEpochWriter(const FileConnector::Settings& settings, WriterNumber number,
                                 OwnershipRound round, std::string suffix,
                                 std::shared_ptr<FileSystem> files)
    : directory_(settings.directory),
      staging_(fmt::format("{}/staged/{}-{}", FileConnector::writer_folder(settings, number),
                           round.attempt, round.routing_version)),
      number_(number),
      suffix_(std::move(suffix)),
      files_(std::move(files)) {}

Status FileEpochWriter::append(const std::string& folder, std::string_view bytes) {
  Open& open = open_[folder];
  if (open.file == nullptr) {
    const std::string epoch = fmt::format("{}/{}", staging_, serial_);
    TRY(files_->make_directories(epoch));
    open.path = fmt::format("{}/{}", epoch, open_.size());
    open.file = TRY(files_->create(open.path));
  }
  open.hasher.update(bytes);
  return open.file->append(bytes);
}

Result<std::vector<FileEpochWriter::Staged>> FileEpochWriter::close_epoch(Epoch epoch) {
  std::vector<Staged> staged;
  for (auto& [folder, open] : open_) {
    TRY(failpoint_status("epoch.before_sync"));
    TRY(open.file->sync());
    const std::uint64_t size = open.file->size();
    TRY(open.file->close());
    const std::string in = folder.empty() ? directory_ : directory_ + "/" + folder;
    staged.push_back({fmt::format("{}/part-{}-{}.{}", in, number_.value, epoch.value, suffix_),
                      {open.path, size, open.hasher.digest()}});
  }
  if (!open_.empty()) {
    TRY(failpoint_status("epoch.after_sync"));
    // The files' folder, and those above it as far as they may be new.
    std::string path = fmt::format("{}/{}", staging_, serial_);
    for (int level = 0; level < 8 && path != directory_; ++level) {
      TRY(files_->sync_directory(path));
      path = parent_directory(path);
    }
    TRY(files_->sync_directory(directory_));
    TRY(files_->sync_directory(parent_directory(directory_)));
  }
  open_.clear();
  ++serial_;
  return staged;
}

}  // namespace tributary
