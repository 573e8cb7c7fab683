#include "runtime/cluster/job_opening.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "checkpoint/manifest/blob_deletion.h"
#include "checkpoint/manifest/checkpoint_copy.h"
#include "checkpoint/manifest/manifest_blobs.h"
#include "runtime/cluster/job_start.h"
#include "runtime/cluster/recorded_hash.h"
#include "runtime/graph/job_graph.h"

namespace tributary {

namespace act = checkpoint_action;
namespace happened = checkpoint_event;

namespace {

constexpr std::uint32_t kRecordFormat = 1;
// What a job may have used since a savepoint was written, where its record is lost.
constexpr std::uint64_t kIdsPassedOver = 1'000'000;
constexpr std::uint32_t kAttemptsPassedOver = 1'000;
constexpr std::uint64_t kVerifiedInMemoryBytes = std::uint64_t{64} << 20;

Result<std::optional<cluster::JobRecord>> read_record(const JobOpening& opening,
                                                      MetadataVersion& version) {
  const auto found = TRY(opening.folder->metadata().get(JobFolder::kRecordKey));
  if (!found) return std::nullopt;
  version = found->version;
  cluster::JobRecord record;
  if (!record.ParseFromString(found->bytes) || record.uid().size() != sizeof(Hash128))
    return fail(ErrorCode::S420, "the record in {} is no job's record", opening.folder->path());
  if (record.format() > kRecordFormat)
    return fail(ErrorCode::S420, "the record in {} has format {}; this engine knows {}",
                opening.folder->path(), record.format(), kRecordFormat);
  return record;
}

class Opening {
 public:
  explicit Opening(const JobOpening& opening) : opening_(opening), folder_(*opening.folder) {
    job_.folder = opening.folder;
  }

  std::expected<OpenedJob, std::vector<Error>> run() {
    if (Status decided = decide(); !decided) return one(decided.error());
    if (auto fits = foresee(); !fits) return std::unexpected(std::move(fits).error());
    if (Status begun = begin(); !begun) return one(begun.error());
    if (Status chosen = choose(); !chosen) return one(chosen.error());
    if (Status served = serve(); !served) return one(served.error());
    if (!job_.from) {
      job_.restored.plan = plan_first_start(opening_.program->graph, *opening_.plan);
      return std::move(job_);
    }
    auto matched = match(*job_.from);
    if (!matched) return std::unexpected(std::move(matched).error());
    job_.restored = *std::move(matched);
    job_.restored.plan.only_publish = only_publish_;
    return std::move(job_);
  }

 private:
  static std::unexpected<std::vector<Error>> one(const Error& error) {
    return std::unexpected(std::vector<Error>{error});
  }

  Status serve() {
    job_.services = {.io = opening_.io,
                     .blobs = &folder_.blobs(),
                     .files = &folder_.files(),
                     .lsm = opening_.lsm,
                     .work_folder = folder_.work(),
                     .memory_bytes = opening_.memory_bytes,
                     .base_bytes_min = opening_.base_bytes_min,
                     .renewal_bytes_max = opening_.renewal_bytes_max,
                     .uid = recorded_hash(job_.record.uid()),
                     .uid_bytes = job_.record.uid(),
                     .history = TRY(LineageHistory::decode(job_.record.checkpoints().lineages())),
                     .routing_version = opening_.plan->routing_version,
                     .incarnation = folder_.random().next(),
                     .publish_limits = {},
                     .simulation = opening_.simulation};
    return {};
  }

  // Who the job is and what it starts from. Writes nothing.
  Status decide() {
    found_ = TRY(read_record(opening_, job_.version));
    if (!opening_.from.empty())
      savepoint_ = TRY(read_savepoint(folder_.files(), folder_.random(), opening_.from));
    identity_ = TRY(decide_start({.record = found_ ? &*found_ : nullptr,
                                  .from = savepoint_ ? &*savepoint_ : nullptr,
                                  .fork = opening_.fork,
                                  .uid_is_running = false,
                                  .new_uid = folder_.random().next_id(),
                                  .new_lineage = folder_.random().next_id()}));
    if (identity_.has_taken_over) savepoint_.reset();
    job_.has_taken_over = identity_.has_taken_over;
    return {};
  }

