#include "runtime/api/job_plan.h"

#include <utility>

#include "runtime/api/graph_process.h"
#include "runtime/api/job_search.h"
#include "runtime/graph/planner.h"

namespace tributary {
namespace {

struct Request {
  std::string library_path;
  ConfigDocument document;
  SecretValues secrets;
};

Result<Request> request_of(const JobArguments& arguments, const Surroundings& surroundings) {
  Request request;
  request.library_path = TRY(locate_job(arguments, surroundings));
  request.document = TRY(read_config(surroundings.files, arguments.config, arguments.overrides));
  // Refused here, so that a mistyped document costs no process.
  const Settings settings = TRY(settings_of(request.document));
  TRY(expand_settings(settings, expansion_sources(arguments, surroundings), request.secrets));
  return request;
}

Result<GraphAnswer> graph_of(const Request& request, const JobArguments& arguments,
                             const Surroundings& surroundings) {
  GraphRequest process{
      .program = "/proc/self/exe",
      .arguments = {"graph", request.library_path, "--config-name", request.document.name,
                    "--secrets-dir", arguments.secrets_directory},
      .input = request.document.text,
      .time_limit = arguments.graph_time_limit};
  for (const std::string& assignment : request.document.overrides)
    process.arguments.push_back("--set=" + assignment);
  return request_graph(process, surroundings.clock);
}

}  // namespace

std::vector<std::string> folders_of(const std::string& job_path, const Surroundings& surroundings) {
  return job_folders(job_path, surroundings.environment("TRIBUTARY_JOB_PATH").value_or(""),
                     surroundings.program);
}

ExpansionSources expansion_sources(const JobArguments& arguments,
                                   const Surroundings& surroundings) {
  return {.environment = surroundings.environment,
          .files = &surroundings.files,
          .secrets_directory = arguments.secrets_directory,
          .user_id = surroundings.user_id};
}

Result<std::string> locate_job(const JobArguments& arguments, const Surroundings& surroundings) {
  FileSystem& files = surroundings.files;
  if (is_job_path(arguments.job)) {
    if (!TRY(files.exists(arguments.job))) {
      return std::unexpected(Error(
          ErrorCode::B202, fmt::format("job {} not found: there is no such file", arguments.job),
          "tributary jobs lists the jobs that are known by name"));
    }
    return arguments.job;
  }
  const std::vector<std::string> folders = folders_of(arguments.job_path, surroundings);
  if (const auto file = match_job_file(list_job_files(files, folders), arguments.job))
    return file->path;
  // No file bears the name; only the libraries themselves can say which of them does.
  return TRY(find_job_library(files, arguments.job, folders)).path;
}

OrErrors<PlannedJob> plan_job(const JobArguments& arguments, std::uint32_t slots,
                              const Surroundings& surroundings) {
  Request request = TRY(request_of(arguments, surroundings));
  GraphAnswer answer = TRY(graph_of(request, arguments, surroundings));
  if (answer.refused) return std::unexpected(std::vector<Error>{});
  graph::JobGraph shown = TRY(request.secrets.redact(answer.graph));
  auto plan = graph::plan(answer.graph, {.slots = slots});
  if (!plan) {
    for (Error& error : plan.error()) error = request.secrets.redact(error);
    return std::unexpected(std::move(plan).error());
  }
  return PlannedJob{.library_path = std::move(request.library_path),
                    .document = std::move(request.document),
                    .secrets = std::move(request.secrets),
                    .graph = std::move(answer.graph),
                    .shown = std::move(shown),
                    .plan = std::move(*plan)};
}

}  // namespace tributary
