// Any file in a job's folder of requests is either a request, or is answered with what is wrong.
#include <cstdint>
#include <string_view>

#include "base/memory_file_system.h"
#include "runtime/api/run_requests.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tributary;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  MemoryFileSystem files;
  RequestInbox inbox(files, "state");
  if (!files.replace_file("state/requests/1.json", input)) __builtin_trap();
  const auto requests = inbox.poll();
  const auto answered = files.exists("state/requests/1.answer");
  if (!answered || *answered == !requests.empty()) __builtin_trap();
  return 0;
}
