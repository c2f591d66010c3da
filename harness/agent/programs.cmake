# The agent as a static program: build/<preset>/agent/<architecture>, for the machine that bootrig is built for and, where
# Debian's compiler for it is there, for the other architecture. Compiled apart from the room's library, always the same
# way: a copy of it goes to other hosts by its hash. It is part of `bootrig` (which says what to install where a host needs
# one that was not built).
file(GLOB AGENT_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/harness/agent/*.cc)
list(FILTER AGENT_SOURCES EXCLUDE REGEX "_(test|fuzz)\\.cc$")
file(GLOB AGENT_HEADERS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/harness/agent/*.h)

function(bootrig_agent architecture compiler)
  set(program ${CMAKE_BINARY_DIR}/agent/${architecture})
  add_custom_command(
    OUTPUT ${program}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/agent
    COMMAND ${compiler} -std=c++2b -Os -static -s -Wall -Wextra -ffunction-sections -fdata-sections -Wl,--gc-sections
            -I${CMAKE_SOURCE_DIR}/harness ${AGENT_SOURCES} -o ${program}
    DEPENDS ${AGENT_SOURCES} ${AGENT_HEADERS}
    COMMENT "Agent for ${architecture}"
    VERBATIM)
  add_custom_target(agent_${architecture} DEPENDS ${program})
  set(BOOTRIG_AGENTS ${BOOTRIG_AGENTS} agent_${architecture} PARENT_SCOPE)
endfunction()

bootrig_agent(${CMAKE_SYSTEM_PROCESSOR} ${CMAKE_CXX_COMPILER})
foreach(architecture aarch64 x86_64)
  string(TOUPPER ${architecture}_CXX compiler)
  find_program(${compiler} ${architecture}-linux-gnu-g++)
  if(${compiler} AND NOT CMAKE_SYSTEM_PROCESSOR STREQUAL architecture)
    bootrig_agent(${architecture} ${${compiler}})
  endif()
endforeach()
