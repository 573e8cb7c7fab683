#include "runtime/api/run_command.h"

#include <algorithm>
#include <csignal>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/settings_binder.h"
#include "base/thread_executor.h"
#include "checkpoint/memory_metadata_store.h"
#include "runtime/api/input_check.h"
#include "runtime/api/job_watch.h"
#include "runtime/api/output_aside.h"
#include "runtime/api/output_folders.h"
#include "runtime/api/refusal.h"
#include "runtime/api/run_report.h"
#include "runtime/api/run_requests.h"
#include "runtime/api/stop_signals.h"
#include "runtime/cluster/local_job.h"

namespace tributary {
namespace {

constexpr std::int64_t kNanosPerMilli = 1'000'000;
// How often it is looked whether somebody asks for a savepoint.
constexpr std::int64_t kRequestNanos = 100 * kNanosPerMilli;

ProgressMode mode_of(ProgressMode asked, int out) {
  if (asked != ProgressMode::kAuto) return asked;
  return is_terminal(out) ? ProgressMode::kTerminal : ProgressMode::kPlain;
}

// The program as this process builds it, which must be the one that was planned.
OrErrors<JobProgram> load_program(const PlannedJob& planned, const JobArguments& arguments,
                                  const Surroundings& surroundings) {
  const OutputAside aside(surroundings);
  const JobLibrary library = TRY(load_job_library(surroundings.files, planned.library_path));
  JobProgram program =
      TRY(build_program(library, planned.document, expansion_sources(arguments, surroundings)));
  const Hash128 here = graph::digest(TRY(planned.secrets.redact(program.graph)));
  const Hash128 there = graph::digest(planned.shown);
  if (here != there) {
    return std::unexpected(
        Error(ErrorCode::B204,
              fmt::format(
                  "job {} gives another graph each time it is asked: {} when planned, {} when run",
                  library.name(), there.to_hex(), here.to_hex()),
              "make its function depend on its settings alone: no time, no chance, no order of a "
              "hash table"));
  }
  return program;
}

std::string random_uid(RandomSource& random) {
  const Hash128 id = random.next_id();
  return {reinterpret_cast<const char*>(&id), sizeof id};
}

class Run {
 public:
  // `state` is null for a job that keeps none.
  Run(const RunArguments& arguments, const PlannedJob& planned, const JobProgram& program,
      RunState* state, std::vector<std::string> notices, const Surroundings& surroundings)
      : arguments_(arguments),
        planned_(planned),
        state_(state),
        plan_(planned.plan),
        notices_(std::move(notices)),
        surroundings_(surroundings),
        clock_(surroundings.clock),
        report_(mode_of(arguments.progress, surroundings.out), planned.shown, planned.plan,
                state == nullptr ? "in memory" : state->folder(), surroundings),
        executor_(surroundings.clock),
        job_(program, planned.plan, options()) {}

  int run(StopSignals& signals) {
    report_.started();
    for (const std::string& notice : notices_) report_.notice(planned_.secrets.redact(notice));
    if (state_ != nullptr) inbox_.emplace(surroundings_.files, state_->folder());
    started_ = clock_.monotonic_nanos();
    last_ = {.nanos = started_, .tasks = {}};
    JobWatch watch;
    job_.start(executor_);
    if (const Status begun = watch.begin(executor_); !begun) {
      job_.cancel();
      executor_.join();
      return refuse(begun.error(), surroundings_);
    }
    wait(signals, watch);
    const double wall_s = static_cast<double>(clock_.monotonic_nanos() - started_) / 1e9;
    const LocalJob::Outcome& outcome = job_.outcome();
    RunSummary summary =
        summarize(planned_.shown, job_.execution().metrics(), outcome.phase, wall_s);
    show_outcomes();
    if (state_ != nullptr) summary.checkpoints = job_.checkpoints();
    answer_stops(outcome);
    std::optional<Error> error;
    if (outcome.error) error = planned_.secrets.redact(*outcome.error);
    report_.ended(summary, error ? &*error : nullptr);
    const bool is_clean = outcome.phase == cluster::FINISHED || outcome.phase == cluster::STOPPED;
    return is_clean ? kExitDone : kExitFailed;
  }

 private:
  LocalJob::Options options() {
    LocalJob::Options options;
    options.execution.clock = &clock_;
    if (arguments_.debug) {
      // A record goes all the way before the next one is sent on.
      options.execution.batch_bytes = 1;
      options.execution.linger = {};
    }
    if (state_ == nullptr) {
      options.metadata = &metadata_;
      options.uid = random_uid(surroundings_.random);
    } else {
      options.opened = state_->opened();
    }
    return options;
  }

