#include "reports/report_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace bootrig {
namespace {
constexpr std::size_t kBufferSize = 64 * 1024;
}  // namespace

ReportFile::ReportFile(std::filesystem::path path) : path_(std::move(path)) {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0 || S_ISREG(status.st_mode)) {
    temporary_ = path_.string() + fmt::format(".tmp-{}", ::getpid());
  }
  if (!temporary_.empty() && path_.has_parent_path()) state_ = make_folders(path_.parent_path());
  // Opened now, so that a folder that cannot be written is known before the run and not after it.
  if (state_) open_report();
}

ReportFile::~ReportFile() {
  if (report_.valid() && !temporary_.empty()) ::unlink(temporary_.c_str());
}

void ReportFile::keep_error(const char* what) {
  if (state_) state_ = fail(path_.string(), fmt::format("cannot {}: {}", what, std::strerror(errno)));
}

bool ReportFile::open_report() {
  const auto& path = temporary_.empty() ? path_ : temporary_;
  report_.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!report_.valid()) keep_error("write");
  return report_.valid();
}

bool ReportFile::open_spool() {
  if (spool_.valid()) return true;
  std::error_code none;
  const auto base = temporary_.empty() ? std::filesystem::temp_directory_path(none) / "bootrig-report" : path_;
  std::string name = base.string() + ".parts-XXXXXX";
  spool_.reset(::mkostemp(name.data(), O_CLOEXEC));
  if (!spool_.valid()) {
    keep_error("write");
    return false;
  }
  ::unlink(name.c_str());  // nothing is left behind, however the program ends
  return true;
}

void ReportFile::flush(const ScopedFd& fd, std::string& buffer) {
  std::string_view rest = buffer;
  while (state_ && !rest.empty()) {
    const ssize_t written = ::write(fd.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return keep_error("write");
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  buffer.clear();
}

void ReportFile::set_aside(std::string_view bytes, Pieces& pieces) {
  if (!state_ || bytes.empty() || !open_spool()) return;
  auto& extents = pieces.extents;
  if (!extents.empty() && extents.back().offset + extents.back().size == spooled_) {
    extents.back().size += bytes.size();
  } else {
    extents.push_back({spooled_, bytes.size()});
  }
  spooled_ += bytes.size();
  spool_buffer_ += bytes;
  if (spool_buffer_.size() >= kBufferSize) flush(spool_, spool_buffer_);
}

void ReportFile::write(std::string_view bytes) {
  if (!state_) return;
  report_buffer_ += bytes;
  if (report_buffer_.size() >= kBufferSize) flush(report_, report_buffer_);
}

void ReportFile::write(const Pieces& pieces) {
  flush(spool_, spool_buffer_);
  std::array<char, kBufferSize> chunk;
  for (auto [offset, left] : pieces.extents) {
    while (state_ && left > 0) {
      const std::size_t wanted = std::min<std::uint64_t>(chunk.size(), left);
      const ssize_t count = ::pread(spool_.get(), chunk.data(), wanted, static_cast<off_t>(offset));
      if (count < 0 && errno == EINTR) continue;
      if (count == 0) errno = EIO;
      if (count <= 0) return keep_error("read back what was set aside");
      write(std::string_view(chunk.data(), static_cast<std::size_t>(count)));
      offset += static_cast<std::uint64_t>(count);
      left -= static_cast<std::uint64_t>(count);
    }
  }
}

Result<void> ReportFile::finish() {
  flush(report_, report_buffer_);
  if (state_ && !temporary_.empty()) {
    if (::fsync(report_.get()) != 0) keep_error("write");
    if (state_ && ::rename(temporary_.c_str(), path_.c_str()) != 0) keep_error("write");
    if (state_) report_.reset();  // it has its name: the destructor must not remove it
  }
  return state_;
}

}  // namespace bootrig
