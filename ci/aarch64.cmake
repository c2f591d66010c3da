# Compiles for AArch64 on another machine, by Debian's cross compiler, against the arm64 libraries that lie in
# BOOTRIG_SYSROOT. ci/cross-build brings them there and says where.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

if(NOT IS_DIRECTORY "${BOOTRIG_SYSROOT}")
  message(FATAL_ERROR "BOOTRIG_SYSROOT is no folder: ci/cross-build sets it")
endif()
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES BOOTRIG_SYSROOT)
set(CMAKE_SYSROOT ${BOOTRIG_SYSROOT})
set(CMAKE_FIND_ROOT_PATH ${BOOTRIG_SYSROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${BOOTRIG_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR}
    ${BOOTRIG_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${BOOTRIG_SYSROOT}/usr/share/pkgconfig)