  void wait(StopSignals& signals, JobWatch& watch) {
    const std::int64_t interval = arguments_.progress_interval.micros * 1000;
    std::int64_t next = started_ + interval;
    std::int64_t until = arguments_.until ? started_ + arguments_.until->micros * 1000 : INT64_MAX;
    for (;;) {
      std::int64_t left =
          std::max<std::int64_t>(std::min(next, until) - clock_.monotonic_nanos(), 0);
      if (inbox_) left = std::min(left, kRequestNanos);
      switch (watch.wait(signals.descriptor(), static_cast<int>(std::min<std::int64_t>(
                                                   left / kNanosPerMilli + 1, 3600'000)))) {
        case JobWatch::Woken::kEnded:
          return;
        case JobWatch::Woken::kSignal:
          stop_or_cancel(signals.take());
          break;
        case JobWatch::Woken::kTime:
          break;
      }
      take_requests();
      const std::int64_t now = clock_.monotonic_nanos();
      if (now >= until) {
        until = INT64_MAX;
        stop(fmt::format("after {}", format_duration(*arguments_.until)));
      }
      if (now < next) continue;
      show_progress(now);
      next = std::max(next + interval, now);
    }
  }

  // Whoever signals while the job is stopping, for whatever reason, does not want to wait for it.
  void stop_or_cancel(int signals_so_far) {
    if (signals_so_far == 1 && !is_stopping_) return stop("at a signal");
    report_.notice(signals_so_far > 1 ? "cancelling (again: end at once)" : "cancelling");
    job_.cancel();
  }
  void take_requests() {
    if (!inbox_) return;
    for (const RunRequest& request : inbox_->poll()) {
      switch (request.kind) {
        case RunRequest::Kind::kCheckpoint:
          job_.request_checkpoint();
          inbox_->answer(request.id, std::nullopt);
          break;
        case RunRequest::Kind::kSavepoint:
          asked_savepoints_.emplace(request.path, request.id);
          job_.request_savepoint(request.path);
          break;
        case RunRequest::Kind::kStop:
          asked_stops_.push_back(request);
          stop("on request", request.drain, request.path);
          break;
      }
    }
    show_outcomes();
  }
  // A stop has been carried out when the job is over and its savepoint, if one was asked for, lies
  // there.
  void answer_stops(const LocalJob::Outcome& outcome) {
    for (const RunRequest& request : asked_stops_) {
      std::optional<Error> error = outcome.error ? outcome.error : stop_error_;
      if (!error && !request.path.empty() && !stop_savepoint_written_)
        error = Error(ErrorCode::C116,
                      fmt::format("the job ended before savepoint {} was asked for", request.path));
      inbox_->answer(request.id, error);
    }
    asked_stops_.clear();
  }

  void stop(std::string_view why, bool drain = false, std::string savepoint = {}) {
    if (std::exchange(is_stopping_, true)) return;
    report_.notice(
        fmt::format("stopping {}: reads no more and {} ({}: cancel)", why,
                    state_ == nullptr ? "finishes what is in flight" : "takes a last checkpoint",
                    why == "at a signal" ? "again" : "SIGINT or SIGTERM"));
    job_.request_stop(drain, std::move(savepoint));
  }

  void show_progress(std::int64_t now) {
    JobSample sample = sample_tasks(job_.execution().metrics(), plan_, now);
    JobProgress progress = progress_between(last_, sample, started_, plan_);
    if (state_ != nullptr) progress.checkpoints = job_.checkpoints();
    report_.progress(progress);
    last_ = std::move(sample);
    show_outcomes();
  }

  // Checkpoints that begin or cease to fail, savepoints, a stop that could not be.
  void show_outcomes() {
    if (state_ == nullptr) return;
    for (const LocalJob::SavepointOutcome& one : job_.take_outcomes()) {
      if (one.path.empty()) {
        is_stopping_ = false;
        for (const RunRequest& request : std::exchange(asked_stops_, {}))
          inbox_->answer(request.id, one.error);
      }
      for (auto [asked, end] = asked_savepoints_.equal_range(one.path); asked != end;
           asked = asked_savepoints_.erase(asked))
        inbox_->answer(asked->second, one.error);
      for (const RunRequest& request : asked_stops_) {
        if (request.path != one.path) continue;
        stop_error_ = one.error;
        stop_savepoint_written_ = !one.error;
      }
      const std::string what =
          one.path.empty() ? "stop refused" : fmt::format("savepoint {}", one.path);
      report_.notice(one.error ? fmt::format("{}: {}", what, one.error->to_string())
                               : fmt::format("{} written", what));
    }
    const CheckpointProgress now = job_.checkpoints();
    if (now.failed != shown_.failed && now.last_failure)
      report_.notice(planned_.secrets.redact(
          fmt::format("a checkpoint failed; the job goes on, its output is held: {}",
                      now.last_failure->what())));
    if (shown_.last_failure && !now.last_failure && !job_.over())
      report_.notice("checkpoints are complete again");
    // Rules 9 and 20: what is complete and not visible is said, whatever the reason.
    if (now.output_held_since && !shown_.output_held_since && !now.last_failure)
      report_.notice(fmt::format("output is held since {}: nothing more becomes visible for now",
                                 format_timestamp(*now.output_held_since)));
    if (!now.output_held_since && shown_.output_held_since && !shown_.last_failure && !job_.over())
      report_.notice("output becomes visible again");
    for (const std::string& blocked : now.blocked_sinks) {
      if (std::ranges::find(shown_.blocked_sinks, blocked) == shown_.blocked_sinks.end())
        report_.notice("output is blocked: " + blocked);
    }
    shown_ = now;
  }

  const RunArguments& arguments_;
  const PlannedJob& planned_;
  RunState* const state_;
  const graph::ExecutionPlan& plan_;
  const std::vector<std::string> notices_;
  const Surroundings& surroundings_;
  const Clock& clock_;
  RunReport report_;
  MemoryMetadataStore metadata_;
  ThreadExecutor executor_;
  LocalJob job_;
  bool is_stopping_ = false;
  std::int64_t started_ = 0;
  JobSample last_;
  CheckpointProgress shown_;
  std::optional<RequestInbox> inbox_;
  std::multimap<std::string, std::string> asked_savepoints_;  // path -> request
  std::vector<RunRequest> asked_stops_;
  bool stop_savepoint_written_ = false;
  std::optional<Error> stop_error_;  // of the savepoint that belongs to a stop
};

}  // namespace

int run_command(const RunArguments& arguments, const Surroundings& surroundings) {
  const auto planned = plan_job(arguments.job, std::max(arguments.slots, 1U), surroundings);
  if (!planned) return refuse(planned.error(), surroundings);
  const OrErrors<JobProgram> program = load_program(*planned, arguments.job, surroundings);
  if (!program) return refuse(program.error(), surroundings);
  // Before --force deletes anything.
  Result<std::vector<std::string>> notices = check_inputs(*program, surroundings.files);
  if (!notices) return refuse(planned->secrets.redact(notices.error()), surroundings);
  // A reader of our output that has gone is no reason to stop a job.
  std::signal(SIGPIPE, SIG_IGN);
  // Before the first thread is made: one that does not block them would die of them.
  StopSignals signals;
  if (const Status listening = signals.listen(); !listening)
    return refuse(listening.error(), surroundings);
  const auto prepare = [&] {
    return prepare_output(surroundings.files, output_folders(planned->graph), arguments.force);
  };
  std::unique_ptr<RunState> state;
  if (arguments.state.keep) {
    auto opened = RunState::open(arguments.state, *planned, *program, prepare, surroundings);
    if (!opened) {
      std::vector<Error> reasons;
      for (const Error& error : opened.error().errors)
        reasons.push_back(planned->secrets.redact(error));
      return refuse(ErrorList(std::move(reasons)), surroundings);
    }
    state = *std::move(opened);
    std::ranges::copy(state->notices(), std::back_inserter(*notices));
  } else if (const Status prepared = prepare(); !prepared) {
    return refuse(planned->secrets.redact(prepared.error()), surroundings);
  }
  Run run(arguments, *planned, *program, state.get(), std::move(*notices), surroundings);
  return run.run(signals);
}

int help_settings_command(const JobArguments& arguments, const Surroundings& surroundings) {
  const Result<std::string> path = locate_job(arguments, surroundings);
  if (!path) return refuse(path.error(), surroundings);
  const Result<JobLibrary> library = load_job_library(surroundings.files, *path);
  if (!library) return refuse(library.error(), surroundings);
  const TypeInfo* type = library->descriptor->settings_type;
  write_all(surroundings.out,
            type == nullptr
                ? fmt::format("{} declares no settings; it looks at the document itself\n",
                              library->name())
                : describe_settings(*type));
  return kExitDone;
}

}  // namespace tributary
