#include "runtime/api/refusal.h"

#include <string>

#include "runtime/api/terminal.h"

namespace tributary {

int refuse(const ErrorList& errors, const Surroundings& surroundings) {
  std::string text;
  for (const Error& error : errors.errors) text += error.to_string() + "\n";
  write_all(surroundings.err, text);
  return kExitRefused;
}

}  // namespace tributary
