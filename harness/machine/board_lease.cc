#include "machine/board_lease.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>

#include "base/text.h"

namespace bootrig {
namespace {

// Nobody tells when a lock becomes free.
constexpr Duration kLook = std::chrono::milliseconds(200);
constexpr std::size_t kHolderMax = 1000;

// A file of another user's in /tmp cannot be opened with O_CREAT (fs.protected_regular), so that comes second.
ScopedFd open_lock(const std::filesystem::path& path) {
  ScopedFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (fd.valid() || errno != ENOENT) return fd;
  fd.reset(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
  if (fd.valid()) ::fchmod(fd.get(), 0666);  // whatever the umask: other users' runs wait for it as well
  return fd;
}

struct Holder {
  std::string process;
  std::string guard;  // what the guard of a process that has died says
};

Holder holder_of(int lock) {
  std::array<char, kHolderMax> text;
  const ssize_t count = ::pread(lock, text.data(), text.size(), 0);
  const auto lines = split_lines(trim(std::string_view(text.data(), count > 0 ? static_cast<std::size_t>(count) : 0)));
  const auto line = [&](std::size_t i) { return i < lines.size() ? printable(lines[i]) : std::string(); };
  return {line(0), line(1)};
}

std::string in_use(const Holder& holder) {
  if (holder.guard.empty()) return "in use by " + holder.process;
  return fmt::format("in use: {}, has died; {}", holder.process, holder.guard);
}

std::string this_process() {
  return fmt::format("process {} of user {}, since {:%Y-%m-%d %H:%M:%S} UTC", ::getpid(), ::getuid(),
                     fmt::gmtime(std::time(nullptr)));
}

}  // namespace

bool wait_quietly(Duration time, const Interrupt& interrupt) {
  pollfd watched{interrupt.descriptor(), POLLIN, 0};
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(time);
  return ::poll(&watched, 1, static_cast<int>(milliseconds.count())) <= 0;
}

void HeldLease::give_back() {
  if (!lock_.valid()) return;
  (void)!::ftruncate(lock_.get(), 0);
  (void)::flock(lock_.get(), LOCK_UN);  // whoever else has the descriptor still
  lock_.reset();
}

Result<HeldLease> take_lease(const BoardLease& lease, const Clock& clock, const Interrupt& interrupt) {
  const std::string path = lease.lock.string();
  ScopedFd lock = open_lock(lease.lock);
  if (!lock.valid()) return fail(fmt::format("cannot open the lock {}: {}", path, std::strerror(errno)));
  const Deadline deadline = Deadline::after(clock.now(), lease.wait);
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return fail(fmt::format("cannot lock {}: {}", path, std::strerror(errno)));
    }
    if (deadline.passed(clock.now())) {
      return fail(
          fmt::format("it is {}; waited {} for {}", in_use(holder_of(lock.get())), format_duration(lease.wait), path));
    }
    if (!wait_quietly(kLook, interrupt)) return fail("interrupted while waiting for it");
  }
  const std::string holder = this_process() + "\n";
  (void)!::ftruncate(lock.get(), 0);
  (void)!::pwrite(lock.get(), holder.data(), holder.size(), 0);
  HeldLease held;
  held.lock_ = std::move(lock);
  return held;
}

std::string lease_state(const BoardLease& lease) {
  const ScopedFd lock(::open(lease.lock.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!lock.valid()) return errno == ENOENT ? "free" : fmt::format("not known ({})", std::strerror(errno));
  const Holder holder = holder_of(lock.get());
  if (::flock(lock.get(), LOCK_SH | LOCK_NB) != 0) return in_use(holder);
  if (holder.process.empty()) return "free";
  if (!holder.guard.empty()) return fmt::format("free; {}, has died; {}", holder.process, holder.guard);
  return fmt::format("free; {}, which has ended, did not give it back", holder.process);
}

}  // namespace bootrig
