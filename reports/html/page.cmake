# The page of report.html, bundled from reports/html and put into the library of the room `reports` as bytes.
#
# npm brings the page's libraries when CMake configures; the build itself touches no network. Without node, npm or what
# npm was to bring, bootrig is built all the same, and says why it writes no report.html (html_page.h).

enable_language(ASM)
find_program(NODE node)
find_program(NPM npm)

# Fetched once for each state of the lock file. Sets `absent` where it cannot be done.
function(fetch_node_modules sources folder)
  file(SHA256 ${sources}/package-lock.json wanted)
  set(stamp ${folder}/node_modules.stamp)
  if(EXISTS ${stamp})
    file(READ ${stamp} fetched)
    if(fetched STREQUAL wanted)
      return()
    endif()
  endif()
  file(COPY ${sources}/package.json ${sources}/package-lock.json DESTINATION ${folder})
  execute_process(COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --prefer-offline --fetch-retries=1
                  WORKING_DIRECTORY ${folder}
                  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(status EQUAL 0)
    file(WRITE ${stamp} ${wanted})
  else()
    message(WARNING "npm ci: ${output}")
    set(absent "npm could not fetch the libraries of the page when bootrig was built" PARENT_SCOPE)
  endif()
endfunction()

function(bootrig_report_page)
  set(sources ${CMAKE_SOURCE_DIR}/reports/html)
  set(folder ${CMAKE_BINARY_DIR}/html)
  set(page ${folder}/page.html)
  set(absent "")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${sources}/package.json ${sources}/package-lock.json)
  file(MAKE_DIRECTORY ${folder})
  if(NODE AND NPM)
    fetch_node_modules(${sources} ${folder})
  else()
    set(absent "node and npm were not there when bootrig was built")
  endif()

  if(absent)
    message(STATUS "No report.html: ${absent}")
    file(WRITE ${page} "")
  else()
    file(GLOB page_sources CONFIGURE_DEPENDS ${sources}/src/*)
    add_custom_command(OUTPUT ${page} COMMAND ${NODE} ${sources}/build.mjs ${sources}/src ${page}
                       DEPENDS ${sources}/build.mjs ${page_sources} ${folder}/node_modules.stamp
                       WORKING_DIRECTORY ${folder} COMMENT "Bundling the page of report.html" VERBATIM)
  endif()
  target_sources(bootrig_reports PRIVATE ${sources}/page.S ${page})
  set_source_files_properties(${sources}/page.S PROPERTIES COMPILE_DEFINITIONS "PAGE_FILE=\"${page}\""
                              OBJECT_DEPENDS ${page})
  set_source_files_properties(${CMAKE_SOURCE_DIR}/reports/html_page.cc PROPERTIES COMPILE_DEFINITIONS
                              "BOOTRIG_PAGE_ABSENT=\"${absent}\"")

  # The page in a browser.
  if(absent)
    add_test(NAME reports.html COMMAND ${CMAKE_COMMAND} -E echo "skipped: ${absent}")
    set_tests_properties(reports.html PROPERTIES SKIP_REGULAR_EXPRESSION "skipped:")
  else()
    add_test(NAME reports.html WORKING_DIRECTORY ${folder}
             COMMAND ${NODE} ${sources}/test/page_test.mjs $<TARGET_FILE:reports_test> $<TARGET_FILE:html_bench>)
    set_tests_properties(reports.html PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300 PROCESSORS 2)
  endif()
endfunction()
bootrig_report_page()
