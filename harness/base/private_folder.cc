#include "base/private_folder.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace bootrig {

namespace fs = std::filesystem;

Result<PrivateFolder> PrivateFolder::make() {
  std::error_code trouble;
  const fs::path in = fs::temp_directory_path(trouble);
  if (trouble) return fail(fmt::format("there is no temporary folder: {}", trouble.message()));
  return make(in);
}

Result<PrivateFolder> PrivateFolder::make(const fs::path& in) {
  std::string pattern = (in / "bootrig-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    return fail(pattern, fmt::format("cannot make a temporary folder: {}", std::strerror(errno)));
  }
  return PrivateFolder(pattern);
}

PrivateFolder::PrivateFolder(fs::path path) : path_(std::move(path)) {}

PrivateFolder::PrivateFolder(PrivateFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}

PrivateFolder::~PrivateFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

}  // namespace bootrig