  // What will be matched in the end, unless it is damaged, is matched before anything is written: a
  // job that is refused finds everything as it was.
  std::expected<void, std::vector<Error>> foresee() {
    std::optional<checkpoint::Manifest> manifest;
    if (savepoint_) {
      JobIdentity identity = identity_;
      take_over(identity, identity_.checkpoints.ids_below(), 1, manifest.emplace(*savepoint_));
    } else if (const auto& completed = identity_.checkpoints.completed(); !completed.empty()) {
      auto newest = folder_.manifests().read(completed.rbegin()->manifest());
      if (newest) manifest = *std::move(newest);
    }
    if (!manifest) return {};
    if (auto matched = match(*manifest); !matched)
      return std::unexpected(std::move(matched).error());
    return {};
  }

  std::expected<RestoredJob, std::vector<Error>> match(const checkpoint::Manifest& manifest) const {
    return match_checkpoint(
        manifest, opening_.program->graph, *opening_.plan,
        {.drop_state = opening_.drop_state, .hazards = opening_.simulation.publish});
  }

  // The record, with this leader's term before anything else is changed (rule 64).
  Status begin() {
    cluster::JobRecord& record = job_.record;
    if (found_) record = *found_;
    const bool record_is_lost = savepoint_ && !found_ && identity_.uid == savepoint_->uid();
    if (record_is_lost) {
      // Neither its ids nor its attempts may be given again (rules 3 and 11).
      record.set_attempt(savepoint_->attempt() + kAttemptsPassedOver);
      identity_.checkpoints.set_ids_below(identity_.checkpoints.ids_below() + kIdsPassedOver);
    }
    record.set_format(kRecordFormat);
    record.set_uid(identity_.uid);
    record.set_term(record.term() + 1);
    record.set_version(record.version() + 1);
    record.clear_failure();
    // Whoever runs a job that was stopped wants it to go on; one that ended by itself, or whose
    // event time did, has only its output to bring out.
    if (identity_.checkpoints.stop() == cluster::STOP) {
      identity_.checkpoints.set_stop(cluster::GO_ON);
      identity_.checkpoints.set_last(0);
    }
    *record.mutable_checkpoints() = identity_.checkpoints;
    record.set_phase(cluster::DEPLOY);
    TRY(write());
    if (savepoint_) TRY(take_over_savepoint(identity_, *std::move(savepoint_)));
    return {};
  }

  Status write() {
    const SetOutcome written = TRY(folder_.metadata().compare_and_set(
        JobFolder::kRecordKey, job_.version, job_.record.SerializeAsString()));
    if (!written.stored)
      return fail(ErrorCode::J601,
                  "the record in {} is at version {}, this coordinator expected {}", folder_.path(),
                  written.version.value, job_.version.value);
    job_.version = written.version;
    return {};
  }

