#include "agent/child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace bootrig {
namespace {

// Above every number that a child's descriptor may have.
constexpr int kOutOfTheWay = 64;

[[noreturn]] void give_up(int errors) {
  const int error = errno;
  [[maybe_unused]] const ssize_t written = ::write(errors, &error, sizeof error);
  ::_exit(127);
}

[[noreturn]] void run_child(const std::vector<std::string>& words, const std::vector<std::pair<int, int>>& moves,
                            bool own_group, pid_t parent, int errors) {
  if (own_group) ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it died before the line above
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  std::vector<std::pair<int, int>> all = moves;
  const int null_device = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int number = 0; number < 3; ++number) {
    bool named = false;
    for (const auto& [ours, theirs] : moves) named = named || theirs == number;
    if (!named) all.emplace_back(null_device, number);
  }
  // First out of the way of all the numbers, so that none is overwritten that is still to be moved.
  for (auto& [ours, theirs] : all) {
    ours = ::fcntl(ours, F_DUPFD_CLOEXEC, kOutOfTheWay);
    if (ours < 0) give_up(errors);
  }
  for (const auto& [ours, theirs] : all) {
    if (::dup2(ours, theirs) < 0) give_up(errors);
  }
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));  // exec leaves it as it is
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  give_up(errors);
}

}  // namespace

StartedChild start_child(const std::vector<std::string>& words, const std::vector<std::pair<int, int>>& moves,
                         bool own_group) {
  int reading = -1;
  int writing = -1;
  if (words.empty() || !make_pipe(reading, writing)) return {.error = words.empty() ? ENOENT : errno};
  // As high as it can be put, so that no number of the child's is this one.
  const int errors = ::fcntl(writing, F_DUPFD_CLOEXEC, 2 * kOutOfTheWay);
  ::close(writing);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) run_child(words, moves, own_group, parent, errors);
  int error = pid < 0 ? errno : 0;
  ::close(errors);
  if (pid > 0 && ::read(reading, &error, sizeof error) == sizeof error) {
    ::waitpid(pid, nullptr, 0);
  } else if (pid > 0) {
    error = 0;
  }
  ::close(reading);
  return {error == 0 ? pid : -1, error};
}

bool make_pipe(int& reading, int& writing) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  reading = ends[0];
  writing = ends[1];
  return true;
}

bool make_socket_pair(int& near, int& far) {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return false;
  near = ends[0];
  far = ends[1];
  // Room for the guest to go on while nobody reads; the kernel makes it what it allows.
  const int room = 1 << 20;
  ::setsockopt(far, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  return true;
}

}  // namespace bootrig
