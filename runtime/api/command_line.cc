#include "runtime/api/command_line.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/ranges.h>

#include "base/excerpt.h"
#include "base/nearest_name.h"
#include "runtime/api/job_commands.h"
#include "runtime/api/reference_commands.h"
#include "runtime/api/refusal.h"
#include "runtime/api/run_command.h"
#include "runtime/api/run_requests.h"
#include "runtime/api/state_verb.h"
#include "runtime/api/terminal.h"

namespace tributary {
namespace {

constexpr std::array<std::string_view, 11> kVerbs = {"run",        "plan",  "jobs",       "graph",
                                                     "version",    "error", "failpoints", "stop",
                                                     "checkpoint", "state", "savepoint"};
constexpr std::array<std::string_view, 5> kStateVerbs = {"list", "describe", "get", "diff",
                                                         "verify"};
constexpr std::uint32_t kSlotsMax = 1024;

const std::map<std::string, ProgressMode> kProgressModes = {{"auto", ProgressMode::kAuto},
                                                            {"tty", ProgressMode::kTerminal},
                                                            {"plain", ProgressMode::kPlain},
                                                            {"json", ProgressMode::kJson},
                                                            {"none", ProgressMode::kNone}};
const std::map<std::string, PlanFormat> kPlanFormats = {
    {"text", PlanFormat::kText}, {"mermaid", PlanFormat::kMermaid}, {"json", PlanFormat::kJson}};

// Without a list of its own in --help: the description has it.
CLI::Validator one_of(std::vector<std::string> values) {
  return CLI::Validator(
      [values = std::move(values)](std::string& value) {
        if (std::ranges::find(values, value) != values.end()) return std::string();
        const std::vector<std::string_view> known(values.begin(), values.end());
        const auto nearest = nearest_name(value, known);
        return fmt::format("{} is none of {}{}", excerpt(value), fmt::join(values, ", "),
                           nearest ? fmt::format("; did you mean {}?", *nearest) : "");
      },
      "");
}

Result<Duration> read_duration(const std::string& option, const std::string& text) {
  Result<Duration> read = parse_duration(text);
  if (!read || read->micros <= 0)
    return fail(ErrorCode::C105, "{} {}: expected a length of time such as 500ms, 10s or 5m",
                option, excerpt(text));
  return read;
}

// The options of one verb that name a job and its settings.
class JobOptions {
 public:
  void add_to(CLI::App& verb, bool with_config) {
    verb.add_option("JOB", arguments_.job,
                    "path of a .so, or the name of a job (see: tributary jobs)")
        ->required();
    if (with_config)
      verb.add_option("--config", arguments_.config, "YAML document with the job's settings");
    verb.add_option("--set", arguments_.overrides,
                    "a.b=c: sets one setting; wins over the document; may be repeated")
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    verb.add_option("--job-path", arguments_.job_path,
                    "folders to search for JOB, separated by \":\"");
    verb.add_option("--secrets-dir", arguments_.secrets_directory,
                    "folder with the files of ${secret:name}")
        ->capture_default_str();
    verb.add_option("--graph-timeout", graph_timeout_,
                    "how long the job's function may take to give its graph")
        ->default_str("60s");
  }
  Result<JobArguments> take() const {
    JobArguments arguments = arguments_;
    if (!graph_timeout_.empty())
      arguments.graph_time_limit = TRY(read_duration("--graph-timeout", graph_timeout_));
    return arguments;
  }

