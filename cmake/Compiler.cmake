# Standard, modes, warnings, ccache, mold. A mode is a preset: dev, release, ci, asan, tsan, fuzz.
# NDEBUG is never defined: broken invariants stop the process in every mode.

set(TRIBUTARY_MODE "dev" CACHE STRING "dev, release, ci, asan, tsan or fuzz")
set(modes dev release ci asan tsan fuzz)
set_property(CACHE TRIBUTARY_MODE PROPERTY STRINGS ${modes})
if(NOT TRIBUTARY_MODE IN_LIST modes)
  message(FATAL_ERROR "TRIBUTARY_MODE is '${TRIBUTARY_MODE}'; it must be one of: ${modes}")
endif()

# Tests are left out where only programs are wanted (release) and where only fuzz targets are (fuzz).
set(tests_default ON)
if(TRIBUTARY_MODE MATCHES "^(release|fuzz)$")
  set(tests_default OFF)
endif()
option(TRIBUTARY_TESTS "Build the tests" ${tests_default})
set(TRIBUTARY_MARCH "" CACHE STRING "Value for -march=; empty means the compiler's portable default")

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)
set(CMAKE_INSTALL_RPATH "$ORIGIN/../lib")
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE None CACHE STRING "Flags come from TRIBUTARY_MODE" FORCE)
endif()

add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  -Wno-missing-field-initializers      # designated initialisers name what matters
  -fno-omit-frame-pointer
  -fno-semantic-interposition)  # inline across functions of one shared library
if(TRIBUTARY_MARCH)
  add_compile_options(-march=${TRIBUTARY_MARCH})
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # -Wrestrict is wrong about std::string + in g++ 12 (GCC bug 105651). With optimisation g++ 12 also reports library code
  # that it inlined: these warn but do not fail a build, and are off under sanitizers, where they are mostly wrong.
  set(soft -Wno-error=)
  if(TRIBUTARY_MODE MATCHES "^(asan|tsan)$")
    set(soft -Wno-)
  endif()
  set(soft_warnings -Wno-restrict)
  foreach(w maybe-uninitialized array-bounds stringop-overflow stringop-overread free-nonheap-object
            dangling-pointer use-after-free nonnull)
    list(APPEND soft_warnings ${soft}${w})
  endforeach()
else()
  set(soft_warnings -Wthread-safety)
endif()

set(sanitizers "")
if(TRIBUTARY_MODE STREQUAL "dev")
  add_compile_options(-O1 -g)
elseif(TRIBUTARY_MODE STREQUAL "release")
  add_compile_options(-O2 -g1)
elseif(TRIBUTARY_MODE STREQUAL "ci")
  add_compile_options(-O2 -Werror)
elseif(TRIBUTARY_MODE STREQUAL "asan")
  set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all)
  add_compile_options(-O1 -g1 -Werror)
elseif(TRIBUTARY_MODE STREQUAL "tsan")
  set(sanitizers -fsanitize=thread)
  add_compile_options(-O1 -g1 -Werror)
elseif(TRIBUTARY_MODE STREQUAL "fuzz")
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "The fuzz mode needs clang (libFuzzer); use: cmake --preset fuzz")
  endif()
  set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all)
  add_compile_options(-O1 -g1 -fsanitize=fuzzer-no-link)
endif()
add_compile_options(${soft_warnings} ${sanitizers})
add_link_options(${sanitizers})

# ccache: paths below the source folder are made relative, so that clones share results. __FILE__ is then relative to the
# build folder, otherwise absolute; either way it is mapped to start at the root of the tree.
if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(CCACHE_PROGRAM ccache)
  if(CCACHE_PROGRAM)
    set(CMAKE_CXX_COMPILER_LAUNCHER
      env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_ABSSTDERR=1 ${CCACHE_PROGRAM})
  endif()
endif()
set(source_prefix ${PROJECT_SOURCE_DIR})
if(CCACHE_PROGRAM)
  file(RELATIVE_PATH source_prefix ${PROJECT_BINARY_DIR} ${PROJECT_SOURCE_DIR})
  string(REGEX REPLACE "/$" "" source_prefix "${source_prefix}")
endif()
add_compile_options("-fmacro-prefix-map=${source_prefix}/=")

find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

# Undefined symbols fail the link of a shared library. clang keeps its sanitizer runtime in programs only.
set(TRIBUTARY_NO_UNDEFINED -Wl,-z,defs)
if(TRIBUTARY_MODE STREQUAL "fuzz")
  set(TRIBUTARY_NO_UNDEFINED "")
endif()
