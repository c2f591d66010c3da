// Files: whole-file reads and writes with errors that name the file. Parsers do not use this; their callers do.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"

namespace bootrig {

// The whole file's bytes. Refuses folders and files over `limit` bytes.
Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t limit = std::uint64_t{1} << 30);

// Writes a temporary beside the path, fsyncs it and renames it over: readers see the old or the new file, never half.
Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

// Writes the file in place, without waiting for the disk: for what a crash may lose.
Result<void> write_file(const std::filesystem::path& path, std::string_view bytes);

// The folder and its parents. An error names the folder and why.
Result<void> make_folders(const std::filesystem::path& folder);

// A path as one would type it from here: relative when it is below the current folder.
std::string display_path(const std::filesystem::path& path);

// Lower-case hexadecimal SHA-256 (FIPS 180-4).
std::string sha256_hex(std::string_view bytes);
// Of the first `limit` bytes, or of all.
Result<std::string> sha256_file(const std::filesystem::path& path, std::uint64_t limit = ~std::uint64_t{0});

class ScopedFd;
// An exclusive lock on the file, which is made when it is not there; waits for it. Held as long as a copy of the
// descriptor is open, in a child as well.
Result<ScopedFd> lock_file(const std::filesystem::path& path);

// A file descriptor with one owner.
class ScopedFd {
 public:
  ScopedFd() = default;
  explicit ScopedFd(int fd) : fd_(fd) {}
  ScopedFd(ScopedFd&& other) noexcept : fd_(other.release()) {}
  ScopedFd& operator=(ScopedFd&& other) noexcept;
  ~ScopedFd();

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release();
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

}  // namespace bootrig