 private:
  JobArguments arguments_;
  std::string graph_timeout_;
};

class RunVerb {
 public:
  explicit RunVerb(CLI::App& app)
      : verb_(*app.add_subcommand("run", "runs a job in this process")) {
    job_.add_to(verb_, true);
    verb_.add_option("--slots", arguments_.slots, "threads of the job; 1 if not given")
        ->check(CLI::Range(1U, kSlotsMax));
    verb_
        .add_option("--until", until_,
                    "\"end\" of input, or a length of time after which the job is stopped cleanly")
        ->default_str("end");
    verb_
        .add_option("--progress", progress_,
                    "tty, plain, json or none; auto: tty on a terminal, else plain")
        ->check(one_of({"auto", "tty", "plain", "json", "none"}))
        ->default_str("auto");
    verb_.add_option("--progress-interval", interval_, "how often progress is shown")
        ->default_str("1s");
    verb_.add_option("--state", arguments_.state.folder,
                     "folder of the job's state; .tributary/JOB if not given (or "
                     "$TRIBUTARY_STATE/JOB). A job that stopped or died goes on from it");
    verb_.add_flag("--no-state", no_state_, "keep state in memory alone: no checkpoints");
    verb_
        .add_option("--checkpoint-interval", checkpoint_interval_,
                    "how often a checkpoint begins, and so how often output becomes visible")
        ->default_str("10s");
    verb_
        .add_option("--state-memory", state_memory_mib_,
                    "MiB of memory for state; what is beyond lies on disk")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 24))
        ->capture_default_str();
    // For tests with little state: not in the help.
    verb_.add_option("--base-bytes", arguments_.state.base_bytes_min)->group("");
    verb_.add_option("--renewal-bytes", arguments_.state.renewal_bytes_max)->group("");
    verb_.add_option("--retain", arguments_.state.retained, "completed checkpoints that are kept")
        ->check(CLI::Range(1U, 1000U))
        ->capture_default_str();
    verb_.add_flag("--fresh", arguments_.state.fresh,
                   "begin anew: what the state folder holds is deleted");
    verb_.add_option("--from", arguments_.state.from, "folder of a savepoint to begin with");
    verb_.add_flag("--fork", arguments_.state.fork,
                   "with --from: as another job, which leaves the first one's output alone");
    verb_
        .add_option("--drop-state", arguments_.state.drop_state,
                    "OPERATOR or OPERATOR.STATE whose state may go; may be repeated")
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    verb_.add_flag("--force", arguments_.force,
                   "delete the part files of an earlier run below the sinks' folders");
    verb_.add_flag("--debug", arguments_.debug, "hands on record by record instead of in batches");
    verb_.add_flag("--help-settings", help_settings_,
                   "prints the settings that JOB takes, and does not run it");
  }
  bool is_chosen() const { return verb_.parsed(); }
  int go(const Surroundings& surroundings) {
    Result<RunArguments> arguments = take();
    if (!arguments) return refuse(arguments.error(), surroundings);
    if (help_settings_) return help_settings_command(arguments->job, surroundings);
    return run_command(*arguments, surroundings);
  }

 private:
  Result<RunArguments> take() {
    RunArguments arguments = arguments_;
    arguments.job = TRY(job_.take());
    if (!until_.empty() && until_ != "end") {
      const Result<Duration> until = parse_duration(until_);
      if (!until || until->micros <= 0)
        return fail(ErrorCode::C105, "--until {}: expected \"end\" or a length of time such as 30s",
                    excerpt(until_));
      arguments.until = *until;
    }
    arguments.progress = kProgressModes.at(progress_);
    if (!interval_.empty())
      arguments.progress_interval = TRY(read_duration("--progress-interval", interval_));
    if (!checkpoint_interval_.empty())
      arguments.state.checkpoint_interval =
          TRY(read_duration("--checkpoint-interval", checkpoint_interval_));
    arguments.state.memory_bytes = state_memory_mib_ << 20;
    arguments.state.keep = !no_state_;
    const bool wants_state = arguments.state.fork || !arguments.state.from.empty() ||
                             !arguments.state.folder.empty() || !arguments.state.drop_state.empty();
    if (no_state_ && wants_state)
      return fail(ErrorCode::C105,
                  "--no-state goes with none of --state, --from, --fork, "
                  "--drop-state");
    if (arguments.state.fork && arguments.state.from.empty())
      return fail(ErrorCode::C105,
                  "--fork needs --from: which savepoint is the new job to begin "
                  "with?");
    if (arguments.state.fresh && !arguments.state.from.empty())
      return fail(ErrorCode::C105, "--fresh begins with nothing, --from with a savepoint: say one");
    return arguments;
  }

  CLI::App& verb_;
  JobOptions job_;
  RunArguments arguments_;
  std::string progress_ = "auto";
  std::string until_;
  std::string interval_;
  std::string checkpoint_interval_;
  std::uint64_t state_memory_mib_ = 1024;
  bool no_state_ = false;
  bool help_settings_ = false;
};

