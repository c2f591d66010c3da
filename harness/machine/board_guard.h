// BoardGuard: a process beside bootrig (agent/program.h, `guard`) that runs a board's commands, and puts the board away when
// bootrig is gone without having done so. Through it alone no moment is left in which bootrig's death leaves a board on:
// a command that runs then is run to its end, and what undoes it follows. It holds the board's lock until then.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "agent/guard_packet.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "process/launcher.h"

namespace bootrig {

class BoardGuard {
 public:
  // `program`: the agent. `lock`: the lock file, locked. Once it is there, it outlives us, and nothing else.
  static Result<BoardGuard> start(ProcessLauncher& launcher, const std::filesystem::path& program,
                                  const std::string& board, int lock);
  BoardGuard(BoardGuard&&) = default;
  BoardGuard& operator=(BoardGuard&&) = delete;
  // Lets it go: the board has been put away.
  ~BoardGuard();

  // As run_command() does. An error is that of a command that could not be started. None: there is no guard any more.
  std::optional<Result<CommandResult>> run(const GuardRequest& request);

 private:
  BoardGuard(ScopedFd socket, std::unique_ptr<ChildProcess> process);
  std::optional<GuardAnswer> answer(Duration limit);

  ScopedFd socket_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace bootrig
