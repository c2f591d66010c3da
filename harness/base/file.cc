#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <nettle/sha2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace bootrig {
namespace {

std::unexpected<Error> system_error(const std::filesystem::path& path, const char* what) {
  return fail(path.string(), fmt::format("cannot {}: {}", what, std::strerror(errno)));
}

std::string to_hex(sha256_ctx& context) {
  std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest;
  sha256_digest(&context, digest.size(), digest.data());
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : digest) text.append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
  return text;
}

Result<void> write_all(int fd, const std::filesystem::path& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error(path, "write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

ScopedFd& ScopedFd::operator=(ScopedFd&& other) noexcept {
  reset(other.release());
  return *this;
}
ScopedFd::~ScopedFd() {
  reset();
}
int ScopedFd::release() {
  return std::exchange(fd_, -1);
}
void ScopedFd::reset(int fd) {
  if (fd_ >= 0 && fd_ != fd) ::close(fd_);
  fd_ = fd;
}

Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t limit) {
  const ScopedFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return system_error(path, "read");
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return system_error(path, "read");
  if (S_ISDIR(status.st_mode)) return fail(path.string(), "cannot read: it is a folder");
  std::string bytes;
  bytes.reserve(static_cast<std::size_t>(status.st_size));
  std::array<char, 65536> chunk;
  for (;;) {
    const ssize_t count = ::read(fd.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(path, "read");
    if (count == 0) return bytes;
    bytes.append(chunk.data(), static_cast<std::size_t>(count));
    if (bytes.size() > limit) return fail(path.string(), fmt::format("is larger than {} bytes", limit));
  }
}

Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view bytes) {
  const std::filesystem::path temporary = path.string() + fmt::format(".tmp-{}", ::getpid());
  {
    const ScopedFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!fd.valid()) return system_error(path, "write");
    auto written = write_all(fd.get(), path, bytes);
    if (!written || ::fsync(fd.get()) != 0) {
      auto error = written ? system_error(path, "write") : std::unexpected(written.error());
      ::unlink(temporary.c_str());
      return error;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    auto error = system_error(path, "write");
    ::unlink(temporary.c_str());
    return error;
  }
  return {};
}

Result<void> write_file(const std::filesystem::path& path, std::string_view bytes) {
  const ScopedFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!fd.valid()) return system_error(path, "write");
  return write_all(fd.get(), path, bytes);
}

Result<ScopedFd> lock_file(const std::filesystem::path& path) {
  ScopedFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  while (fd.valid() && ::flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) fd.reset();
  }
  if (!fd.valid()) return system_error(path, "lock");
  return fd;
}

Result<void> make_folders(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(folder.string(), fmt::format("cannot make the folder: {}", error.message()));
  return {};
}

std::string sha256_hex(std::string_view bytes) {
  sha256_ctx context;
  sha256_init(&context);
  sha256_update(&context, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
  return to_hex(context);
}

std::string display_path(const std::filesystem::path& path) {
  std::error_code error;
  const std::string text = path.lexically_proximate(std::filesystem::current_path(error)).string();
  return error || text.starts_with("..") ? path.string() : text;
}

Result<std::string> sha256_file(const std::filesystem::path& path, std::uint64_t limit) {
  const ScopedFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return system_error(path, "read");
  sha256_ctx context;
  sha256_init(&context);
  std::array<std::uint8_t, 65536> chunk;
  for (;;) {
    const ssize_t count = ::read(fd.get(), chunk.data(), std::min<std::uint64_t>(chunk.size(), limit));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(path, "read");
    if (count == 0) return to_hex(context);
    sha256_update(&context, static_cast<std::size_t>(count), chunk.data());
    limit -= static_cast<std::uint64_t>(count);
  }
}

}  // namespace bootrig
