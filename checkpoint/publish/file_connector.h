// checkpoint/publish/file_connector.h
// Exactly-once files: the rule 12 edge. A part is a list of finished temporary files that get their
// final names; readers see a whole file or none.
//
// Folders, below the sink's own, which readers leave out because they begin with "_":
//   _tributary/<uid>/<sink>/<k>/owner-<attempt>-<version>   the fence: the greatest owns number k,
//                                                           for the incarnation that it names
//   _tributary/<uid>/<sink>/<k>/<sequence>.intent           what a part renames, and its mark
//   _tributary/<uid>/<sink>/<k>/<sequence>.done             it is out; the greatest is the mark
// Publish: intent, made if absent; rename each; folders durable; .done. A recovery replays an
// intent without .done: a temporary name that is there is renamed, one that is gone is out already.
// So a part comes out once, whoever replays it and however often, also when a reader took the files
// away. Names of intents are the mark's sequence and not the epoch's number alone: several parts
// may be of one epoch, and one part of several.
//
// Final names must be names that nothing else writes (they hold writer number and epoch); one that
// is taken by another file is refused (S478). Thread: as SinkConnector; blocking.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "checkpoint/publish/file_intent.h"
#include "checkpoint/publish/sink_connector.h"

namespace tributary {

// "3-1-00c0ffee00c0ffee": a round in the names of files that only its own run may write; nullopt if
// the name is of something else. Older engines wrote "3-1".
std::string round_name(OwnershipRound round);
std::optional<OwnershipRound> round_of_name(std::string_view name);

// Guards of the edge that a test may remove.
struct FileHazards {
  bool no_intent = false;
  bool done_before_renames = false;
  bool folders_not_durable = false;
  bool copies_to_final_name = false;  // instead of a rename: readers may see a part of a file
};

class FileConnector final : public SinkConnector {
 public:
  struct Settings {
    std::string directory;  // the sink's
    Hash128 uid;
    std::string sink;
    std::uint32_t numbers = 1;  // W
    FileHazards hazards;
  };
  FileConnector(Settings settings, std::shared_ptr<FileSystem> files);

  PublishResult<void> fence(WriterNumber number, OwnershipRound round) override;
  PublishResult<MarkPosition> mark_end() override { return MarkPosition{}; }
  // Replays what an earlier owner left, so only after every number was fenced.
  PublishResult<MarksRead> published(MarkPosition from, MarkPosition until) override;
  PublishResult<MarkPosition> publish(const Part& part) override;
  void close(WriterNumber) override {}

  // <directory>/_tributary/<uid>/<sink>/<k>
  static std::string writer_folder(const Settings& settings, WriterNumber number);

 private:
  struct Found {
    std::optional<OwnershipRound> owner;  // the greatest, its incarnation not read
    std::vector<std::uint64_t> dones;     // sequences, ascending
    std::vector<std::uint64_t> intents;
    bool is_done(std::uint64_t sequence) const {
      return !dones.empty() && dones.back() >= sequence;
    }
  };
  Result<Found> look(const std::string& folder) const;
  static std::string owner_path(const std::string& folder, OwnershipRound round);
  // Is the number owned by this very run?
  Result<bool> owns(const Found& found, const std::string& folder, OwnershipRound round) const;
  // The folder and those above it are there and durable.
  Status keep_folder(const std::string& path);
  // False if it was there already, with other bytes.
  Result<bool> write_once(const std::string& path, std::string_view bytes, OwnershipRound round);
  // S473 or S478 if it cannot be carried out; `path` is its file, which may not be there yet, and
  // `read` compares whole files.
  Status check(const FileIntent& intent, const std::string& path, bool read) const;
  Status carry_out(const FileIntent& intent, const std::string& folder, OwnershipRound round);
  Status rename_one(const FileIntent::Rename& rename);
  Status write_done(const FileIntent& intent, const std::string& folder, OwnershipRound round);
  Result<std::optional<Mark>> recover(const std::string& folder);

  const Settings settings_;
  const std::shared_ptr<FileSystem> files_;
  std::mutex mutex_;
  std::set<std::string> durable_;  // folders; guarded by mutex_
};

}  // namespace tributary
