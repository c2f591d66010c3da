// Runs ninja and reads what it prints.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "process/launcher.h"

namespace bootrig {

using BuildProgress = std::function<void(int done, int total, const std::string& what)>;

// A command that failed.
struct NinjaFailure {
  std::string outputs;  // as failed_name() gives them
  std::string log;      // the command line, then what it printed
};

struct NinjaRun {
  ExitStatus status;
  bool timed_out = false;
  bool interrupted = false;
  std::size_t commands = 0;  // that were run to their end
  std::vector<NinjaFailure> failures;
  std::string last_words;  // ninja's own lines ("ninja: error: …"), for when no command is to blame
};

struct NinjaOptions {
  unsigned jobs = 0;       // 0: ninja's own choice
  BuildProgress progress;  // may be empty; called after each command
  Duration limit{0};
  int interrupt = -1;  // readable: ninja is stopped, with what it runs
  int lock = -1;       // kept open by ninja and all that it runs, so that a lock held by it outlives us
};

// Runs build.ninja in `folder` to its end; a failing command does not keep the others from being
// run. The environment's settings that change what gcc makes are taken away. Fails when ninja cannot be started.
Result<NinjaRun> run_ninja(ProcessLauncher& launcher, const std::filesystem::path& folder, const NinjaOptions& options);

// Asks ninja, in a process beside us, whether build.ninja as it stands has anything to do: what is planned meanwhile is
// most often what stands there already. Writes nothing.
class NinjaLook {
 public:
  // Begins. `lock` as in NinjaOptions.
  NinjaLook(ProcessLauncher& launcher, const std::filesystem::path& folder, int lock);
  // Waits for the answer, once. False also when there was none, in `kLimit`.
  bool nothing_to_do();

 private:
  static constexpr Duration kLimit = std::chrono::seconds(30);
  ScopedFd reader_;
  std::unique_ptr<ChildProcess> child_;  // none: it could not be asked
};

// One line that says what went wrong: the first error of a compiler, an assembler or a linker;
// otherwise the first line printed. `log` is a NinjaFailure's.
std::string first_error_line(std::string_view log);

// An executable file: by path, or looked up in PATH; empty: there is none.
std::filesystem::path find_program(const std::string& program);
bool program_exists(const std::string& program);

// Follows ninja's output as it comes, in pieces of any size.
class NinjaOutput {
 public:
  explicit NinjaOutput(const BuildProgress& progress) : progress_(progress) {}
  void feed(std::string_view bytes);
  // After the last byte.
  void finish(NinjaRun& run);

 private:
  void line(std::string_view line);

  const BuildProgress& progress_;
  std::string unfinished_;
  std::vector<NinjaFailure> failures_;
  bool in_failure_ = false;
  std::size_t commands_ = 0;
  std::string last_words_;
};

}  // namespace bootrig
