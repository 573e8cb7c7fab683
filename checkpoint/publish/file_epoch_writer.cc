#include "checkpoint/publish/file_epoch_writer.h"

#include <utility>

#include <fmt/format.h>

#include "base/failpoint.h"

namespace tributary {
namespace {

std::string staged_folder(const FileConnector::Settings& settings, WriterNumber number) {
  return FileConnector::writer_folder(settings, number) + "/staged";
}

}  // namespace

FileEpochWriter::FileEpochWriter(const FileConnector::Settings& settings, WriterNumber number,
                                 OwnershipRound round, std::string suffix,
                                 std::shared_ptr<FileSystem> files)
    : directory_(settings.directory),
      staging_(staged_folder(settings, number) + "/" + round_name(round)),
      number_(number),
      suffix_(std::move(suffix)),
      files_(std::move(files)),
      open_(std::make_unique<PartFiles>(files_)) {}

std::string FileEpochWriter::epoch_folder() const {
  return fmt::format("{}/{}", staging_, serial_);
}

PartFiles::File& FileEpochWriter::file(const std::string& folder) {
  PartFiles::File*& file = by_folder_[folder];
  if (file == nullptr)
    file = &open_->add(fmt::format("{}/{}", epoch_folder(), open_->all().size()));
  return *file;
}

Status FileEpochWriter::append(const std::string& folder, std::string_view bytes) {
  PartFiles::File& to = file(folder);
  to.buffer += bytes;
  return open_->added(to, bytes.size());
}

std::unique_ptr<EndedEpoch> FileEpochWriter::end_epoch(Epoch epoch) {
  std::unique_ptr<EndedEpoch> ended(new EndedEpoch);
  ended->epoch_ = epoch;
  ended->directory_ = directory_;
  ended->folder_ = epoch_folder();
  ended->file_system_ = files_;
  ended->files_ = std::exchange(open_, std::make_unique<PartFiles>(files_));
  for (const auto& [folder, file] : std::exchange(by_folder_, {})) {
    const std::string in = folder.empty() ? directory_ : directory_ + "/" + folder;
    ended->by_path_.emplace(
        fmt::format("{}/part-{}-{}.{}", in, number_.value, epoch.value, suffix_), file);
  }
  ++serial_;
  return ended;
}

Result<std::vector<EndedEpoch::Staged>> EndedEpoch::close() {
  std::vector<Staged> staged;
  if (empty()) return staged;
  TRY(failpoint_status("epoch.before_sync"));
  TRY(files_->sync_all());
  TRY(failpoint_status("epoch.after_sync"));
  if (Status synced = sync_folders(); !synced) {
    lost_ = true;
    return std::unexpected(std::move(synced).error());
  }
  for (const auto& [path, file] : by_path_)
    staged.push_back({path, {file->path(), file->size(), file->hash()}});
  return staged;
}

// The files' folder, and those above it as far as they may be new.
Status EndedEpoch::sync_folders() {
  std::string path = folder_;
  for (int level = 0; level < 8 && path != directory_; ++level) {
    TRY(file_system_->sync_directory(path));
    path = parent_directory(path);
  }
  TRY(file_system_->sync_directory(directory_));
  return file_system_->sync_directory(parent_directory(directory_));
}

Status remove_staged_before(FileSystem& files, const FileConnector::Settings& settings,
                            WriterNumber number, OwnershipRound round) {
  const std::string folder = staged_folder(settings, number);
  if (!TRY(files.exists(folder))) return {};
  const auto entries = TRY(files.list(folder));
  for (const DirectoryEntry& entry : entries) {
    const auto of = round_of_name(entry.name);
    if (of && of->place() < round.place()) TRY(files.remove_tree(folder + "/" + entry.name));
  }
  return {};
}

}  // namespace tributary
