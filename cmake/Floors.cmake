# tributary_library(<name> [PUBLIC_DEPS <folder library>...] [THIRD_PARTY <name>...] [PRIVATE_THIRD_PARTY <name>...])
#
# Makes of the current folder's *.cc (not of subfolders, not main.cc) and *.proto:
#   <name>        OBJECT library; all of them together become libtributary.so.
#   <name>_floor  shared library of these objects alone, linked with -z defs against the floors in PUBLIC_DEPS only.
#                 It exists so that a wrong floor does not link; the tests of the folder link it too. Target check_floors
#                 builds all of them, and so does `all` where there are tests.
# THIRD_PARTY is seen by floors above; PRIVATE_THIRD_PARTY is not. A folder may be empty or hold headers only.
#
# Global properties filled here: TRIBUTARY_FLOORS, TRIBUTARY_THIRD_PARTY, TRIBUTARY_TEST_LIBS_<folder>.

set(TRIBUTARY_GENERATED_DIR ${PROJECT_BINARY_DIR}/generated)
add_custom_target(check_floors)
add_custom_target(generated)  # every file that protoc writes

# Sets <out> to the folder's sources; never empty, because CMake refuses a library without sources.
function(tributary_folder_sources out folder name)
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  if(NOT sources)
    set(sources ${PROJECT_BINARY_DIR}/empty/${name}.cc)
    file(CONFIGURE OUTPUT ${sources} CONTENT "// ${name} has no source file yet.\n")
  endif()
  set(${out} ${sources} PARENT_SCOPE)
endfunction()

# Compiles the folder's *.proto; the result is included as "<folder>/<file>.pb.h".
function(tributary_protobuf name)
  set(outputs "")
  file(GLOB protos CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.proto)
  foreach(proto ${protos})
    file(RELATIVE_PATH relative ${PROJECT_SOURCE_DIR} ${proto})
    string(REGEX REPLACE "\\.proto$" "" stem ${TRIBUTARY_GENERATED_DIR}/${relative})
    add_custom_command(OUTPUT ${stem}.pb.cc ${stem}.pb.h
      COMMAND ${CMAKE_COMMAND} -E make_directory ${TRIBUTARY_GENERATED_DIR}
      COMMAND protobuf::protoc --cpp_out=${TRIBUTARY_GENERATED_DIR} -I${PROJECT_SOURCE_DIR} ${relative}
      WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
      DEPENDS ${proto}
      COMMENT "protoc ${relative}")
    set_source_files_properties(${stem}.pb.cc PROPERTIES COMPILE_OPTIONS -w)
    list(APPEND outputs ${stem}.pb.cc ${stem}.pb.h)
  endforeach()
  if(outputs)
    target_sources(${name} PRIVATE ${outputs})
    add_custom_target(${name}_generated DEPENDS ${outputs})
    add_dependencies(${name} ${name}_generated)
    add_dependencies(generated ${name}_generated)
  endif()
endfunction()

