# cmake -D OUTPUT=<file> -D SOURCE_DIR=<folder> -D HEADERS=<file>;<file>... -P write_abi_tag.cmake
# Writes the tag of the engine that a job is built against: what the compiler makes of every type that both sides share
# hangs on these headers. Written only when it changes, so that nothing else is built anew.
set(digests "")
foreach(header ${HEADERS})
  file(SHA256 ${header} digest)
  file(RELATIVE_PATH name ${SOURCE_DIR} ${header})
  string(APPEND digests "${name} ${digest}\n")
endforeach()
string(SHA256 tag "${digests}")
string(SUBSTRING ${tag} 0 16 tag)
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT [[
// Written by cmake/write_abi_tag.cmake.
#include <cstddef>

#define STRINGIZE_(x) #x
#define STRINGIZE(x) STRINGIZE_(x)

namespace tributary {
const char* engine_version();
const char* engine_version() { return "@ENGINE_VERSION@"; }
const char* job_abi();
const char* job_abi() {
  return "@ENGINE_VERSION@-gcc" STRINGIZE(__GNUC__) "-libstdc++" STRINGIZE(_GLIBCXX_USE_CXX11_ABI) "-headers-@tag@";
}
}  // namespace tributary
]] @ONLY)