  // Copied first, so that neither depends on what the other deletes; then the job's own first
  // checkpoint (rules 4 and 28). What the job had before is condemned.
  Status take_over_savepoint(JobIdentity& identity, checkpoint::Manifest manifest) {
    const std::uint32_t attempt = job_.record.attempt() + 1;
    const LineageHistory history = TRY(LineageHistory::decode(identity.checkpoints.lineages()));
    LocalBlobStore savepoint(folder_.files(), savepoint_blobs(opening_.from), folder_.random());
    TRY(copy_blobs(savepoint, folder_.blobs(),
                   blob_prefix(identity.uid, history.current().id.to_hex(), attempt,
                               identity.checkpoints.ids_below()),
                   manifest));
    take_over(identity, job_.record.term(), attempt, manifest);
    cluster::CompletedCheckpoint taken;
    taken.set_id(manifest.checkpoint());
    *taken.mutable_manifest() = TRY(folder_.manifests().write(manifest));
    taken.set_lineage_high(history.current().id.high);
    taken.set_lineage_low(history.current().id.low);
    taken.set_completed_micros(opening_.clock->now().micros);
    cluster::CheckpointRecord& checkpoints = identity.checkpoints;
    for (const cluster::CompletedCheckpoint& old : checkpoints.completed()) {
      cluster::CondemnedCheckpoint& condemned = *checkpoints.add_condemned();
      *condemned.mutable_checkpoint() = old;
      condemned.set_term(job_.record.term());
    }
    checkpoints.clear_completed();
    *checkpoints.add_completed() = std::move(taken);
    *job_.record.mutable_checkpoints() = checkpoints;
    job_.record.set_version(job_.record.version() + 1);
    return write();
  }

  // Drives the coordinator until it says what to start from.
  Status choose() {
    const graph::JobGraph& graph = opening_.program->graph;
    const bool stages = std::ranges::any_of(opening_.program->vertices, [](const VertexCode& code) {
      return static_cast<bool>(code.make_connector);
    });
    job_.coordinator = std::make_unique<CheckpointCoordinator>(
        CheckpointCoordinator::Settings{.uid = job_.record.uid(),
                                        .graph_digest = recorded_bytes(graph::digest(graph)),
                                        .graph = opening_.shown_graph,
                                        .key_groups = opening_.plan->key_group_count,
                                        .engine_version = opening_.engine_version,
                                        .term = job_.record.term(),
                                        .interval = opening_.interval,
                                        .retained = opening_.retained,
                                        .stages_output = stages,
                                        .hazards = opening_.hazards},
        job_.record.checkpoints());
    tell(happened::Started{});
    tell(happened::RestoreWanted{});
    while (!actions_.empty()) {
      CheckpointAction action = std::move(actions_.front());
      actions_.pop_front();
      if (auto* persist = std::get_if<act::PersistRecord>(&action)) {
        *job_.record.mutable_checkpoints() = persist->record;
        job_.record.set_version(job_.record.version() + 1);
        TRY(write());
        tell(happened::RecordPersisted{});
      } else if (const auto* restore = std::get_if<act::RestoreFrom>(&action)) {
        if (!restore->checkpoint) return {};
        if (TRY(read(*restore->checkpoint))) {
          only_publish_ = restore->only_publish;
          return keep_rest();
        }
      } else if (std::holds_alternative<act::ReadMarks>(action)) {
        tell(happened::MarksRead{TRY(read_marks())});
      } else if (const auto* lost = std::get_if<act::JobUnrecoverable>(&action)) {
        return std::unexpected(lost->error);
      } else {
        job_.left_over.push_back(std::move(action));
      }
    }
    return keep_rest();
  }

  Status keep_rest() {
    for (CheckpointAction& action : actions_) job_.left_over.push_back(std::move(action));
    actions_.clear();
    return {};
  }

  void tell(const CheckpointEvent& event) {
    for (CheckpointAction& action : job_.coordinator->step(event, opening_.clock->now()))
      actions_.push_back(std::move(action));
  }

  // Wholly read and verified now, while there may be another to fall back to. False: it is damaged,
  // and the coordinator knows.
  Result<bool> read(const cluster::CompletedCheckpoint& checkpoint) {
    Result<checkpoint::Manifest> manifest = folder_.manifests().read(checkpoint.manifest());
    Status fine = manifest ? verify_blobs(*manifest) : std::unexpected(manifest.error());
    if (!fine) {
      job_.passed_over.push_back(fine.error());
      tell(happened::CheckpointDamaged{{checkpoint.id()}, std::move(fine).error()});
      return false;
    }
    job_.from = *std::move(manifest);
    return true;
  }

