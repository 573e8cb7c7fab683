#include "tests/checkpoint/publish/file_edge.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace tributary::model {
namespace {

constexpr std::string_view kEnd = "end\n";

}  // namespace

FileEdge::FileEdge(World& world, FileHazards hazards)
    : world_(world),
      hazards_(hazards),
      readers_take_(world.random().chance(1, 2)),
      disk_(std::make_shared<MemoryFileSystem>()) {
  TRIBUTARY_CHECK(disk_->make_directories("out").has_value() &&
                  disk_->sync_directory("").has_value());
}

FileConnector::Settings FileEdge::settings(std::uint32_t job) const {
  const World::Uid uid = world_.job_uid(job);
  return {.directory = fmt::format("out/{}", job),
          .uid = uid.uid,
          .sink = "out",
          .numbers = uid.numbers,
          .hazards = hazards_};
}

void FileEdge::process_started(Process& process) {
  Local& local = locals_[process.id];
  local.files = std::make_shared<WatchedFileSystem>(
      disk_, [this, id = process.id] { return before_change(id); });
  const FileConnector::Settings of = settings(process.job);
  local.connector = std::make_unique<FileConnector>(of, local.files);
  local.writer = std::make_unique<FileEpochWriter>(of, WriterNumber{process.task}, process.round,
                                                   "txt", local.files);
  if (world_.random().chance(1, 3)) local.until_trouble = 1 + world_.random().below(60);
}

void FileEdge::process_died(Process& process) {
  // Not erased: it may be in the middle of a call.
  locals_[process.id].until_trouble = 0;
}

bool FileEdge::before_change(std::uint32_t id) {
  Process& process = *world_.process(id);
  Local& local = locals_[id];
  if (!process.alive) return false;
  if (local.until_trouble == 0 || --local.until_trouble > 0) return true;
  if (world_.calm()) return true;
  if (world_.random().chance(1, 2)) {
    // The world goes on; this one sleeps in the middle of what it does.
    world_.interleave(process);
    local.until_trouble = 1 + world_.random().below(30);
    return process.alive;
  }
  world_.crash_process(process);
  return false;
}

void FileEdge::emit(Process& process, const Seen& record) {
  Local& local = locals_[process.id];
  const std::string folder = record.key < 2 ? "" : fmt::format("by/{}", record.key / 2);
  const Status written = local.writer->append(folder, to_line(record) + "\n");
  if (!written) return world_.crash_process(process);
  local.written.insert(folder);
}

void FileEdge::before_barrier(Process& process, Epoch epoch) {
  Local& local = locals_[process.id];
  for (const std::string& folder : local.written) {
    if (!local.writer->append(folder, kEnd)) return world_.crash_process(process);
  }
  local.written.clear();
  const auto staged = local.writer->end_epoch(epoch)->close();
  if (!staged) return world_.crash_process(process);
  for (const EndedEpoch::Staged& file : *staged) {
    const std::string value = encode_staged_file(file.file);
    world_.stage(process, {.destination = file.path, .value = value});
  }
}

void FileEdge::blocking(Process& process, std::function<OwnerEvent(FileConnector&)> call) {
  world_.post(process.id, [this, id = process.id, call] {
    OwnerEvent answer = call(*locals_[id].connector);
    if (!world_.process(id)->alive) return;
    world_.post(id, [this, id, answer] { world_.answer(id, answer); });
  });
}

void FileEdge::call(Process& process, const OwnerAction& action) {
  if (const auto* fence = std::get_if<Fence>(&action)) {
    blocking(process, [fence = *fence, round = process.round](FileConnector& connector) {
      return FenceAnswer{fence.number, fence.call, connector.fence(fence.number, round)};
    });
  } else if (const auto* end = std::get_if<FindMarkEnd>(&action)) {
    blocking(process, [call = end->call](FileConnector& connector) {
      return MarkEndAnswer{call, connector.mark_end()};
    });
  } else if (const auto* read = std::get_if<ReadMarksOn>(&action)) {
    blocking(process, [read = *read](FileConnector& connector) {
      return MarksAnswer{read.call, connector.published(read.from, read.until)};
    });
  } else if (const auto* publish = std::get_if<Publish>(&action)) {
    blocking(process, [publish = *publish](FileConnector& connector) {
      return PublishAnswer{publish.part.number, publish.call, connector.publish(publish.part)};
    });
  }
}

// A reader looks at everything that is there.
void FileEdge::look() {
  std::vector<std::string> folders{"out"};
  while (!folders.empty()) {
    const std::string folder = folders.back();
    folders.pop_back();
    const auto entries = disk_->list(folder);
    TRIBUTARY_CHECK(entries.has_value());
    for (const DirectoryEntry& entry : *entries) {
      const std::string path = folder + "/" + entry.name;
      if (entry.kind == FileKind::kDirectory) {
        if (!entry.name.starts_with("_")) folders.push_back(path);
        continue;
      }
      const std::string bytes = disk_->read_whole_file(path, 1 << 20).value();
      if (!bytes.ends_with(kEnd)) partial_ = path;
      const auto [at, is_new] = seen_.try_emplace(path, bytes);
      if (!is_new && at->second != bytes) partial_ = path;
      if (!readers_take_) continue;
      taken_.emplace(path, bytes);
      seen_.erase(path);
      TRIBUTARY_CHECK(disk_->remove(path).has_value());
      TRIBUTARY_CHECK(disk_->sync_directory(folder).has_value());
    }
  }
}

std::uint64_t FileEdge::chaos(Random& random) {
  look();
  return random.below(2);
}

void FileEdge::progress(Random& random) {
  if (random.chance(1, 4)) look();
}

bool FileEdge::power_cut() {
  if (readers_take_) return false;
  disk_->drop_unsynced();
  seen_.clear();  // a reader begins anew, too
  return true;
}

Result<std::vector<std::vector<Seen>>> FileEdge::read_all() {
  look();
  if (!partial_.empty()) return fail(ErrorCode::X901, "a part of {} was seen", partial_);
  // In the order of the names' epochs: what a reader of one writer's files goes by.
  std::vector<std::pair<std::uint64_t, std::string>> files;
  const auto add = [&](const std::string& path, const std::string& bytes) {
    const std::size_t dash = path.rfind('-');
    std::uint64_t epoch = 0;
    std::from_chars(path.data() + dash + 1, path.data() + path.size(), epoch);
    files.emplace_back(epoch, bytes);
  };
  for (const auto& [path, bytes] : seen_) add(path, bytes);
  for (const auto& [path, bytes] : taken_) add(path, bytes);
  std::ranges::stable_sort(files, {}, &std::pair<std::uint64_t, std::string>::first);
  std::vector<std::vector<Seen>> all(1);
  for (const auto& [epoch, bytes] : files) {
    std::string_view left = bytes;
    while (left != kEnd) {
      const std::size_t line = left.find('\n');
      if (line == std::string_view::npos) return fail(ErrorCode::X901, "a file without its end");
      all[0].push_back(from_line(left.substr(0, line)));
      left.remove_prefix(line + 1);
    }
  }
  return all;
}

}  // namespace tributary::model
