#include "runtime/api/refusal.h"

#include <string>

#include <fmt/format.h>

#include "runtime/api/terminal.h"

namespace tributary {

int refuse(const ErrorList& errors, const Surroundings& surroundings) {
  std::string text;
  for (const Error& error : errors.errors) {
    text += error.to_string() + "\n";
    if (error.fix().empty())
      text += fmt::format("  do: read `tributary error {}`\n", error_page(error.code()).code);
  }
  write_all(surroundings.err, text);
  return kExitRefused;
}

}  // namespace tributary
