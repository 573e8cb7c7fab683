#include "runtime/api/run_state.h"

#include <utility>

#include <fmt/format.h>

#include "runtime/exec/job_descriptor.h"
#include "runtime/graph/job_graph.h"

namespace tributary {
namespace {

// Reads of state that is not in memory, uploads, published parts.
constexpr std::uint32_t kIoThreads = 8;

std::unexpected<ErrorList> one(const Error& error) { return std::unexpected(ErrorList{error}); }

std::string age_text(Timestamp from, Timestamp now) {
  const std::int64_t s = std::max<std::int64_t>((now - from).micros / 1'000'000, 0);
  if (s < 120) return fmt::format("{} s", s);
  if (s < 7200) return fmt::format("{} min", s / 60);
  if (s < 172800) return fmt::format("{} h", s / 3600);
  return fmt::format("{} days", s / 86400);
}

// Output of a run whose state is somewhere else looks like this too.
Error begins_from_nothing(const Error& error, const std::string& folder) {
  if (error.code() != ErrorCode::F103) return error;
  return Error(
      error.code(), fmt::format("{}; there is no state in {}", error.what(), folder),
      fmt::format("if the job ran before, name its state folder (--state); else {}", error.fix()));
}

}  // namespace

std::string state_folder_of(const StateArguments& arguments, const std::string& job,
                            const Surroundings& surroundings) {
  if (!arguments.folder.empty()) return arguments.folder;
  const std::string root = surroundings.environment("TRIBUTARY_STATE").value_or("");
  return (root.empty() ? ".tributary" : root) + "/" + job;
}

RunState::RunState(std::string folder, StateLock lock, const Surroundings& surroundings)
    : surroundings_(surroundings),
      lock_(std::move(lock)),
      folder_(surroundings.files, std::move(folder), surroundings.random),
      io_(kIoThreads) {}

RunState::~RunState() = default;

Status RunState::forget() {
  for (const char* part : {"/record", "/manifests", "/blobs", "/work"})
    TRY(surroundings_.files.remove_tree(folder_.path() + part));
  return {};
}

OrErrors<std::unique_ptr<RunState>> RunState::open(const StateArguments& arguments,
                                                   const PlannedJob& planned,
                                                   const JobProgram& program,
                                                   const std::function<Status()>& prepare_output,
                                                   const Surroundings& surroundings) {
  const std::string path = state_folder_of(arguments, program.graph.name(), surroundings);
  Result<StateLock> lock = StateLock::acquire(path);
  if (!lock) return one(lock.error());
  std::unique_ptr<RunState> state(new RunState(path, *std::move(lock), surroundings));

  bool forget = arguments.fresh;
  // By a store of its own: what one remembers of its folders is wrong once they are removed.
  const auto found = JobFolder(surroundings.files, path, surroundings.random)
                         .metadata()
                         .get(JobFolder::kRecordKey);
  if (!found && !forget) return one(found.error());
  if (found && *found && !forget && arguments.from.empty()) {
    cluster::JobRecord record;
    // One that has read everything, or whose event time is at its end, has nothing to go on with.
    if (record.ParseFromString((*found)->bytes)) {
      const bool drained =
          record.phase() == cluster::STOPPED && record.checkpoints().stop() == cluster::DRAIN;
      forget = record.phase() == cluster::FINISHED || drained;
      if (forget)
        state->notices_.push_back(fmt::format("the job had {} before; this run begins anew",
                                              drained ? "been drained" : "finished"));
    }
  }
  if (forget) {
    // Whoever goes back to a savepoint goes on with its output.
    if (const Status prepared = arguments.from.empty() ? prepare_output() : Status(); !prepared)
      return one(arguments.fresh ? prepared.error()
                                 : Error(prepared.error())
                                       .in("the job has ended; this run would "
                                           "begin it anew"));
    if (const Status forgotten = state->forget(); !forgotten) return one(forgotten.error());
  }

  const JobOpening opening{
      .folder = &state->folder_,
      .clock = &surroundings.clock,
      .io = &state->io_,
      .lsm = &state->lsm_,
      .program = &program,
      .plan = &planned.plan,
      .shown_graph = graph::serialize(planned.shown),
      .engine_version = engine_version(),
      .interval = arguments.checkpoint_interval,
      .retained = arguments.retained,
      .memory_bytes = arguments.memory_bytes,
      .base_bytes_min = arguments.base_bytes_min,
      .renewal_bytes_max = arguments.renewal_bytes_max,
      .from = arguments.from,
      .fork = arguments.fork,
      .drop_state = {arguments.drop_state.begin(), arguments.drop_state.end()}};
  auto opened = open_job(opening);
  if (!opened) return std::unexpected(std::move(opened).error());

  for (const Error& error : opened->passed_over)
    state->notices_.push_back(fmt::format(
        "a newer checkpoint cannot be read and was passed over, nothing of it was published: {}",
        error.what()));
  if (opened->has_taken_over)
    state->notices_.push_back(fmt::format(
        "savepoint {} is what this job was started from before; it goes on from where it "
        "is (to go back once more: --fresh)",
        arguments.from));
  if (!opened->from) {
    if (const Status prepared = prepare_output(); !prepared)
      return one(begins_from_nothing(prepared.error(), path));
  } else {
    state->notices_.push_back(
        fmt::format("goes on from checkpoint {}, {} old: {}", opened->from->checkpoint(),
                    age_text({opened->from->created_micros()}, surroundings.clock.now()),
                    match_text(opened->restored.report)));
  }
  state->opened_ = std::make_shared<OpenedJob>(*std::move(opened));
  return state;
}

}  // namespace tributary
