// PrivateFolder: a folder that no other user can enter, removed at its end with what it holds.
#pragma once

#include <filesystem>

#include "base/error.h"

namespace bootrig {

class PrivateFolder {
 public:
  // Below the temporary folder.
  static Result<PrivateFolder> make();
  // `in`: where, for a socket, whose path must be short.
  static Result<PrivateFolder> make(const std::filesystem::path& in);
  PrivateFolder(PrivateFolder&& other) noexcept;
  PrivateFolder& operator=(PrivateFolder&&) = delete;
  ~PrivateFolder();

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit PrivateFolder(std::filesystem::path path);
  std::filesystem::path path_;
};

}  // namespace bootrig
