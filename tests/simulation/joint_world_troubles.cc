// What goes wrong in a joint world, and how much of it in which schedule.
#include <algorithm>
#include <initializer_list>
#include <utility>

#include <fmt/format.h>

#include "tests/simulation/joint_world.h"

namespace tributary::simulation {

namespace {

constexpr std::size_t kProcessesMax = 3;

// Kinds of chaos.
enum Trouble : std::uint64_t {
  kCrash,
  kPowerCut,
  kZombie,
  kWake,
  kStandStill,
  kDamage,
  kStop,
  kBroker,
  kClockJump,
  kWantCheckpoint,
  kSavepoint,
  kHeal,
  kTroubles,
};

}  // namespace

void JointWorld::draw_mood() {
  static constexpr std::uint64_t kLoss[] = {0, 0, 10, 60};
  static constexpr std::uint64_t kWordLoss[] = {0, 0, 20, 80};
  static constexpr std::uint64_t kSlow[] = {0, 20, 150};
  static constexpr std::uint64_t kWriteFails[] = {0, 0, 10, 50};
  static constexpr std::uint64_t kChaos[] = {1, 2, 4, 8};
  static constexpr std::size_t kMemory[] = {0, 3'000, 12'000};
  static constexpr std::size_t kSweep[] = {1, 3, 2000};
  static constexpr std::uint64_t kBase[] = {200, 1'000, 1 << 20};
  static constexpr std::uint64_t kPart[] = {100, 300, 2'000};
  static constexpr std::uint64_t kBrisk[] = {0, 2, 3};
  static constexpr std::uint64_t kIoSlow[] = {0, 0, 200};
  static constexpr std::uint64_t kDies[] = {0, 0, 0, 10};
  mood_.loss = kLoss[random_.below(4)];
  mood_.word_loss = kWordLoss[random_.below(4)];
  mood_.slow = kSlow[random_.below(3)];
  mood_.write_fails = kWriteFails[random_.below(4)];
  mood_.chaos = kChaos[random_.below(4)];
  mood_.crashes = random_.below(4);
  mood_.brisk = kBrisk[random_.below(3)];
  mood_.io_slow = kIoSlow[random_.below(3)];
  const std::uint64_t some = random_.next();
  const std::uint64_t others = random_.next();
  mood_.kinds = random_.chance(1, 2) ? some | others : some & others;
  mood_.little_room = random_.chance(1, 4);
  mood_.memory_bytes = kMemory[random_.below(3)];
  mood_.sweep_entries = kSweep[random_.below(3)];
  mood_.base_bytes_min = kBase[random_.below(3)];
  mood_.part_bytes = kPart[random_.below(3)];
  mood_.dies_persisting = kDies[random_.below(4)];
  mood_.interval = milliseconds(static_cast<std::int64_t>(300 + random_.below(4000)));
  mood_.retained = 1 + static_cast<std::uint32_t>(random_.below(2));
  // Of three schedules one renews what is in memory; the others fold.
  mood_.renewal_bytes_max = options_.seed % 3 == 0 ? std::size_t{1} << 30 : 0;
  // Some schedules are about one thing.
  const auto only = [&](std::initializer_list<Trouble> kinds) {
    mood_.kinds = 0;
    for (const Trouble kind : kinds) mood_.kinds |= std::uint64_t{1} << kind;
    mood_.loss = mood_.word_loss = mood_.write_fails = mood_.dies_persisting = 0;
    mood_.chaos = 6;
  };
  switch (random_.below(12)) {
    case 0:
      only({kZombie, kWake, kStandStill, kClockJump, kBroker, kCrash});
      mood_.slow = 150;
      break;
    case 1:
      only({kDamage, kHeal, kWantCheckpoint, kCrash});
      mood_.retained = 2;
      mood_.memory_bytes = 0;
      break;
    case 2:
      only({kCrash, kWantCheckpoint});
      mood_.write_fails = 100;
      mood_.crashes = 3;
      break;
    case 3:
      only({kCrash, kWantCheckpoint, kStop});
      mood_.memory_bytes = 3'000;
      mood_.sweep_entries = 1;
      mood_.base_bytes_min = 200;
      mood_.io_slow = 300;
      break;
    case 4:
      only({kBroker, kWantCheckpoint, kClockJump});
      mood_.loss = 100;
      mood_.crashes = 0;
      mood_.part_bytes = 100;
      break;
    case 5:
      only({kCrash, kWantCheckpoint, kClockJump, kStandStill, kWake});
      mood_.word_loss = 100;
      mood_.write_fails = 60;
      mood_.slow = 200;
      mood_.slots_min = 2;
      break;
    case 6:
      only({kWantCheckpoint, kCrash, kSavepoint});
      mood_.dies_persisting = 30;
      mood_.io_slow = 300;
      mood_.crashes = 0;
      mood_.retained = 1;
      mood_.brisk = 2;
      break;
    default:
      break;
  }
}

void JointWorld::chaos() {
  std::uint64_t what = random_.below(kTroubles);
  for (int i = 0; i < 30 && (mood_.kinds >> what & 1) == 0; ++i) what = random_.below(kTroubles);
  if ((mood_.kinds >> what & 1) == 0) return;
  note(100 + what);
  SimProcess* process = current_ ? find(*current_) : nullptr;
  switch (static_cast<Trouble>(what)) {
    case kCrash:
      if (process != nullptr) crash(*process);
      return;
    case kPowerCut:
      for (const auto& one : processes_) crash(*one);
      files_.drop_unsynced();
      return;
    case kZombie:
      // Taken for dead: another takes the job over.
      if (process == nullptr) return;
      if (processes_.size() >= kProcessesMax) return crash(*processes_.front());
      process->control_paused = random_.chance(1, 2);
      process->slots_paused = static_cast<std::uint32_t>(random_.below(8));
      process->io_paused = random_.chance(1, 2);
      current_.reset();
      return;
    case kWake:
      for (const auto& one : processes_) {
        one->control_paused = false;
        one->slots_paused = 0;
        one->io_paused = false;
      }
      return;
    case kStandStill:
      if (process == nullptr) return;
      process->control_paused = random_.chance(1, 3);
      process->slots_paused = static_cast<std::uint32_t>(random_.below(8));
      process->io_paused = random_.chance(1, 3);
      return;
    case kDamage:
      damage();
      for (const auto& one : processes_) crash(*one);
      return;
    case kStop:
      if (process != nullptr && process->started()) process->job().request_stop();
      return;
    case kBroker:
      return note(broker_.chaos(random_));
    case kClockJump:
      clock_.advance(seconds(static_cast<std::int64_t>(2 + random_.below(30))));
      return;
    case kWantCheckpoint:
      if (process != nullptr && process->started()) process->job().request_checkpoint();
      return;
    case kSavepoint:
      if (process != nullptr && process->started())
        process->job().request_savepoint(fmt::format("savepoints/{}", ++savepoints_));
      return;
    case kHeal:
      return heal();
    case kTroubles:
      return;
  }
}

// In the middle of a job that runs well.
void JointWorld::late_trouble() {
  late_trouble_at_ = 0;
  const std::uint64_t what = random_.below(4);
  note(200 + what);
  if (what == 0) damage();
  for (const auto& one : processes_) {
    if (what < 2 || one->id() == current_) crash(*one);
  }
  if (what == 1) files_.drop_unsynced();
}

// One byte of one blob, chosen by the seed.
void JointWorld::damage() {
  std::vector<std::string> found;
  const auto walk = [&](const auto& self, const std::string& folder) -> void {
    const auto entries = files_.list(folder);
    if (!entries) return;
    for (const DirectoryEntry& entry : *entries) {
      const std::string path = folder + "/" + entry.name;
      if (entry.kind == FileKind::kDirectory)
        self(self, path);
      else if (entry.size > 0)
        found.push_back(path);
    }
  };
  walk(walk, "job/blobs");
  walk(walk, "job/manifests");
  if (found.empty()) return;
  // Mostly what came last: what would be restored.
  std::ranges::sort(found, std::ranges::greater(),
                    [&](const std::string& path) { return files_.stat(path)->modified.micros; });
  const std::string& path = found[random_.below(
      random_.chance(3, 4) ? std::min<std::size_t>(found.size(), 4) : found.size())];
  const auto bytes = files_.read_whole_file(path, 1 << 20);
  if (!bytes || damaged_.contains(path)) return;
  std::string spoilt = *bytes;
  spoilt[random_.below(spoilt.size())] ^= static_cast<char>(1U << random_.below(8));
  damaged_[path] = *bytes;
  (void)files_.replace_file(path, spoilt);
}

void JointWorld::heal() {
  for (const auto& [path, bytes] : damaged_) {
    const auto there = files_.exists(path);
    if (there && *there) (void)files_.replace_file(path, bytes);
  }
  damaged_.clear();
}

void JointWorld::mend() {
  calm_ = true;
  if (random_.chance(1, 2)) late_trouble_at_ = events_ + 1 + random_.below(400);
  heal();
  broker_.mend();
  for (const auto& process : processes_) {
    process->control_paused = false;
    process->slots_paused = 0;
    process->io_paused = false;
  }
  JobSeams& seams = job_.seams();
  for (std::size_t i = 0; i < seams.released.size(); ++i)
    seams.released[i] = history_.splits()[i].size();
}

}  // namespace tributary::simulation
