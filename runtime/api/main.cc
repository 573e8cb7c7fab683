// The program `tributary`: makes the seams to the world and hands them to the verbs
// (command_line.h).
#include <climits>
#include <cstdlib>
#include <string>
#include <unistd.h>
#include <vector>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/local_file_system.h"
#include "base/random.h"
#include "runtime/api/command_line.h"
#include "runtime/api/refusal.h"
#include "runtime/api/surroundings.h"

namespace {

std::string path_of_this_program() {
  char path[PATH_MAX];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  return length <= 0 ? std::string() : std::string(path, static_cast<std::size_t>(length));
}

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

}  // namespace

int main(int argc, char** argv) {
  tributary::LocalFileSystem files;
  const tributary::SystemClock clock;
  tributary::SystemRandomSource random;
  const tributary::Surroundings surroundings{.files = files,
                                             .clock = clock,
                                             .random = random,
                                             .environment = variable,
                                             .program = path_of_this_program(),
                                             .user_id = ::getuid()};
  const tributary::Status armed =
      tributary::arm_failpoints(variable("TRIBUTARY_FAILPOINTS").value_or(""));
  if (!armed) return tributary::refuse(armed.error(), surroundings);
  return tributary::run_command_line({argv + 1, argv + argc}, surroundings);
}
