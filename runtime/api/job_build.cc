#include "runtime/api/job_build.h"

#include <utility>

#include "runtime/api/settings_digest.h"
#include "runtime/api/settings_override.h"
#include "runtime/api/settings_yaml.h"

namespace tributary {

Result<ConfigDocument> read_config(FileSystem& files, const std::optional<std::string>& path,
                                   std::vector<std::string> overrides) {
  ConfigDocument document{.text = {}, .name = "--set", .overrides = std::move(overrides)};
  if (!path) return document;
  Result<std::string> text = files.read_whole_file(*path, kSettingsBytesMax);
  if (!text) return fail(ErrorCode::C103, "configuration {}: {}", *path, text.error().what());
  document.text = std::move(*text);
  document.name = *path;
  return document;
}

Result<Settings> settings_of(const ConfigDocument& document) {
  Settings settings = TRY(parse_settings_yaml(document.text, document.name));
  for (const std::string& assignment : document.overrides)
    settings = TRY(override_setting(settings, assignment));
  return settings;
}

Result<JobProgram> build_job(const JobLibrary& library, const ConfigDocument& document,
                             const ExpansionSources& sources) {
  const Settings unexpanded = TRY(settings_of(document));
  const Settings settings = TRY(expand_settings(unexpanded, sources));
  JobProgram program;
  std::optional<Error> error;
  if (!library.descriptor->build(settings, program, error)) {
    if (!error)
      error = Error(ErrorCode::B203,
                    fmt::format("job {} could not be built and does not say why", library.name()));
    return std::unexpected(*std::move(error));
  }
  const Hash128 digest = settings_digest(unexpanded);
  program.graph.set_settings_digest(digest.to_hex());
  if (program.graph.name().empty()) program.graph.set_name(library.name());
  return program;
}

}  // namespace tributary
