# Other people's libraries, all from Debian's packages (scripts/packages.txt), as targets third_party::<name>.
# Which folder may include which: tests/house/arrows.cc.

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(absl REQUIRED)
find_package(simdjson REQUIRED)
find_package(ZLIB REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(Protobuf REQUIRED)
find_package(OpenSSL 3 REQUIRED)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET jemalloc)

function(tributary_third_party name)
  add_library(third_party_${name} INTERFACE)
  target_link_libraries(third_party_${name} INTERFACE ${ARGN})
  add_library(third_party::${name} ALIAS third_party_${name})
endfunction()

tributary_third_party(fmt fmt::fmt)
tributary_third_party(absl absl::flat_hash_map absl::flat_hash_set absl::node_hash_map absl::btree
  absl::hash absl::inlined_vector)
tributary_third_party(simdjson simdjson::simdjson)
tributary_third_party(zlib ZLIB::ZLIB)
tributary_third_party(nlohmann-json nlohmann_json::nlohmann_json)
tributary_third_party(xxhash PkgConfig::xxhash)
tributary_third_party(yaml-cpp yaml-cpp)
tributary_third_party(cli11 CLI11::CLI11)
tributary_third_party(spdlog spdlog::spdlog)
tributary_third_party(re2 PkgConfig::re2)
tributary_third_party(protobuf protobuf::libprotobuf)
tributary_third_party(asio Boost::headers Threads::Threads)
tributary_third_party(threads Threads::Threads)
tributary_third_party(openssl OpenSSL::Crypto)

# Programs and benches carry jemalloc; sanitizers bring an allocator of their own.
add_library(third_party_jemalloc INTERFACE)
if(NOT TRIBUTARY_MODE MATCHES "^(asan|tsan|fuzz)$")
  target_link_libraries(third_party_jemalloc INTERFACE -Wl,--push-state,--no-as-needed PkgConfig::jemalloc
    -Wl,--pop-state)
endif()
add_library(third_party::jemalloc ALIAS third_party_jemalloc)
