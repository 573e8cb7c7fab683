#include "runtime/api/job_build.h"

#include <simdjson.h>
#include <utility>

#include "base/excerpt.h"
#include "runtime/api/settings_digest.h"
#include "runtime/api/settings_override.h"
#include "runtime/api/settings_yaml.h"

namespace tributary {
namespace {

// What a graph shows must be UTF-8, or its bytes could not be read again.
Status check_texts(const graph::JobGraph& graph) {
  for (const graph::Vertex& vertex : graph.vertices()) {
    if (!simdjson::validate_utf8(vertex.name()))
      return fail(ErrorCode::C102, "the name of operator {} is not UTF-8", excerpt(vertex.name()));
    for (const auto& [property, value] : vertex.properties()) {
      if (!simdjson::validate_utf8(value))
        return fail(ErrorCode::C102, "{} of operator {} is not UTF-8", property, vertex.name());
    }
  }
  return {};
}

}  // namespace

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

OrErrors<JobProgram> build_program(const JobLibrary& library, const ConfigDocument& document,
                                   const ExpansionSources& sources) {
  const Settings unexpanded = TRY(settings_of(document));
  SecretValues secrets;
  const Settings settings = TRY(expand_settings(unexpanded, sources, secrets));
  JobProgram program;
  std::vector<Error> errors = library.descriptor->build(settings, program);
  for (Error& error : errors) error = secrets.redact(error);
  if (!errors.empty()) return std::unexpected(std::move(errors));
  TRY(check_texts(program.graph));
  const Hash128 digest = settings_digest(unexpanded);
  program.graph.set_settings_digest(digest.to_hex());
  if (program.graph.name().empty()) program.graph.set_name(library.name());
  return program;
}

}  // namespace tributary