class PlanVerb {
 public:
  explicit PlanVerb(CLI::App& app)
      : verb_(*app.add_subcommand("plan", "shows how a job would run, and does not run it")) {
    job_.add_to(verb_, true);
    verb_.add_option("--slots", slots_, "threads of the job; 1 if not given")
        ->check(CLI::Range(1U, kSlotsMax));
    verb_.add_option("--format", format_, "text, mermaid or json")
        ->check(one_of({"text", "mermaid", "json"}))
        ->default_str("text");
  }
  bool is_chosen() const { return verb_.parsed(); }
  int go(const Surroundings& surroundings) {
    const Result<JobArguments> arguments = job_.take();
    if (!arguments) return refuse(arguments.error(), surroundings);
    return plan_command(*arguments, slots_, kPlanFormats.at(format_), surroundings);
  }

 private:
  CLI::App& verb_;
  JobOptions job_;
  std::uint32_t slots_ = 1;
  std::string format_ = "text";
};

class GraphVerb {
 public:
  explicit GraphVerb(CLI::App& app)
      : verb_(*app.add_subcommand(
            "graph",
            "internal: prints the JobGraph as bytes; `run` and `plan` ask a process of its own")) {
    job_.add_to(verb_, true);
    verb_.add_option("--config-name", config_name_,
                     "read the document from standard input and call it so in messages");
  }
  bool is_chosen() const { return verb_.parsed(); }
  int go(const Surroundings& surroundings) {
    const Result<JobArguments> arguments = job_.take();
    if (!arguments) return refuse(arguments.error(), surroundings);
    return graph_command(*arguments, config_name_, surroundings);
  }

 private:
  CLI::App& verb_;
  JobOptions job_;
  std::optional<std::string> config_name_;
};

class ErrorVerb {
 public:
  explicit ErrorVerb(CLI::App& app)
      : verb_(*app.add_subcommand("error", "explains an error code")) {
    verb_.add_option("CODE", code_, "such as C101");
    verb_.add_flag("--list", list_, "all codes");
  }
  bool is_chosen() const { return verb_.parsed(); }
  int go(const Surroundings& surroundings) const {
    if (list_) {
      write_all(surroundings.out, error_list_text());
      return kExitDone;
    }
    if (code_.empty())
      return refuse(Error(ErrorCode::C105, "error: which code?",
                          "tributary error C101, or tributary error --list"),
                    surroundings);
    const Result<std::string> text = error_text(code_);
    if (!text) return refuse(text.error(), surroundings);
    write_all(surroundings.out, *text);
    return kExitDone;
  }

 private:
  CLI::App& verb_;
  std::string code_;
  bool list_ = false;
};

// `above` is the verb that has these, with a blank.
std::optional<Error> unknown_among(const std::string& verb, std::span<const std::string_view> verbs,
                                   std::string_view above) {
  if (verb.starts_with('-') || std::ranges::find(verbs, verb) != verbs.end()) return std::nullopt;
  std::string what = fmt::format("unknown verb {}", excerpt(verb));
  if (verb.empty()) what = fmt::format("{}which verb? There are {}", above, fmt::join(verbs, ", "));
  if (const auto nearest = nearest_name(verb, verbs))
    what += fmt::format("; did you mean {}?", *nearest);
  return Error(ErrorCode::C105, std::move(what), fmt::format("tributary {}--help", above));
}

std::optional<Error> unknown_verb(const std::vector<std::string>& arguments) {
  if (arguments.empty())
    return Error(ErrorCode::C105, "which verb? There are run, plan, jobs, state, version and error",
                 "tributary --help");
  if (const auto error = unknown_among(arguments[0], kVerbs, "")) return error;
  if (arguments[0] != "state") return std::nullopt;
  return unknown_among(arguments.size() < 2 ? "" : arguments[1], kStateVerbs, "state ");
}

// The verb that was chosen, `list` of `state list`; the program itself if none was.
const CLI::App& chosen_verb(const CLI::App& app) {
  const CLI::App* chosen = &app;
  while (!chosen->get_subcommands().empty()) chosen = chosen->get_subcommands()[0];
  return *chosen;
}

