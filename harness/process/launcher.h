// Child processes that cannot be orphaned. ForkingLauncher forks on one long-lived thread of its
// own, because PR_SET_PDEATHSIG fires when the *thread* that forked exits; every child gets SIGKILL
// when bootrig dies, however it dies, a process group of its own, default signals, and no descriptors
// but those named. What a child leaves behind in its group is killed
// when it is reaped. Children do not outlive the launcher either.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

namespace bootrig {

struct LaunchSpec {
  std::vector<std::string> argv;  // argv[0] by name (looked up in PATH) or path (a relative one: from our folder)
  std::filesystem::path folder;   // working folder; empty: ours
  int input = -1;                 // descriptor for stdin; -1: /dev/null
  int output = -1;                // descriptor for stdout; -1: /dev/null
  int errors = -1;                // descriptor for stderr; -1: /dev/null
  std::vector<std::pair<int, int>> inherited;  // ours -> the child's number (3 and up)
};

struct ExitStatus {
  int code = -1;                // exit code, or -1 when a signal ended it
  int signal = 0;               // or 0
  Duration cpu_time{0};         // user and system time of the child and of those that it waited for
  std::string lost;             // how its host was lost, of a child on another one: its end is not known; or empty
  std::string to_text() const;  // "exit status 1", "signal 9 (Killed)", or what `lost` says
};

// One child. Owns it: the destructor kills and reaps what still runs.
class ChildProcess {
 public:
  virtual ~ChildProcess() = default;
  virtual pid_t pid() const = 0;
  // Readable (poll) when the child has ended; -1 for fakes that have none.
  virtual int pidfd() const = 0;
  // Reaps. none: still running at the deadline.
  virtual std::optional<ExitStatus> wait(Deadline deadline) = 0;
  virtual void signal(int number) = 0;
  // SIGTERM, and SIGKILL when it has not ended `grace` later; reaps.
  virtual ExitStatus terminate(Duration grace) = 0;
  // The largest time that one of its threads was runnable but not running
  // (/proc/PID/task/TID/schedstat, second field). Zero once it has ended.
  virtual Duration starved() const = 0;

  // Writes the file with that path, on the process's host.
  using FileWriter = std::function<Result<void>(const std::string& path)>;
  // What the process writes when `write` asks it to; at most `limit` bytes. The file is removed.
  virtual Result<std::string> take_file(const FileWriter& write, std::size_t limit);
  // Where the process must listen, so that who connects to the socket of this path, on this host, reaches it.
  virtual Result<std::string> listen_for(const std::filesystem::path& socket);
};

// For a process of this host.
Result<std::string> take_local_file(const ChildProcess::FileWriter& write, std::size_t limit);

class ProcessLauncher {
 public:
  virtual ~ProcessLauncher() = default;
  // Errors name the program and why (not found, not executable, ...).
  virtual Result<std::unique_ptr<ChildProcess>> launch(const LaunchSpec& spec) = 0;
};

class ForkingLauncher final : public ProcessLauncher {
 public:
  ForkingLauncher();
  ~ForkingLauncher() override;
  Result<std::unique_ptr<ChildProcess>> launch(const LaunchSpec& spec) override;

 private:
  struct Thread;
  std::unique_ptr<Thread> thread_;
};

// Runs a command to its end and collects stdout and stderr together (at most `limit` bytes, the
// rest is read and dropped). Killed at the deadline. For tools (ninja, qemu --version), not for
// machines.
struct CommandResult {
  ExitStatus status;
  bool timed_out = false;
  std::string output;
};
Result<CommandResult> run_command(ProcessLauncher& launcher, LaunchSpec spec, Deadline deadline,
                                  std::size_t limit = std::size_t{16} << 20);

}  // namespace bootrig
