// The program `attribution`: results go to standard output, errors to standard error. Exit code 0:
// done; 1: bad data or a check that failed; 2: wrong usage.
#include <cstdio>

#include "jobs/cost_attribution/tools/command_line.h"

int main(int argc, char** argv) {
  std::string out;
  const auto code = tributary::cost::run_command_line({argv + 1, argv + argc}, out);
  std::fwrite(out.data(), 1, out.size(), stdout);
  if (!code) {
    std::fprintf(stderr, "%s\n", code.error().to_string().c_str());
    return tributary::error_page(code.error().code()).code.starts_with('C') ? 2 : 1;
  }
  return std::fflush(stdout) == 0 ? *code : 1;
}