// The nearest option of the verb for one that it does not have.
std::string option_hint(const CLI::App& app, const std::vector<std::string>& arguments) {
  if (app.get_subcommands().empty()) return {};
  std::vector<std::string> names;
  for (const CLI::Option* option : chosen_verb(app).get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  const std::vector<std::string_view> known(names.begin(), names.end());
  for (const std::string& argument : arguments) {
    if (!argument.starts_with("--")) continue;
    const std::string name = argument.substr(0, argument.find('='));
    if (std::ranges::find(names, name) != names.end()) continue;
    if (const auto nearest = nearest_name(name, known))
      return fmt::format("; did you mean {}?", *nearest);
  }
  return {};
}

}  // namespace

int run_command_line(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
  if (const auto error = unknown_verb(arguments)) return refuse(*error, surroundings);

  CLI::App app("Runs attribution jobs: typed streams with event time and keyed state.",
               "tributary");
  app.require_subcommand(1);
  RunVerb run(app);
  PlanVerb plan(app);
  CLI::App& jobs = *app.add_subcommand("jobs", "lists the jobs that are found");
  std::string job_path;
  jobs.add_option("--job-path", job_path, "folders to search, separated by \":\"");
  GraphVerb graph(app);
  const CLI::App& version =
      *app.add_subcommand("version", "prints versions of engine, job ABI and libraries");
  ErrorVerb error(app);
  StateVerb state(app);
  CLI::App& savepoint = *app.add_subcommand(
      "savepoint", "copies the next checkpoint of a running job to a folder of its own");
  CLI::App& stop = *app.add_subcommand("stop", "stops a running job with a last checkpoint");
  CLI::App& checkpoint =
      *app.add_subcommand("checkpoint", "asks a running job for a checkpoint now");
  std::string state_folder;
  RunRequest request;
  for (CLI::App* verb : {&savepoint, &stop, &checkpoint})
    verb->add_option("STATE", state_folder, "the job's state folder, as `run` prints it")
        ->required();
  savepoint.add_option("PATH", request.path, "folder of the savepoint")->required();
  stop.add_flag("--drain", request.drain,
                "let event time go to its end first: windows and timers fire");
  stop.add_option("--savepoint", request.path, "folder for a savepoint of the last checkpoint");
  CLI::App& failpoints = *app.add_subcommand(
      "failpoints", "lists the places where $TRIBUTARY_FAILPOINTS can make this program fail");
  bool failpoints_json = false;
  failpoints.add_flag("--json", failpoints_json, "an object a line");

  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::Success&) {
    const CLI::App& chosen = chosen_verb(app);
    const bool is_nested = chosen.get_parent() != nullptr && chosen.get_parent() != &app;
    write_all(surroundings.out, &chosen == &app
                                    ? app.help()
                                    : chosen.help(is_nested ? "tributary state" : "tributary"));
    return kExitDone;
  } catch (const CLI::ParseError& wrong) {
    const std::string verb = arguments[0].starts_with('-') ? "" : arguments[0] + " ";
    return refuse(
        Error(ErrorCode::C105, fmt::format("{}{}", wrong.what(), option_hint(app, arguments)),
              fmt::format("tributary {}--help", verb)),
        surroundings);
  }
  if (run.is_chosen()) return run.go(surroundings);
  if (plan.is_chosen()) return plan.go(surroundings);
  if (jobs.parsed()) return jobs_command(job_path, surroundings);
  if (graph.is_chosen()) return graph.go(surroundings);
  if (error.is_chosen()) return error.go(surroundings);
  if (state.is_chosen()) return state.go(surroundings);
  if (savepoint.parsed() || stop.parsed() || checkpoint.parsed()) {
    if (savepoint.parsed()) request.kind = RunRequest::Kind::kSavepoint;
    if (stop.parsed()) request.kind = RunRequest::Kind::kStop;
    return request_command(state_folder, std::move(request), surroundings);
  }
  if (failpoints.parsed()) {
    write_all(surroundings.out, failpoints_text(failpoints_json));
    return kExitDone;
  }
  TRIBUTARY_CHECK(version.parsed(), "a verb that nobody carries out");
  write_all(surroundings.out, version_text());
  return kExitDone;
}

}  // namespace tributary
