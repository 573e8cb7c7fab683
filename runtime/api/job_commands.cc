#include "runtime/api/job_commands.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unistd.h>
#include <utility>
#include <vector>

#include "runtime/api/graph_process.h"
#include "runtime/api/job_library.h"
#include "runtime/api/job_search.h"
#include "runtime/api/output_aside.h"
#include "runtime/api/plan_json.h"
#include "runtime/api/settings_yaml.h"
#include "runtime/api/terminal.h"
#include "runtime/graph/explain.h"

namespace tributary {
namespace {

Result<std::string> read_standard_input() {
  std::string text;
  char bytes[16 * 1024];
  for (;;) {
    const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
    if (count == 0) return text;
    if (count < 0) {
      if (errno == EINTR) continue;
      return fail(ErrorCode::C103, "configuration on standard input: {}", std::strerror(errno));
    }
    text.append(bytes, static_cast<std::size_t>(count));
    // One byte more is enough for the parser to say that it is too much.
    if (text.size() > kSettingsBytesMax) return text;
  }
}

OrErrors<graph::JobGraph> graph_of(const JobArguments& arguments,
                                   const std::optional<std::string>& config_name,
                                   const Surroundings& surroundings) {
  ConfigDocument document;
  if (config_name) {
    document = {
        .text = TRY(read_standard_input()), .name = *config_name, .overrides = arguments.overrides};
  } else {
    document = TRY(read_config(surroundings.files, arguments.config, arguments.overrides));
  }
  const std::string path = TRY(locate_job(arguments, surroundings));
  const JobLibrary library = TRY(load_job_library(surroundings.files, path));
  return TRY(build_program(library, document, expansion_sources(arguments, surroundings))).graph;
}

}  // namespace

int jobs_command(const std::string& job_path, const Surroundings& surroundings) {
  struct Row {
    std::string name;
    std::string state;
    std::string path;
  };
  const std::vector<std::string> folders = folders_of(job_path, surroundings);
  std::vector<Row> rows;
  for (const JobFile& file : list_job_files(surroundings.files, folders)) {
    Result<JobLibrary> library = load_job_library(surroundings.files, file.path);
    if (library) {
      rows.push_back({library->name(), "ok", file.path});
    } else if (library.error().code() == ErrorCode::B201) {
      rows.push_back({file.name, "other ABI", file.path});
    } else {
      rows.push_back({file.name,
                      library.error().code() == ErrorCode::B203 ? "no job" : "does not load",
                      file.path});
    }
  }
  std::string text;
  std::size_t width = 0;
  for (const Row& row : rows) width = std::max(width, row.name.size());
  for (const Row& row : rows)
    text += fmt::format("{:<{}}  {:<13}  {}\n", row.name, width, row.state, row.path);
  if (rows.empty()) text = "no job found\n";
  text += "searched:";
  for (const std::string& folder : folders) text += " " + folder;
  write_all(surroundings.out, text + "\n");
  return kExitDone;
}

int plan_command(const JobArguments& arguments, std::uint32_t slots, PlanFormat format,
                 const Surroundings& surroundings) {
  const auto planned = plan_job(arguments, std::max(slots, 1U), surroundings);
  if (!planned) return refuse(planned.error(), surroundings);
  switch (format) {
    case PlanFormat::kText:
      write_all(surroundings.out, graph::explain_text(planned->shown, planned->plan));
      break;
    case PlanFormat::kMermaid:
      write_all(surroundings.out, graph::explain_mermaid(planned->shown, planned->plan));
      break;
    case PlanFormat::kJson:
      write_all(surroundings.out, plan_json(planned->shown, planned->plan));
      break;
  }
  return kExitDone;
}

int graph_command(const JobArguments& arguments, const std::optional<std::string>& config_name,
                  const Surroundings& surroundings) {
  const OutputAside aside(surroundings);
  const OrErrors<graph::JobGraph> graph = graph_of(arguments, config_name, surroundings);
  if (!graph) {
    refuse(graph.error(), surroundings);
    write_all(aside.output(), kGraphRefusedAnswer);
    return kGraphRefused;
  }
  write_all(aside.output(), graph::serialize(*graph));
  return kExitDone;
}

}  // namespace tributary
