// runtime/api/settings_expansion.h
// Replaces ${env:NAME} and ${secret:name} in the scalars of settings; "$${" stands for "${". Keys
// are left alone, and what was put in is not looked at again.
//
// A secret is the file <secrets directory>/name without its last newline. Errors C104 name setting,
// line and what was tried, never a value. Pure but for the seams given; any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/file_system.h"
#include "base/settings.h"
#include "runtime/api/secret_values.h"

namespace tributary {

inline constexpr std::size_t kSecretBytesMax = std::size_t{64} * 1024;
inline constexpr const char* kDefaultSecretsDirectory = "/run/secrets";

struct ExpansionSources {
  std::function<std::optional<std::string>(const std::string& name)> environment;
  FileSystem* files = nullptr;
  std::string secrets_directory = kDefaultSecretsDirectory;
  std::uint32_t user_id = 0;  // for the message about an unreadable secret
};

// What a secret went into is_secret(); the values themselves are added to `secrets`.
Result<Settings> expand_settings(const Settings& settings, const ExpansionSources& sources,
                                 SecretValues& secrets);

}  // namespace tributary
