#include "runtime/exec/task_state.h"

#include <algorithm>
#include <utility>

#include "base/failpoint.h"
#include "checkpoint/whole_piece.h"

namespace tributary {

namespace {
// A blob of deltas is sent when so much has gathered, and at the end of a sweep.
constexpr std::size_t kUploadBytes = std::size_t{4} << 20;

// Neighbouring chunks of one epoch, as one blob.
struct StoredChunks {
  std::uint64_t epoch = 0;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  Result<checkpoint::PieceRef> piece;
};

Result<checkpoint::PieceRef> store_chunks(BlobStore& blobs, const std::string& prefix,
                                          const std::vector<DeltaChunk>& chunks) {
  std::vector<std::string_view> parts;
  parts.reserve(chunks.size());
  for (const DeltaChunk& chunk : chunks) parts.push_back(*chunk.bytes);
  return store_whole(blobs, prefix, parts);
}
}  // namespace

TaskState::TaskState(Parts parts) : parts_(std::move(parts)) {}
TaskState::~TaskState() = default;

Result<KeyedState*> TaskState::of_operator(const std::string& name) {
  if (store_ == nullptr) {
    const SnapshotServices* services = parts_.services;
    BackingFiles files;
    TieredOptions options{.key_group_count = parts_.key_group_count, .groups = parts_.groups};
    if (services != nullptr) {
      files = {
          .lsm = services->lsm, .io = services->io, .folder = parts_.folder, .wake = parts_.wake};
      options.memory_bytes = parts_.memory_bytes;
      options.base_bytes_min = services->base_bytes_min;
      options.renewal_bytes_max = services->renewal_bytes_max;
      options.table_order = services->simulation.table_order;
      options.hazards = services->simulation.state;
    }
    store_ = std::make_unique<TieredStore>(
        options, std::move(files), services != nullptr ? static_cast<DeltaSink*>(this) : nullptr,
        parts_.clock);
    if (parts_.restored != nullptr && !parts_.restored->empty()) {
      const LayerPlaces places{
          .blobs = services->blobs, .files = services->files, .lsm = services->lsm};
      failpoint("restore.before_state");
      TRY(store_->begin_restore(*parts_.restored, places));
    }
  }
  return store_->operator_state(name);
}

Status TaskState::finish_open() {
  if (store_ == nullptr) return {};
  TRY(store_->finish_restore());
  failpoint("restore.after_state");
  return {};
}

void TaskState::advance_event_time(Timestamp to) {
  if (store_ != nullptr) store_->advance_event_time(to);
}

bool TaskState::maintain() { return store_ != nullptr && store_->maintain(); }

Status TaskState::status() const { return store_ == nullptr ? Status{} : store_->status(); }

Status TaskState::freeze() {
  if (store_ == nullptr) return {};
  while (store_->sweeping()) store_->sweep(SIZE_MAX);
  upload_error_.reset();
  return store_->freeze();
}

bool TaskState::sweep() {
  if (store_ == nullptr) return true;
  if (!store_->sweep(parts_.services->simulation.sweep_entries)) {
    failpoint("task.mid_sweep");
    return false;
  }
  upload_all();
  return true;
}

std::optional<checkpoint::StateSnapshot> TaskState::snapshot() const {
  if (store_ == nullptr) return checkpoint::StateSnapshot{};
  return store_->snapshot();
}

void TaskState::add(const DeltaChunk& chunk) {
  waiting_.push_back(chunk);
  waiting_bytes_ += chunk.bytes->size();
  if (waiting_bytes_ >= kUploadBytes) upload_all();
}

// Runs of neighbours of one epoch make one blob each.
void TaskState::upload_all() {
  while (!waiting_.empty()) {
    std::size_t run = 1;
    while (run < waiting_.size() && waiting_[run].epoch == waiting_[0].epoch &&
           waiting_[run].number == waiting_[run - 1].number + 1)
      ++run;
    upload(run);
  }
}

void TaskState::upload(std::size_t count) {
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<DeltaChunk> chunks(waiting_.begin(), end);
  waiting_.erase(waiting_.begin(), end);
  for (const DeltaChunk& chunk : chunks) waiting_bytes_ -= chunk.bytes->size();
  parts_.io->submit([this, &blobs = *parts_.services->blobs, prefix = parts_.blob_prefix(),
                     chunks = std::move(chunks)]() -> TaskIo::Answer {
    StoredChunks stored{.epoch = chunks.front().epoch,
                        .first = chunks.front().number,
                        .last = chunks.back().number,
                        .piece = store_chunks(blobs, prefix, chunks)};
    return [this, stored = std::move(stored)] {
      if (stored.piece) {
        store_->chunks_stored(stored.epoch, stored.first, stored.last, *stored.piece);
        return;
      }
      upload_error_ = stored.piece.error();
      store_->chunks_lost(stored.epoch, stored.first, stored.last);
    };
  });
}

void TaskState::completed() {
  if (store_ == nullptr || folding_) return;
  std::optional<std::vector<checkpoint::StateLayer>> layers = store_->fold_request();
  if (!layers) return;
  folding_ = true;
  const SnapshotServices& services = *parts_.services;
  const LayerPlaces places{.blobs = services.blobs,
                           .files = services.files,
                           .lsm = services.lsm,
                           .files_by_name = services.simulation.state.base_files_by_name};
  parts_.io->submit([this, places, layers = *std::move(layers), groups = store_->groups(),
                     folder = fmt::format("{}-base-{}", parts_.folder, ++folds_),
                     prefix = parts_.blob_prefix()]() -> TaskIo::Answer {
    Result<checkpoint::StateLayer> folded = fold_layers(places, layers, groups, folder, prefix);
    return [this, folded = std::move(folded)] {
      folding_ = false;
      store_->fold_ended(folded ? &*folded : nullptr);
    };
  });
}

}  // namespace tributary
