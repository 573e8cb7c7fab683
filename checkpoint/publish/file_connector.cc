#include "checkpoint/publish/file_connector.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "base/failpoint.h"

namespace tributary {
namespace {

constexpr std::uint64_t kControlBytesMax = 64ULL << 20;

std::unexpected<PublishError> failed(PublishFailure failure, Error error) {
  return std::unexpected(PublishError{failure, std::move(error)});
}

// What cannot get better by trying again is refused; the rest has an unknown outcome.
std::unexpected<PublishError> failed(Error error) {
  switch (error.code()) {
    case ErrorCode::S472:
    case ErrorCode::S473:
    case ErrorCode::S478:
      return failed(PublishFailure::kRefused, std::move(error));
    default:
      return failed(PublishFailure::kFatal, std::move(error));
  }
}

std::string as_folder_name(std::string_view sink) {
  std::string name;
  for (const char c : sink) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_';
    if (plain)
      name += c;
    else
      name += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return name;
}

std::optional<std::uint64_t> number_of(std::string_view text, int base = 10) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string incarnation_name(OwnershipRound round) {
  return fmt::format("{:016x}", round.incarnation);
}

Result<Hash128> hash_of(FileSystem& files, const std::string& path) {
  const auto file = TRY(files.open_read(path));
  Hasher128 hasher;
  std::array<char, 64 * 1024> buffer;
  for (;;) {
    const std::size_t got = TRY(file->read(std::span<char>(buffer)));
    if (got == 0) return hasher.digest();
    hasher.update({buffer.data(), got});
  }
}

}  // namespace

std::string round_name(OwnershipRound round) {
  return fmt::format("{}-{}-{}", round.attempt, round.routing_version, incarnation_name(round));
}

std::optional<OwnershipRound> round_of_name(std::string_view name) {
  const std::size_t dash = name.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::size_t second = std::min(name.find('-', dash + 1), name.size());
  const auto attempt = number_of(name.substr(0, dash));
  const auto version = number_of(name.substr(dash + 1, second - dash - 1));
  if (!attempt || !version) return std::nullopt;
  if (second == name.size()) return OwnershipRound{*attempt, *version};
  const std::string_view last = name.substr(second + 1);
  const auto incarnation = number_of(last, 16);
  if (!incarnation || last.size() != 16) return std::nullopt;
  return OwnershipRound{*attempt, *version, *incarnation};
}

FileConnector::FileConnector(Settings settings, std::shared_ptr<FileSystem> files)
    : settings_(std::move(settings)), files_(std::move(files)) {}

std::string FileConnector::writer_folder(const Settings& settings, WriterNumber number) {
  return fmt::format("{}/_tributary/{}/{}/{}", settings.directory, settings.uid.to_hex(),
                     as_folder_name(settings.sink), number.value);
}

Result<FileConnector::Found> FileConnector::look(const std::string& folder) const {
  Found found;
  if (!TRY(files_->exists(folder))) return found;
  for (const DirectoryEntry& entry : TRY(files_->list(folder))) {
    std::string_view name = entry.name;
    const auto ends_in = [&](std::string_view end) {
      if (!name.ends_with(end)) return false;
      name.remove_suffix(end.size());
      return true;
    };
    if (name.starts_with("owner-")) {
      const auto round = round_of_name(name.substr(6));
      if (round && (!found.owner || found.owner->place() < round->place())) found.owner = round;
    } else if (ends_in(".intent")) {
      if (const auto sequence = number_of(name)) found.intents.push_back(*sequence);
    } else if (ends_in(".done")) {
      if (const auto sequence = number_of(name)) found.dones.push_back(*sequence);
    }
  }
  std::ranges::sort(found.intents);
  std::ranges::sort(found.dones);
  return found;
}

Status FileConnector::keep_folder(const std::string& path) {
  const bool there = TRY(files_->exists(path));
  {
    const std::lock_guard lock(mutex_);
    if (there && durable_.contains(path)) return {};
  }
  const std::string above = parent_directory(path);
  if (above != path && path != settings_.directory) TRY(keep_folder(above));
  TRY(files_->make_directories(path));
  if (!settings_.hazards.folders_not_durable) TRY(files_->sync_directory(above));
  const std::lock_guard lock(mutex_);
  durable_.insert(path);
  return {};
}

Result<bool> FileConnector::write_once(const std::string& path, std::string_view bytes,
                                       OwnershipRound round) {
  const std::string temporary = path + ".by-" + round_name(round);
  const auto file = TRY(files_->create(temporary));
  TRY(file->append(bytes));
  TRY(file->sync());
  TRY(file->close());
  const bool made = TRY(files_->link_without_replace(temporary, path));
  TRY(files_->remove(temporary));
  TRY(files_->sync_directory(parent_directory(path)));
  if (made) return true;
  return TRY(files_->read_whole_file(path, kControlBytesMax)) == bytes;
}

std::string FileConnector::owner_path(const std::string& folder, OwnershipRound round) {
  return fmt::format("{}/owner-{}-{}", folder, round.attempt, round.routing_version);
}

Result<bool> FileConnector::owns(const Found& found, const std::string& folder,
                                 OwnershipRound round) const {
  if (!found.owner || found.owner->place() != round.place()) return false;
  const std::string path = owner_path(folder, round);
  return TRY(files_->read_whole_file(path, kControlBytesMax)) == incarnation_name(round);
}

// Of two that count alike the first is the owner: the other one cannot be in the middle of
// publishing then.
PublishResult<void> FileConnector::fence(WriterNumber number, OwnershipRound round) {
  const std::string folder = writer_folder(settings_, number);
  std::optional<OwnershipRound> other;
  const Status done = [&]() -> Status {
    TRY(keep_folder(folder));
    const Found found = TRY(look(folder));
    if (found.owner && found.owner->place() > round.place()) {
      other = found.owner;
      return {};
    }
    if (TRY(owns(found, folder, round))) return {};
    if (!TRY(write_once(owner_path(folder, round), incarnation_name(round), round))) {
      other = round;
      return {};
    }
    TRY(failpoint_status("publish.fenced"));
    if (found.owner) (void)files_->remove(owner_path(folder, *found.owner));
    return {};
  }();
  if (!done) return failed(PublishFailure::kRetriable, done.error());
  if (other) {
    return failed(
        PublishFailure::kFenced,
        Error(ErrorCode::F102, fmt::format("{} belongs to attempt {}{}", folder, other->attempt,
                                           other == round ? " of another run" : "")));
  }
  return {};
}

Status FileConnector::check(const FileIntent& intent, const std::string& path, bool read) const {
  for (const FileIntent::Rename& rename : intent.renames) {
    const std::string& from = rename.from.temporary;
    if (!TRY(files_->exists(from))) {
      // Only what an intent says may have gone; else a staged file is lost, and no output missed.
      if (TRY(files_->exists(path))) continue;
      return fail(ErrorCode::S473, "publishing {}: {} is not there", rename.to, from);
    }
    const FileStatus status = TRY(files_->stat(from));
    if (status.size != rename.from.size ||
        (read && TRY(hash_of(*files_, from)) != rename.from.hash)) {
      return fail(ErrorCode::S473, "publishing {}: {} has {} bytes and is not what was staged",
                  rename.to, from, status.size);
    }
    if (TRY(files_->exists(rename.to)) && TRY(files_->stat(rename.to)).inode != status.inode)
      return fail(ErrorCode::S478, "publishing {}: another file is there", rename.to);
  }
  return {};
}

Status FileConnector::rename_one(const FileIntent::Rename& rename) {
  const std::string& from = rename.from.temporary;
  TRY(keep_folder(parent_directory(rename.to)));
  // Gone: it is out already, whether or not a reader has taken it away since.
  if (!TRY(files_->exists(from))) return {};
  if (settings_.hazards.copies_to_final_name) {
    const std::string bytes = TRY(files_->read_whole_file(from, kControlBytesMax));
    const auto file = TRY(files_->create(rename.to));
    for (const char c : bytes) {
      TRY(file->append({&c, 1}));
      TRY(file->flush());
    }
    TRY(file->sync());
    return files_->remove(from);
  }
  const Status renamed = files_->rename(from, rename.to);
  const bool left = TRY(files_->exists(from));
  if (renamed && left) return files_->remove(from);  // two names of one file, after a power cut
  return left ? renamed : Status{};
}

Status FileConnector::write_done(const FileIntent& intent, const std::string& folder,
                                 OwnershipRound round) {
  const std::string path = fmt::format("{}/{}.done", folder, intent.mark.sequence);
  if (!TRY(write_once(path, encode_done(intent.mark), round)))
    return fail(ErrorCode::S472, "{} is there and says something else", path);
  return {};
}

Status FileConnector::carry_out(const FileIntent& intent, const std::string& folder,
                                OwnershipRound round) {
  TRY(failpoint_status("publish.intent_written"));
  if (settings_.hazards.done_before_renames) TRY(write_done(intent, folder, round));
  std::set<std::string> to;
  std::set<std::string> from;
  for (const FileIntent::Rename& rename : intent.renames) {
    TRY(rename_one(rename));
    TRY(failpoint_status("publish.between_renames"));
    to.insert(parent_directory(rename.to));
    from.insert(parent_directory(rename.from.temporary));
  }
  if (!settings_.hazards.folders_not_durable) {
    for (const std::string& path : to) TRY(files_->sync_directory(path));
  }
  for (const std::string& path : from) {
    if (TRY(files_->exists(path))) TRY(files_->sync_directory(path));
  }
  TRY(failpoint_status("publish.before_done"));
  TRY(write_done(intent, folder, round));
  TRY(failpoint_status("publish.after_done"));
  // The newest .done is the mark; what is older says nothing any more.
  const Found found = TRY(look(folder));
  for (const std::uint64_t sequence : found.intents) {
    if (sequence <= intent.mark.sequence)
      TRY(files_->remove(fmt::format("{}/{}.intent", folder, sequence)));
  }
  for (const std::uint64_t sequence : found.dones) {
    if (sequence < intent.mark.sequence)
      TRY(files_->remove(fmt::format("{}/{}.done", folder, sequence)));
  }
  for (const std::string& path : from) (void)files_->remove(path);  // when it is empty
  return {};
}

PublishResult<MarkPosition> FileConnector::publish(const Part& part) {
  const std::string folder = writer_folder(settings_, part.number);
  const auto found = look(folder);
  if (!found) return failed(PublishFailure::kRetriable, found.error());
  const auto ours = owns(*found, folder, part.round);
  if (!ours) return failed(PublishFailure::kRetriable, ours.error());
  if (!*ours) {
    return failed(PublishFailure::kFenced,
                  Error(ErrorCode::F102, fmt::format("{} has another owner", folder)));
  }
  FileIntent intent{.mark = part.mark, .renames = {}};
  for (const StagedRecord& record : part.records) {
    auto file = decode_staged_file(record.value.value_or(""));
    if (!file) return failed(std::move(file).error());
    intent.renames.push_back({*std::move(file), std::string(record.destination)});
  }
  const std::uint64_t sequence = part.mark.sequence;
  const std::string path = fmt::format("{}/{}.intent", folder, sequence);
  if (found->is_done(sequence)) {
    return failed(PublishFailure::kFatal,
                  Error(ErrorCode::F102, fmt::format("{}: part {} is out", folder, sequence)));
  }
  if (Status possible = check(intent, path, false); !possible) {
    if (possible.error().code() == ErrorCode::F101)
      return failed(PublishFailure::kRetriable, std::move(possible).error());
    return failed(std::move(possible).error());
  }
  if (!settings_.hazards.no_intent) {
    const auto written = write_once(path, encode_intent(intent), part.round);
    if (!written) return failed(written.error());
    if (!*written) {
      return failed(
          PublishFailure::kFatal,
          Error(ErrorCode::F102, fmt::format("{}: part {} is another's", folder, sequence)));
    }
  }
  if (Status out = carry_out(intent, folder, part.round); !out)
    return failed(std::move(out).error());
  return MarkPosition{};
}

Result<std::optional<Mark>> FileConnector::recover(const std::string& folder) {
  const Found found = TRY(look(folder));
  for (const std::uint64_t sequence : found.intents) {
    if (found.is_done(sequence)) continue;
    const std::string path = fmt::format("{}/{}.intent", folder, sequence);
    const std::string bytes = TRY(files_->read_whole_file(path, kControlBytesMax));
    const FileIntent intent = TRY(decode_intent(bytes));
    TRY(check(intent, path, true));
    TRY(carry_out(intent, folder, found.owner.value_or(OwnershipRound{})));
  }
  const Found now = TRY(look(folder));
  if (now.dones.empty()) return std::nullopt;
  const std::string path = fmt::format("{}/{}.done", folder, now.dones.back());
  const std::string bytes = TRY(files_->read_whole_file(path, kControlBytesMax));
  return TRY(decode_done(bytes));
}

PublishResult<MarksRead> FileConnector::published(MarkPosition, MarkPosition) {
  MarksRead read;
  for (std::uint32_t k = 0; k < settings_.numbers; ++k) {
    auto mark = recover(writer_folder(settings_, {k}));
    if (!mark) return failed(std::move(mark).error());
    if (*mark) read.marks.emplace(WriterNumber{k}, FoundMark{**mark, {}});
  }
  return read;
}

}  // namespace tributary
