#include "testing/paths.h"

namespace bootrig {

std::string source_path(std::string_view relative) {
  if (relative.empty()) return BOOTRIG_SOURCE_DIR;
  return std::string(BOOTRIG_SOURCE_DIR).append("/").append(relative);
}

std::string build_path(std::string_view relative) {
  return std::string(BOOTRIG_BINARY_DIR).append("/").append(relative);
}

}  // namespace bootrig