  Status verify_blobs(const checkpoint::Manifest& manifest) {
    std::map<std::string, checkpoint::BlobRef> blobs;
    for_each_blob(manifest,
                  [&](const checkpoint::BlobRef& blob) { blobs.emplace(blob.name(), blob); });
    for (const auto& [name, blob] : blobs) {
      if (blob.size() <= kVerifiedInMemoryBytes) {
        TRY(folder_.blobs().get(blob));
        continue;
      }
      TRY(folder_.files().make_directories(folder_.work()));
      const std::string path = folder_.work() + "/verified";
      TRY(folder_.blobs().get_to_file(blob, path));
      TRY(folder_.files().remove(path));
    }
    return {};
  }

  // Fences every writer of every sink, so that the marks are the last word (rules 1 and 2).
  Result<std::vector<PublishedMark>> read_marks() {
    const LineageHistory history =
        TRY(LineageHistory::decode(job_.record.checkpoints().lineages()));
    const std::map<std::string, std::uint32_t> known = writer_numbers();
    // Behind every round of the attempts so far, before the next one's: nobody publishes in it.
    const OwnershipRound round{.attempt = job_.record.attempt(), .routing_version = UINT64_MAX};
    std::vector<PublishedMark> marks;
    for (std::size_t vertex = 0; vertex < opening_.program->vertices.size(); ++vertex) {
      const VertexCode& code = opening_.program->vertices[vertex];
      if (!code.make_connector) continue;
      const graph::VertexId id{static_cast<std::uint32_t>(vertex)};
      const std::string& sink = graph::vertex_of(opening_.program->graph, id).name();
      const auto numbers = known.find(sink);
      const std::uint32_t count = std::max(numbers == known.end() ? 1 : numbers->second,
                                           opening_.plan->stage_of(id).parallelism);
      const auto connector = code.make_connector(
          {.uid = recorded_hash(job_.record.uid()), .sink = sink, .numbers = count});
      const auto checked = [](auto result) -> Result<typename decltype(result)::value_type> {
        if (!result) return std::unexpected(result.error().error);
        if constexpr (!std::is_void_v<typename decltype(result)::value_type>) return *result;
        return {};
      };
      for (std::uint32_t number = 0; number < count; ++number)
        TRY(checked(connector->fence({number}, round)));
      const MarkPosition end = TRY(checked(connector->mark_end()));
      const MarksRead read = TRY(checked(connector->published({}, end)));
      for (const auto& [number, found] : read.marks) {
        if (const LineageProgress* progress = found.mark.of(history.current().id))
          marks.push_back({sink, number.value, progress->epoch.value});
      }
    }
    return marks;
  }

  // As far as any checkpoint that can be read says.
  std::map<std::string, std::uint32_t> writer_numbers() {
    std::map<std::string, std::uint32_t> numbers;
    for (const cluster::CompletedCheckpoint& one : job_.record.checkpoints().completed()) {
      const Result<checkpoint::Manifest> manifest = folder_.manifests().read(one.manifest());
      if (!manifest) continue;
      for (const checkpoint::SinkRecord& sink : manifest->sinks())
        numbers[sink.sink()] = std::max(numbers[sink.sink()], sink.numbers());
    }
    return numbers;
  }

  const JobOpening& opening_;
  JobFolder& folder_;
  OpenedJob job_;
  std::optional<cluster::JobRecord> found_;
  std::optional<checkpoint::Manifest> savepoint_;
  JobIdentity identity_;
  std::deque<CheckpointAction> actions_;
  bool only_publish_ = false;
};

}  // namespace

std::expected<OpenedJob, std::vector<Error>> open_job(const JobOpening& opening) {
  if (Status emptied = opening.folder->files().remove_tree(opening.folder->work()); !emptied)
    return std::unexpected(std::vector<Error>{emptied.error()});
  return Opening(opening).run();
}

}  // namespace tributary
