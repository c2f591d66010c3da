#include "run/transcript_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace bootrig {
namespace {

constexpr std::size_t kLinesBuffer = std::size_t{32} << 10;

Result<ScopedFd> create_file(const std::filesystem::path& path) {
  ScopedFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!fd.valid()) return fail(path.string(), fmt::format("cannot write: {}", std::strerror(errno)));
  return fd;
}

Excerpt cut_excerpt(std::string_view head, std::string_view tail, std::uint64_t total) {
  // `head` begins at byte 0 and `tail` ends at the last byte; they may overlap.
  Excerpt excerpt;
  excerpt.head = head.substr(0, TranscriptFile::kHeadKept);
  const std::uint64_t rest = total - excerpt.head.size();
  const std::size_t kept =
      static_cast<std::size_t>(std::min<std::uint64_t>({rest, tail.size(), TranscriptFile::kTailKept}));
  excerpt.tail = tail.substr(tail.size() - kept);
  excerpt.cut = rest - kept;
  return excerpt;
}

}  // namespace

Result<TranscriptFile> TranscriptFile::create(const std::filesystem::path& folder, std::uint64_t cap) {
  TranscriptFile file;
  file.folder_ = folder;
  file.cap_ = cap;
  BOOTRIG_TRY(file.raw_, create_file(folder / "transcript.raw"));
  BOOTRIG_TRY(file.lines_, create_file(folder / "lines.tsv"));
  return file;
}

void TranscriptFile::write(int fd, std::string_view bytes, const char* name) {
  while (state_ && !bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      state_ = fail((folder_ / name).string(), fmt::format("cannot write: {}", std::strerror(errno)));
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void TranscriptFile::note_lines(std::string_view bytes, Duration elapsed) {
  const double milliseconds = to_seconds(elapsed) * 1000;
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (at_line_start_) {
      fmt::format_to(std::back_inserter(pending_lines_), "{}\t{}\t{:.3f}\n", ++line_, bytes_ + at, milliseconds);
      at_line_start_ = false;
    }
    const void* end = std::memchr(bytes.data() + at, '\n', bytes.size() - at);
    if (end == nullptr) break;
    at = static_cast<std::size_t>(static_cast<const char*>(end) - bytes.data()) + 1;
    at_line_start_ = true;
  }
  if (pending_lines_.size() >= kLinesBuffer) {
    write(lines_.get(), pending_lines_, "lines.tsv");
    pending_lines_.clear();
  }
}

void TranscriptFile::add(std::string_view bytes, Duration elapsed) {
  if (head_.size() < kHeadKept) head_ += bytes.substr(0, kHeadKept - head_.size());
  if (raw_.valid() && bytes_ < cap_) {
    const std::string_view kept =
        bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), cap_ - bytes_)));
    write(raw_.get(), kept, "transcript.raw");
    note_lines(kept, elapsed);
  }
  bytes_ += bytes.size();
  tail_ += bytes;
  if (tail_.size() > 2 * kTailKept) tail_.erase(0, tail_.size() - kTailKept);
}

std::uint64_t TranscriptFile::dropped() const {
  return bytes_ > cap_ ? bytes_ - cap_ : 0;
}

Excerpt TranscriptFile::excerpt() const {
  return cut_excerpt(head_, tail_, bytes_);
}

Result<void> TranscriptFile::close() {
  if (!raw_.valid()) return {};
  write(lines_.get(), pending_lines_, "lines.tsv");
  pending_lines_.clear();
  if (state_ && dropped() > 0) {
    auto file = create_file(folder_ / "transcript-tail.raw");
    if (!file) return std::unexpected(file.error());
    const std::size_t kept = std::min(tail_.size(), kTailKept);
    write(file->get(), std::string_view(tail_).substr(tail_.size() - kept), "transcript-tail.raw");
  }
  raw_.reset();
  lines_.reset();
  return state_;
}

Result<Excerpt> read_excerpt(const std::filesystem::path& folder, std::uint64_t dropped) {
  BOOTRIG_TRY(const std::string raw, read_file(folder / "transcript.raw"));
  if (dropped == 0) return cut_excerpt(raw, raw, raw.size());
  BOOTRIG_TRY(const std::string tail, read_file(folder / "transcript-tail.raw"));
  return cut_excerpt(raw, tail, raw.size() + dropped);
}

}  // namespace bootrig
