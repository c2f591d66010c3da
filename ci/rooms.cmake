# The rooms of the library: what each may include, and the third-party libraries it owns.
# This list is the only one. CMake links by it, and ci/check-layers reads the #include lines against it.
#
#   room <name>  may include <rooms...>  libraries <CMake targets...>  headers <third-party header prefixes...>

set(BOOTRIG_ROOMS base agent json aarch64 dump match subtest spec qemu process elf image inspect machine triage run prove
    history bisect qualify testing reports cli)

set(ROOM_base_DEPENDS "")
set(ROOM_agent_DEPENDS "")
set(ROOM_json_DEPENDS base)
set(ROOM_aarch64_DEPENDS base)
set(ROOM_dump_DEPENDS base aarch64)
set(ROOM_match_DEPENDS base)
set(ROOM_subtest_DEPENDS base match)
set(ROOM_spec_DEPENDS base json match subtest)
set(ROOM_qemu_DEPENDS base spec)
set(ROOM_process_DEPENDS base)
set(ROOM_elf_DEPENDS base)
set(ROOM_image_DEPENDS base json elf spec qemu process)
set(ROOM_inspect_DEPENDS base aarch64 elf image)
set(ROOM_machine_DEPENDS base agent json spec qemu process image)
set(ROOM_triage_DEPENDS base json aarch64 elf dump spec qemu process image inspect machine)
set(ROOM_run_DEPENDS base json aarch64 dump match subtest spec qemu process elf image inspect machine triage)
set(ROOM_prove_DEPENDS base json match subtest spec machine triage run)
set(ROOM_history_DEPENDS base json spec machine triage run)
set(ROOM_bisect_DEPENDS base json process)
set(ROOM_qualify_DEPENDS base json spec qemu process image run history)
set(ROOM_testing_DEPENDS base json aarch64 match spec qemu process elf image inspect machine triage run)
set(ROOM_reports_DEPENDS base json subtest triage run history spec)
set(ROOM_cli_DEPENDS base json aarch64 match spec qemu process elf image inspect machine triage run prove history
    bisect qualify reports)

set(ROOM_base_HEADERS fmt/ nettle/)
set(ROOM_json_HEADERS nlohmann/)
set(ROOM_match_HEADERS re2/)
set(ROOM_elf_HEADERS libelf.h gelf.h elf.h dwarf.h elfutils/)
set(ROOM_image_HEADERS archive.h archive_entry.h libfdt.h)
set(ROOM_inspect_HEADERS capstone/)
set(ROOM_history_HEADERS sqlite3.h)
set(ROOM_reports_HEADERS tinyxml2.h)
set(ROOM_cli_HEADERS CLI/)
set(ROOM_testing_HEADERS elf.h valijson/ nlohmann/)
# Libraries that a room's tests alone include.
set(ROOM_spec_TEST_HEADERS valijson/ nlohmann/)
set(ROOM_triage_TEST_HEADERS libfdt.h)
set(ROOM_reports_TEST_HEADERS nlohmann/)
set(ROOM_cli_TEST_HEADERS nlohmann/)

