#include "process/launcher.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

#include "base/check.h"
#include "base/private_folder.h"
#include "base/text.h"
#include "process/child.h"

namespace bootrig {
namespace {

// All that the child needs between fork and exec, made before: it must not allocate there.
struct ChildPlan {
  std::string program;
  std::vector<char*> argv;
  std::string folder;
  struct Move {
    int source;
    int target;
  };
  std::vector<Move> moves;
  int highest_target = 2;
  pid_t parent = 0;
};

// What a child that could not exec tells its parent through the error pipe.
struct ChildFailure {
  enum class Step : int { kSetUp, kFolder, kExec };
  Step step;
  int error;
};

struct Forked {
  pid_t pid = -1;
  int error = 0;        // errno, when there is no child
  ScopedFd error_pipe;  // a ChildFailure, or nothing when exec succeeded
};

[[noreturn]] void give_up(int error_pipe, ChildFailure::Step step) {
  const ChildFailure failure{step, errno};
  [[maybe_unused]] const ssize_t written = ::write(error_pipe, &failure, sizeof(failure));
  ::_exit(127);
}

// Kernels before 5.11 have no CLOSE_RANGE_CLOEXEC.
void close_others_on_exec() {
  if (::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  for (int fd = 3; fd < 4096; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

// Sources are first copied above every target, so that no dup2 overwrites one that is still to
// come.
bool place_descriptors(ChildPlan& plan, int& error_pipe) {
  const int first_free = plan.highest_target + 1;
  error_pipe = ::fcntl(error_pipe, F_DUPFD_CLOEXEC, first_free);
  if (error_pipe < 0) return false;
  for (auto& move : plan.moves) {
    move.source = ::fcntl(move.source, F_DUPFD_CLOEXEC, first_free);
    if (move.source < 0) return false;
  }
  for (const auto& move : plan.moves) {
    if (::dup2(move.source, move.target) < 0) return false;
  }
  return true;
}

// Runs in the child, in the parent's memory: async-signal-safe calls only, and nothing is written but the plan.
[[noreturn]] void run_child(ChildPlan& plan, int error_pipe) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != plan.parent) ::_exit(127);  // the parent died before the line above
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  close_others_on_exec();
  const int original_pipe = error_pipe;
  if (!place_descriptors(plan, error_pipe)) {
    give_up(error_pipe < 0 ? original_pipe : error_pipe, ChildFailure::Step::kSetUp);
  }
  if (!plan.folder.empty() && ::chdir(plan.folder.c_str()) != 0) give_up(error_pipe, ChildFailure::Step::kFolder);
  ::execv(plan.program.c_str(), plan.argv.data());
  give_up(error_pipe, ChildFailure::Step::kExec);
}

Forked fork_child(ChildPlan& plan) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {.error = errno};
  ScopedFd reading(ends[0]);
  const ScopedFd writing(ends[1]);
  plan.parent = ::getpid();
  // Not fork: copying this process's page tables, and its page faults behind that, cost a millisecond for each boot.
  const pid_t pid = ::vfork();
  if (pid == 0) run_child(plan, writing.get());
  if (pid < 0) return {.error = errno};
  return {.pid = pid, .error_pipe = std::move(reading)};
}

// The child may change its folder.
std::string absolute_path(const std::filesystem::path& path) {
  std::error_code error;  // our folder is gone: the name as it is will have to do
  const auto absolute = std::filesystem::absolute(path, error);
  return error ? path.string() : absolute.string();
}

// As execvp finds it, made absolute. errno says why not.
std::optional<std::string> find_program(const std::string& name) {
  errno = ENOENT;
  if (name.empty()) return std::nullopt;
  if (name.find('/') != name.npos) return absolute_path(name);
  const char* path = std::getenv("PATH");
  bool refused = false;
  for (const std::string_view folder : split(path == nullptr ? "/usr/bin:/bin" : path, ':')) {
    const auto candidate = absolute_path(std::filesystem::path(folder) / name);
    struct stat status {};
    if (::stat(candidate.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    refused = true;
  }
  errno = refused ? EACCES : ENOENT;
  return std::nullopt;
}

ChildPlan plan_child(const LaunchSpec& spec, std::string program, int null_device) {
  ChildPlan plan{.program = std::move(program), .folder = spec.folder.string()};
  // exec takes char* for C's sake and leaves the text as it is.
  for (const auto& argument : spec.argv) plan.argv.push_back(const_cast<char*>(argument.c_str()));
  plan.argv.push_back(nullptr);
  plan.moves = {{spec.input < 0 ? null_device : spec.input, 0},
                {spec.output < 0 ? null_device : spec.output, 1},
                {spec.errors < 0 ? null_device : spec.errors, 2}};
  for (const auto& [ours, number] : spec.inherited) {
    CHECK(ours >= 0 && number >= 3);
    plan.moves.push_back({ours, number});
    plan.highest_target = std::max(plan.highest_target, number);
  }
  return plan;
}

std::unexpected<Error> cannot_start(const LaunchSpec& spec, int error) {
  return fail(spec.argv[0], fmt::format("cannot start: {}", std::strerror(error)));
}

std::optional<ChildFailure> read_failure(int error_pipe) {
  ChildFailure failure{};
  ssize_t count = 0;
  do {
    count = ::read(error_pipe, &failure, sizeof(failure));
  } while (count < 0 && errno == EINTR);
  if (count != sizeof(failure)) return std::nullopt;
  return failure;
}

}  // namespace

// The thread that forks. It does nothing else and lives as long as the launcher.
struct ForkingLauncher::Thread {
  Thread() : thread([this] { serve(); }) {}
  ~Thread() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    changed.notify_one();
    thread.join();
  }

  Forked fork(ChildPlan& plan) {
    std::packaged_task<Forked()> task([&plan] { return fork_child(plan); });
    auto forked = task.get_future();
    {
      const std::lock_guard lock(mutex);
      tasks.push_back(std::move(task));
    }
    changed.notify_one();
    return forked.get();
  }

  void serve() {
    // Handlers run in other threads: a child must not run them between fork and exec.
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
    for (;;) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [this] { return stopping || !tasks.empty(); });
      if (tasks.empty()) return;
      auto task = std::move(tasks.front());
      tasks.pop_front();
      lock.unlock();
      task();
    }
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::packaged_task<Forked()>> tasks;
  bool stopping = false;
  ScopedFd null_device{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  std::thread thread;  // last: it uses the others
};

ForkingLauncher::ForkingLauncher() : thread_(std::make_unique<Thread>()) {}
ForkingLauncher::~ForkingLauncher() = default;

Result<std::unique_ptr<ChildProcess>> ForkingLauncher::launch(const LaunchSpec& spec) {
  CHECK(!spec.argv.empty());
  const auto program = find_program(spec.argv[0]);
  if (!program) return cannot_start(spec, errno);
  ChildPlan plan = plan_child(spec, *program, thread_->null_device.get());
  const Forked forked = thread_->fork(plan);
  if (forked.pid < 0) return cannot_start(spec, forked.error);
  // Blocks until the child has exec'd, in the caller's thread: other launches go on meanwhile.
  const auto failure = read_failure(forked.error_pipe.get());
  if (!failure) {
    auto child = adopt_child(forked.pid);
    if (!child) return fail(spec.argv[0], fmt::format("cannot watch the process: {}", child.error().message));
    return child;
  }
  ::waitpid(forked.pid, nullptr, 0);
  if (failure->step == ChildFailure::Step::kFolder) {
    return fail(spec.argv[0], fmt::format("cannot start in {}: {}", plan.folder, std::strerror(failure->error)));
  }
  return cannot_start(spec, failure->error);
}

Result<std::string> take_local_file(const ChildProcess::FileWriter& write, std::size_t limit) {
  BOOTRIG_TRY(const PrivateFolder folder, PrivateFolder::make());
  const std::filesystem::path file = folder.path() / "file";
  BOOTRIG_TRY_VOID(write(file.string()));
  return read_file(file, limit);
}

Result<std::string> ChildProcess::take_file(const FileWriter& write, std::size_t limit) {
  return take_local_file(write, limit);
}

Result<std::string> ChildProcess::listen_for(const std::filesystem::path& socket) {
  return socket.string();
}

}  // namespace bootrig
