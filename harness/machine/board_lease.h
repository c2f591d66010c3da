// BoardLease: the exclusive use of a board. A flock(2) on the board's lock file, which ends with the process that holds it
// however that ends; beside it, for boards of a farm, the farm's own commands. The file tells who has the board: a process
// that died leaves its name in it, but not its lock; a second line is its guard's (machine/board_guard.h), which has the lock
// for as long as it puts the board away.
#pragma once

#include <filesystem>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "machine/machine.h"
#include "process/launcher.h"
#include "spec/board.h"

namespace bootrig {

class HeldLease {
 public:
  HeldLease() = default;
  HeldLease(HeldLease&&) = default;
  HeldLease& operator=(HeldLease&&) = default;
  ~HeldLease() { give_back(); }

  bool held() const { return lock_.valid(); }
  int descriptor() const { return lock_.get(); }
  // Empties the file and unlocks it.
  void give_back();

 private:
  friend Result<HeldLease> take_lease(const BoardLease& lease, const Clock& clock, const Interrupt& interrupt);
  ScopedFd lock_;
};

// Waits for the lock, at most lease.wait. An error names the file and who has the board.
Result<HeldLease> take_lease(const BoardLease& lease, const Clock& clock, const Interrupt& interrupt);

// "free", "in use by process 12 of user 0, since ...", "in use: process 12 of user 0, since ..., has died; its guard is
// switching the board off", "free; process 12 of user 0, since ..., which has ended, did not give it back". Takes nothing.
std::string lease_state(const BoardLease& lease);

// Waits so long, or until the run is interrupted: false.
bool wait_quietly(Duration time, const Interrupt& interrupt);

}  // namespace bootrig
