// operators/connectors/file_source.h
// Reads records from files: one file, or every matching file of a folder, once or following what is
// added. Topic = folder, partition = file, offset = byte. A split is a file; its id is its path.
//
// Read once: what the listing saw, up to the size it saw, file after file. Followed: as files come
// and grow, a bit of each in turn; a line counts when its end is there. A gzip file is read once,
// when it appears. Names that begin with "." or "_" or end in ".tmp" are somebody's unfinished
// work. Thread: one task. Invariant: a file that is not the one begun is an error, never a jump.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/file_system.h"
#include "operators/connectors/byte_stream.h"
#include "operators/connectors/record_format.h"
#include "runtime/exec/source.h"

namespace tributary {

struct FileSourceOptions {
  std::string path;
  FileFormat format = FileFormat::kJsonLines;
  FormatOptions decoding;
  // Zero: what is there is read once, and the source ends. Else: the folder is listed again, and
  // files are looked at for growth, this often.
  Duration follow{};
  // A folder that does not exist or is empty: an error, or an empty source (topics of a job that
  // nobody has written to yet).
  bool missing_is_empty = false;
  const TypeInfo* type = nullptr;
  std::shared_ptr<FileSystem> files;
};

class FileLister final : public SplitLister {
 public:
  explicit FileLister(FileSourceOptions options) : options_(std::move(options)) {}
  void recall(const std::vector<std::string>& known) override;
  Result<std::vector<Split>> list() override;
  Duration interval() const override { return options_.follow; }

 private:
  Status recognize(const std::string& path, std::uint64_t inode);
  // A file that was read under another path would be read again.
  Status find_moved(const std::vector<Split>& listed) const;

  struct Seen {
    std::uint64_t inode = 0;
    std::uint64_t listing = 0;  // the last one that held it
  };
  const FileSourceOptions options_;
  std::uint64_t listing_ = 0;
  std::unordered_map<std::string, Seen> seen_;        // of a followed folder, by path
  std::multimap<std::string, std::string> recalled_;  // paths of earlier attempts, by name
};

class FileReader final : public SourceReader {
 public:
  explicit FileReader(FileSourceOptions options) : options_(std::move(options)) {}

  Status open(OperatorContext& context) override;
  Status add_split(const Split& split) override;
  void no_more_splits() override {}
  // At most 64 KiB of one file, or a look at a few quiet ones.
  Result<ReadResult> read(SourceOutput& out) override;
  bool caught_up() const override { return behind_ == 0; }
  std::vector<Split> positions() const override;
  std::int64_t backlog() const override;

  static constexpr std::size_t kOpenFilesMax = 64;  // of followed files

 private:
  struct OpenFile {
    Split split;  // its position is what has been emitted
    std::string topic;
    std::string partition;
    bool is_gzip = false;
    std::unique_ptr<ByteStream> stream;    // null: not opened yet, closed for a while, or done
    std::unique_ptr<RecordFormat> format;  // null: not begun yet, or done
    std::int64_t fed = 0;                  // bytes given to the format
    std::uint64_t inode = 0;
    std::uint64_t unknown_fields = 0;  // counted so far
    bool has_unread = false;           // when its stream was closed
    bool vanished = false;
    bool finished = false;  // the format knows that no more bytes come
    bool done = false;
    bool reached = false;  // the end it had when it was listed
  };
  enum class Fill : std::uint8_t { kBytes, kNothingNow, kEnd };
  enum class Look : std::uint8_t { kProgress, kNothingNow };

  bool follows() const { return options_.follow > Duration{}; }
  Result<Look> look(std::uint32_t index, SourceOutput& out);
  Status begin(OpenFile& file);
  // Gives the format what one read of the file gives.
  Result<Fill> fill(OpenFile& file);
  Result<Fill> at_present_end(OpenFile& file);
  void settle(OpenFile& file, bool is_drained, bool is_quiet);
  void complete_raw_lines(const OpenFile& file, Batch& batch) const;

  const FileSourceOptions options_;
  OperatorContext* context_ = nullptr;
  std::vector<OpenFile> files_;       // in the order of add_split
  std::deque<std::uint32_t> active_;  // those not done
  std::size_t next_ = 0;              // in active_
  std::size_t quiet_ = 0;             // looked at since the last progress
  std::size_t open_files_ = 0;
  std::size_t behind_ = 0;  // files whose end at listing was not reached
};

}  // namespace tributary
