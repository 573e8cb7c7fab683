#include "operators/connectors/file_source.h"

#include <algorithm>

#include "operators/include/tributary/raw_line.h"

namespace tributary {

namespace {

// A batch is handed on when its bytes have this size: it and what is made from it stay in the
// cache.
constexpr std::size_t kBatchBytes = 32 * 1024;
// Quiet files looked at in one call.
constexpr int kLooksMax = 16;

std::string_view wanted_names(FileFormat format) {
  switch (format) {
    case FileFormat::kCsv:
      return "*.csv or *.csv.gz";
    case FileFormat::kRawLines:
      return "*.jsonl, *.ndjson, *.json or *.log (or *.gz of these)";
    default:
      return "*.jsonl, *.ndjson or *.json (or *.gz of these)";
  }
}

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

bool is_gzip(std::string_view path) { return path.ends_with(".gz"); }

// Positions in a gzip file count what comes out of it, so its end is not known before.
Split split_of(const std::string& path, std::uint64_t size) {
  const auto bytes = static_cast<std::int64_t>(size);
  return {.id = path, .position = 0, .end = is_gzip(path) ? -1 : bytes, .weight = bytes};
}

}  // namespace

Result<std::vector<Split>> FileLister::list() {
  FileSystem& files = *options_.files;
  ++listing_;
  if (options_.missing_is_empty && !TRY(files.exists(options_.path))) return std::vector<Split>{};
  const FileStatus status = TRY(files.stat(options_.path));
  if (status.kind == FileKind::kFile) {
    TRY(recognize(options_.path, status.inode));
    return std::vector<Split>{split_of(options_.path, status.size)};
  }
  const std::string folder = options_.path.ends_with('/') ? options_.path : options_.path + "/";
  std::vector<Split> splits;
  for (const DirectoryEntry& entry : TRY(files.list(options_.path))) {
    if (entry.kind != FileKind::kFile || !holds_records(entry.name, options_.format)) continue;
    splits.push_back(split_of(folder + entry.name, entry.size));
    TRY(recognize(splits.back().id, entry.inode));
  }
  if (splits.empty() && options_.follow <= Duration{} && !options_.missing_is_empty) {
    return fail(ErrorCode::F101, "reading {}: the folder holds no file {}", options_.path,
                wanted_names(options_.format));
  }
  std::ranges::sort(splits, {}, &Split::id);
  TRY(find_moved(splits));
  return splits;
}

void FileLister::recall(const std::vector<std::string>& known) {
  for (const std::string& path : known) recalled_.emplace(base_name(path), path);
}

Status FileLister::find_moved(const std::vector<Split>& listed) const {
  for (const Split& split : listed) {
    const auto [first, last] = recalled_.equal_range(std::string(base_name(split.id)));
    const auto is_it = [&](const auto& before) { return before.second == split.id; };
    if (first == last || std::any_of(first, last, is_it)) continue;
    return std::unexpected(Error(
        ErrorCode::F101,
        fmt::format(
            "reading {}: this job has read a file of the same name as {}, and would read it "
            "again if it is the same one",
            split.id, first->second),
        fmt::format("say the path as it was ({}); if it holds other records, give the file another "
                    "name",
                    parent_directory(first->second))));
  }
  return {};
}

// A name that was read stands for one file for ever: another one under it would be taken for what
// was read already, and nothing of it would arrive.
Status FileLister::recognize(const std::string& path, std::uint64_t inode) {
  if (options_.follow <= Duration{}) return {};
  const auto [found, is_new] = seen_.try_emplace(path, Seen{.inode = inode, .listing = listing_});
  Seen& seen = found->second;
  const bool was_gone = seen.listing + 1 < listing_;
  if (!is_new && (seen.inode != inode || was_gone)) {
    return std::unexpected(
        Error(ErrorCode::F101,
              fmt::format("reading {}: the file was {} while its folder was followed, and there is "
                          "another of its name now",
                          path, was_gone ? "removed" : "replaced"),
              "give each file a name of its own"));
  }
  seen.listing = listing_;
  return {};
}

Status FileReader::open(OperatorContext& context) {
  context_ = &context;
  return {};
}

Status FileReader::add_split(const Split& split) {
  OpenFile file;
  file.split = split;
  file.partition = base_name(split.id);
  file.topic = base_name(parent_directory(split.id));
  file.is_gzip = is_gzip(split.id);
  active_.push_back(static_cast<std::uint32_t>(files_.size()));
  files_.push_back(std::move(file));
  ++behind_;
  quiet_ = 0;
  return {};
}

Result<ReadResult> FileReader::read(SourceOutput& out) {
  for (int looks = 0; quiet_ < active_.size(); ++looks) {
    if (looks == kLooksMax) return ReadResult{.state = ReadState::kMore, .retry_at = {}};
    const std::uint32_t index = active_[next_];
    const Look found = TRY(look(index, out));
    if (files_[index].done) {
      active_.erase(active_.begin() + static_cast<std::ptrdiff_t>(next_));
    } else if (follows() && (found == Look::kNothingNow || !files_[index].is_gzip)) {
      // A gzip file is read to its end, so that not all of a folder's are open at once.
      ++next_;
    }
    if (next_ >= active_.size()) next_ = 0;
    if (found == Look::kProgress) {
      quiet_ = 0;
      return ReadResult{.state = ReadState::kMore, .retry_at = {}};
    }
    if (!files_[index].done) ++quiet_;
  }
  quiet_ = 0;
  if (!follows()) return ReadResult{.state = ReadState::kEnd, .retry_at = {}};
  return ReadResult{.state = ReadState::kIdle,
                    .retry_at = context_->clock().now() + options_.follow};
}

Result<FileReader::Look> FileReader::look(std::uint32_t index, SourceOutput& out) {
  OpenFile& file = files_[index];
  if (file.format == nullptr) {
    // Read to its end by an earlier run.
    if (!follows() && !file.is_gzip && file.split.position == file.split.end) {
      file.done = file.reached = true;
      --behind_;
      return Look::kNothingNow;
    }
    TRY(begin(file));
  }
  BatchPtr batch = out.take(*options_.type);
  BadRecord bad;
  bool has_read = false;
  bool is_drained = false;
  bool is_quiet = false;
  bool progressed = false;
  while (!file.done && !batch->full() && batch->bytes() < kBatchBytes) {
    const RecordFormat::Next next = file.format->next(*batch, bad);
    is_drained = next == RecordFormat::Next::kNeedBytes;
    if (is_drained) {
      if (file.finished) {
        file.done = true;
        break;
      }
      if (has_read) break;
      has_read = true;
      switch (TRY(fill(file))) {
        case Fill::kBytes:
          progressed = true;
          continue;
        case Fill::kNothingNow:
          is_quiet = true;
          break;
        case Fill::kEnd:
          file.finished = true;
          file.format->finish();
          continue;
      }
      break;
    }
    progressed = true;
    if (next == RecordFormat::Next::kRecord) continue;
    TRY(out.bad_record(index, bad));
    if (out.should_yield()) break;
  }
  settle(file, is_drained, is_quiet);
  if (!batch->empty()) {
    if (options_.format == FileFormat::kRawLines) complete_raw_lines(file, *batch);
    out.emit_from(index, std::move(batch));
  }
  return progressed ? Look::kProgress : Look::kNothingNow;
}

Status FileReader::begin(OpenFile& file) {
  const Split& split = file.split;
  if (!file.is_gzip) {
    const FileStatus status = TRY(options_.files->stat(split.id));
    file.inode = status.inode;
    if (static_cast<std::int64_t>(status.size) < split.position) {
      return fail(
          ErrorCode::F101,
          "reading {}: {} bytes of it were read before, but the file has {} now: it was cut "
          "or replaced",
          split.id, split.position, status.size);
    }
  }
  file.stream = TRY(ByteStream::open(*options_.files, split.id));
  ++open_files_;
  FormatOptions decoding = options_.decoding;
  decoding.skip_to = split.position;
  file.format = make_record_format(options_.format, *options_.type, decoding);
  return {};
}

Result<FileReader::Fill> FileReader::fill(OpenFile& file) {
  if (file.stream == nullptr) return at_present_end(file);
  std::span<char> room = file.format->room();
  const bool has_fixed_end = !follows() && !file.is_gzip && file.split.end >= 0;
  // A restored position may lie behind what this listing saw; what was read then is read now.
  const std::int64_t end = std::max(file.split.end, file.split.position);
  if (has_fixed_end) {
    room = room.first(std::min(room.size(), static_cast<std::size_t>(end - file.fed)));
    if (room.empty()) return Fill::kEnd;
  }
  const std::size_t got = TRY(file.stream->read(room));
  if (got > 0) {
    file.format->added(got);
    file.fed += static_cast<std::int64_t>(got);
    return Fill::kBytes;
  }
  if (has_fixed_end) {
    return fail(
        ErrorCode::F101,
        "reading {}: the file had {} bytes when it was listed, and has {} now: it was cut or "
        "replaced",
        file.split.id, file.split.end, file.fed);
  }
  if (file.is_gzip || !follows()) return Fill::kEnd;
  return at_present_end(file);
}

// A followed file may grow; by its name it is looked whether it is still the same file.
Result<FileReader::Fill> FileReader::at_present_end(OpenFile& file) {
  if (file.vanished) return Fill::kEnd;
  const Result<FileStatus> status = options_.files->stat(file.split.id);
  if (!status) {
    if (TRY(options_.files->exists(file.split.id))) return std::unexpected(status.error());
    if (file.stream == nullptr && file.has_unread) return std::unexpected(status.error());
    // Removed, and read to its end: done. What came in between is read through the open file.
    file.vanished = true;
    return file.stream == nullptr ? Fill::kEnd : fill(file);
  }
  if (status->inode != file.inode) {
    return fail(
        ErrorCode::F101,
        "reading {}: another file took its name while it was followed (inode {}, now {}); {} "
        "bytes of the first were read",
        file.split.id, file.inode, status->inode, file.fed);
  }
  if (static_cast<std::int64_t>(status->size) < file.fed) {
    return fail(
        ErrorCode::F101,
        "reading {}: the file was cut while it was followed: {} bytes of it were read, and it "
        "has {} now",
        file.split.id, file.fed, status->size);
  }
  if (static_cast<std::int64_t>(status->size) == file.fed || file.stream != nullptr)
    return Fill::kNothingNow;
  file.stream =
      TRY(ByteStream::open(*options_.files, file.split.id, static_cast<std::uint64_t>(file.fed)));
  ++open_files_;
  return fill(file);
}

// What is true of the file after a look at it.
void FileReader::settle(OpenFile& file, bool is_drained, bool is_quiet) {
  const bool has_end = !file.is_gzip && file.split.end >= 0;
  file.split.position = std::max(file.split.position, file.format->consumed_bytes());
  const bool reached = file.done || is_quiet ||
                       (has_end && (file.split.position >= file.split.end ||
                                    (is_drained && file.fed >= file.split.end)));
  if (reached && !file.reached) --behind_;
  file.reached = file.reached || reached;

  const std::uint64_t unknown = file.format->unknown_fields();
  if (unknown > file.unknown_fields) {
    context_->count("unknown_fields", static_cast<std::int64_t>(unknown - file.unknown_fields));
    file.unknown_fields = unknown;
  }
  if (is_quiet) file.format->rest();
  if (file.done) file.format.reset();
  const bool may_close = file.done || (follows() && !file.is_gzip && open_files_ > kOpenFilesMax);
  if (file.stream != nullptr && may_close) {
    file.has_unread = !is_quiet;
    file.stream.reset();
    --open_files_;
  }
}

// Topic and partition are the same for the whole batch: their bytes lie in it once.
void FileReader::complete_raw_lines(const OpenFile& file, Batch& batch) const {
  const Text topic(file.topic, batch.arena());
  const Text partition(file.partition, batch.arena());
  const Timestamp now = context_->clock().now();
  for (RawLine& line : batch.records<RawLine>()) {
    line.topic = topic;
    line.partition = partition;
    line.ingest_time = now;
  }
}

std::vector<Split> FileReader::positions() const {
  std::vector<Split> splits;
  splits.reserve(files_.size());
  for (const OpenFile& file : files_) splits.push_back(file.split);
  return splits;
}

std::int64_t FileReader::backlog() const {
  std::int64_t left = 0;
  for (const std::uint32_t index : active_) {
    const OpenFile& file = files_[index];
    if (file.stream != nullptr) {
      left += std::max<std::int64_t>(file.stream->left(), 0);
    } else if (file.format == nullptr) {
      left +=
          std::max<std::int64_t>(file.split.weight - (file.is_gzip ? 0 : file.split.position), 0);
    }
  }
  return left;
}

}  // namespace tributary
