// A configuration all the way from bytes to the cost job's settings: any document is settings or an
// error of the right code, and no error shows what a secret put in. The input is the document and
// then, each behind a zero byte, what --set says.
#include "jobs/cost_attribution/settings.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/memory_file_system.h"
#include "base/settings_binder.h"
#include "runtime/api/settings_digest.h"
#include "runtime/api/settings_expansion.h"
#include "runtime/api/settings_override.h"
#include "runtime/api/settings_yaml.h"

namespace {

using namespace tributary;

constexpr std::string_view kSecret = "Zx8#qLm2vK";

MemoryFileSystem& files() {
  static const auto made = [] {
    auto files = std::make_unique<MemoryFileSystem>();
    TRIBUTARY_CHECK(files->make_directories("/run/secrets").has_value());
    auto file = files->create("/run/secrets/password");
    TRIBUTARY_CHECK((*file)->append(kSecret).has_value() && (*file)->close().has_value());
    return files;
  }();
  return *made;
}

void check_tree(const Settings& at, int depth) {
  TRIBUTARY_CHECK(depth <= kSettingsDepthMax + 1, "depth {}", depth);
  for (const Settings& item : at.items()) check_tree(item, depth + 1);
  for (const Settings::Entry& entry : at.entries()) check_tree(entry.value, depth + 1);
}

void check_error(const Error& error, std::initializer_list<ErrorCode> codes,
                 std::string_view input) {
  TRIBUTARY_CHECK(std::ranges::find(codes, error.code()) != codes.end(), "{}", error.to_string());
  if (input.find(kSecret) == std::string_view::npos)
    TRIBUTARY_CHECK(error.to_string().find(kSecret) == std::string::npos, "{}", error.to_string());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  std::string_view rest = input;
  const auto take = [&rest] {
    const std::size_t end = rest.find('\0');
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return part;
  };
  Result<Settings> settings = parse_settings_yaml(take(), "fuzz.yaml");
  if (!settings) {
    check_error(settings.error(), {ErrorCode::C103}, input);
    return 0;
  }
  while (!rest.empty()) {
    Result<Settings> changed = override_setting(*settings, take());
    if (!changed) {
      check_error(changed.error(), {ErrorCode::C102}, input);
      continue;
    }
    settings = std::move(changed);
  }
  check_tree(*settings, 1);
  TRIBUTARY_CHECK(settings_digest(*settings) == settings_digest(Settings(*settings)));
  const ExpansionSources sources{
      .environment = [](const std::string& name) -> std::optional<std::string> {
        if (name == "HOME") return "40d";
        return std::nullopt;
      },
      .files = &files()};
  SecretValues secrets;
  const Result<Settings> expanded = expand_settings(*settings, sources, secrets);
  if (!expanded) {
    check_error(expanded.error(), {ErrorCode::C104}, input);
    return 0;
  }
  Arena arena;
  cost::CostSettings job;
  for (const Error& error : bind_settings(*expanded, type_info<cost::CostSettings>(), &job, arena))
    check_error(error, {ErrorCode::C101, ErrorCode::C102}, input);
  return 0;
}