# The ABI tag (rule 74): engine version, compiler, standard library, and a digest of the headers that jobs see.
set(TRIBUTARY_ABI_TAG ${TRIBUTARY_GENERATED_DIR}/abi_tag.cc)
file(GLOB_RECURSE abi_headers CONFIGURE_DEPENDS
  ${PROJECT_SOURCE_DIR}/base/*.h ${PROJECT_SOURCE_DIR}/checkpoint/*.h ${PROJECT_SOURCE_DIR}/runtime/exec/*.h
  ${PROJECT_SOURCE_DIR}/runtime/graph/*.h ${PROJECT_SOURCE_DIR}/runtime/graph/*.proto
  ${PROJECT_SOURCE_DIR}/operators/include/*.h)
add_custom_command(OUTPUT ${TRIBUTARY_ABI_TAG}
  COMMAND ${CMAKE_COMMAND} -D OUTPUT=${TRIBUTARY_ABI_TAG} -D SOURCE_DIR=${PROJECT_SOURCE_DIR}
    -D ENGINE_VERSION=${PROJECT_VERSION} "-DHEADERS=${abi_headers}" -P ${PROJECT_SOURCE_DIR}/cmake/write_abi_tag.cmake
  DEPENDS ${abi_headers} ${PROJECT_SOURCE_DIR}/cmake/write_abi_tag.cmake
  COMMENT "ABI tag"
  VERBATIM)
add_custom_target(abi_tag DEPENDS ${TRIBUTARY_ABI_TAG})
add_dependencies(generated abi_tag)
set_source_files_properties(${TRIBUTARY_ABI_TAG} PROPERTIES GENERATED ON)

# What every target of ours needs to include ours.
function(tributary_include_root target)
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
  target_include_directories(${target} SYSTEM PUBLIC ${TRIBUTARY_GENERATED_DIR})
endfunction()

function(tributary_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "PUBLIC_DEPS;THIRD_PARTY;PRIVATE_THIRD_PARTY")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "tributary_library(${name}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  list(TRANSFORM arg_THIRD_PARTY PREPEND third_party::)
  list(TRANSFORM arg_PRIVATE_THIRD_PARTY PREPEND third_party::)
  list(TRANSFORM arg_PUBLIC_DEPS APPEND _floor OUTPUT_VARIABLE floors)
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})

  tributary_folder_sources(sources ${CMAKE_CURRENT_SOURCE_DIR} ${name})
  add_library(${name} OBJECT ${sources})
  tributary_include_root(${name})
  target_link_libraries(${name} PUBLIC ${arg_PUBLIC_DEPS} ${arg_THIRD_PARTY} PRIVATE ${arg_PRIVATE_THIRD_PARTY})
  tributary_protobuf(${name})

  # The dependencies are PRIVATE: what a permitted floor links is not thereby permitted.
  add_library(${name}_floor SHARED $<TARGET_OBJECTS:${name}>)
  set_target_properties(${name}_floor PROPERTIES LINKER_LANGUAGE CXX
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/floors)
  tributary_include_root(${name}_floor)
  target_link_options(${name}_floor PRIVATE ${TRIBUTARY_NO_UNDEFINED})
  target_link_libraries(${name}_floor PUBLIC ${arg_THIRD_PARTY} PRIVATE ${floors} ${arg_PRIVATE_THIRD_PARTY})
  add_dependencies(check_floors ${name}_floor)
  if(NOT TRIBUTARY_TESTS)
    set_target_properties(${name}_floor PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()

  set_property(GLOBAL APPEND PROPERTY TRIBUTARY_FLOORS ${name})
  set_property(GLOBAL APPEND PROPERTY TRIBUTARY_THIRD_PARTY ${arg_THIRD_PARTY})
  set_property(GLOBAL APPEND PROPERTY TRIBUTARY_PRIVATE_THIRD_PARTY ${arg_PRIVATE_THIRD_PARTY})
  set_property(GLOBAL PROPERTY "TRIBUTARY_TEST_LIBS_${folder}" ${name}_floor ${floors})
endfunction()

# The engine library, from every folder declared so far.
function(tributary_engine)
  get_property(names GLOBAL PROPERTY TRIBUTARY_FLOORS)
  get_property(third_party GLOBAL PROPERTY TRIBUTARY_THIRD_PARTY)
  get_property(private_third_party GLOBAL PROPERTY TRIBUTARY_PRIVATE_THIRD_PARTY)
  list(REMOVE_DUPLICATES third_party)
  list(REMOVE_DUPLICATES private_third_party)
  list(TRANSFORM names REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)
  add_library(tributary SHARED ${objects})
  set_target_properties(tributary PROPERTIES LINKER_LANGUAGE CXX LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
  tributary_include_root(tributary)
  target_include_directories(tributary PUBLIC ${PROJECT_SOURCE_DIR}/operators/include)
  target_link_options(tributary PRIVATE ${TRIBUTARY_NO_UNDEFINED} -Wl,-Bsymbolic-functions)
  target_link_libraries(tributary PUBLIC ${third_party} Threads::Threads PRIVATE ${private_third_party})
  install(TARGETS tributary LIBRARY DESTINATION lib)
endfunction()