find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tinyxml2 REQUIRED)
find_package(GTest REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(ELF REQUIRED IMPORTED_TARGET libelf)
pkg_check_modules(NETTLE REQUIRED IMPORTED_TARGET nettle)
pkg_check_modules(LIBXML2 REQUIRED IMPORTED_TARGET libxml-2.0)

# Static where Debian has it: loading shared libraries (libarchive alone brings ICU) was most of the program's start, and
# a boot takes 60 ms. Of libarchive only the cpio writer is linked; what it would need of other libraries falls away.
find_library(NETTLE_STATIC libnettle.a REQUIRED)
find_library(RE2_STATIC libre2.a REQUIRED)
find_library(ARCHIVE_STATIC libarchive.a REQUIRED)
find_library(DW_STATIC libdw.a REQUIRED)
find_library(FDT_STATIC libfdt.a REQUIRED)
find_library(CAPSTONE_STATIC libcapstone.a REQUIRED)
find_library(SQLITE_STATIC libsqlite3.a REQUIRED)

set(ROOM_base_LIBRARIES fmt::fmt ${NETTLE_STATIC} Threads::Threads)
set(ROOM_json_LIBRARIES nlohmann_json::nlohmann_json)
set(ROOM_match_LIBRARIES ${RE2_STATIC} Threads::Threads)
set(ROOM_process_LIBRARIES Threads::Threads)
set(ROOM_elf_LIBRARIES ${DW_STATIC} PkgConfig::ELF)
set(ROOM_image_LIBRARIES ${ARCHIVE_STATIC} ${FDT_STATIC})
set(ROOM_inspect_LIBRARIES ${CAPSTONE_STATIC})
set(ROOM_history_LIBRARIES ${SQLITE_STATIC})
set(ROOM_reports_LIBRARIES tinyxml2::tinyxml2)
set(ROOM_cli_LIBRARIES CLI11::CLI11)

# What nearly every file includes, by itself or by the headers of other rooms.
set(COMMON_HEADERS <algorithm> <array> <chrono> <expected> <filesystem> <functional> <map> <memory> <optional> <ranges>
    <span> <string> <string_view> <unordered_map> <variant> <vector> <fmt/format.h>)

# precompile(target from headers...): once for all targets that are compiled as `from` is.
function(precompile target from)
  if(NOT BOOTRIG_PRECOMPILE)
    return()
  elseif(target STREQUAL from)
    target_precompile_headers(${target} PRIVATE ${COMMON_HEADERS} ${ARGN})
  else()
    target_precompile_headers(${target} REUSE_FROM ${from})
  endif()
endfunction()

# bootrig_room(name): a static library of the room's .cc files, and one test program of its *_test.cc files.
# A room's public headers include std, fmt and the headers of the rooms that it may enter; nothing else.
function(bootrig_room room)
  set(folder ${CMAKE_SOURCE_DIR}/harness/${room})
  if(room STREQUAL reports)
    set(folder ${CMAKE_SOURCE_DIR}/reports)
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_(test|bench|fuzz)\\.cc$|/main\\.cc$")

  set(depends "")
  foreach(other ${ROOM_${room}_DEPENDS})
    list(APPEND depends bootrig_${other})
  endforeach()
  if(sources)
    add_library(bootrig_${room} STATIC ${sources})
    target_include_directories(bootrig_${room} PUBLIC ${CMAKE_SOURCE_DIR}/harness ${CMAKE_SOURCE_DIR})
    target_link_libraries(bootrig_${room} PUBLIC ${depends} fmt::fmt PRIVATE ${ROOM_${room}_LIBRARIES})
    target_compile_definitions(bootrig_${room} PRIVATE BOOTRIG_VERSION="${PROJECT_VERSION}")
    if(room STREQUAL testing)
      target_compile_options(bootrig_testing PRIVATE $<$<CONFIG:Release>:-O1>)
      set_source_files_properties(${folder}/paths.cc PROPERTIES COMPILE_DEFINITIONS
        "BOOTRIG_SOURCE_DIR=\"${CMAKE_SOURCE_DIR}\";BOOTRIG_BINARY_DIR=\"${CMAKE_BINARY_DIR}\"")
    elseif(room STREQUAL cli)
      precompile(bootrig_cli bootrig_cli <CLI/CLI.hpp>)
    else()
      precompile(bootrig_${room} bootrig_base)
    endif()
  else()
    add_library(bootrig_${room} INTERFACE)
    target_include_directories(bootrig_${room} INTERFACE ${CMAKE_SOURCE_DIR}/harness ${CMAKE_SOURCE_DIR})
    target_link_libraries(bootrig_${room} INTERFACE ${depends} fmt::fmt ${ROOM_${room}_LIBRARIES})
  endif()
  if(room STREQUAL cli)
    add_executable(bootrig ${folder}/main.cc)
    target_link_libraries(bootrig PRIVATE bootrig_${room})
    # At a fixed address: Capstone's tables would otherwise cost every start 77,000 relocations, some 1.1 ms.
    target_link_options(bootrig PRIVATE $<$<CONFIG:Release>:-no-pie>)
  endif()

  if(tests)
    add_executable(${room}_test ${tests})
    target_link_libraries(${room}_test PRIVATE bootrig_${room} bootrig_testing PkgConfig::LIBXML2
                          ${ROOM_${room}_LIBRARIES} GTest::gmock GTest::gtest_main)
    # Compiled for the shortest way to a result: the code under test keeps the preset's optimisation.
    target_compile_options(${room}_test PRIVATE $<$<CONFIG:Release>:-O1>)
    precompile(${room}_test base_test <gmock/gmock.h> <gtest/gtest.h>)
    set_target_properties(${room}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    if(room STREQUAL cli)
      add_dependencies(cli_test bootrig)  # its tests run the program
    endif()
    include(GoogleTest)
    # DISABLED_ ones are the bodies of child processes that tests start themselves.
    gtest_discover_tests(${room}_test DISCOVERY_MODE PRE_TEST TEST_FILTER -*.DISABLED_* TEST_PREFIX ${room}.
                         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} PROPERTIES TIMEOUT 120)
  endif()

  file(GLOB benches CONFIGURE_DEPENDS ${folder}/*_bench.cc)
  foreach(bench ${benches})
    get_filename_component(name ${bench} NAME_WE)
    add_executable(${name} ${bench})
    target_link_libraries(${name} PRIVATE bootrig_${room} ${ROOM_${room}_LIBRARIES})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
    if(tests)
      add_dependencies(${room}_test ${name})  # tests run benches, for figures that are promised
    endif()
  endforeach()

  if(BOOTRIG_FUZZ)
    file(GLOB fuzzers CONFIGURE_DEPENDS ${folder}/*_fuzz.cc)
    foreach(fuzzer ${fuzzers})
      get_filename_component(name ${fuzzer} NAME_WE)
      add_executable(${name} EXCLUDE_FROM_ALL ${fuzzer})
      target_link_libraries(${name} PRIVATE bootrig_${room} ${ROOM_${room}_LIBRARIES})
      target_link_options(${name} PRIVATE -fsanitize=fuzzer)
      set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
      add_dependencies(fuzzers ${name})
    endforeach()
  endif()
endfunction()
