// The system calls: svc #0, x8 the call, arguments in x0 and x1, the answer in x0 (0, or -1 for
// what is refused).
#pragma once

enum {
  kCallPrint = 1,  // x0 address, x1 size: bytes for the console
  kCallYield = 2,  // comes back at once: there is no other thread
  kCallIdle = 3,   // does not come back; the machine goes on running
  kCallPowerOff = 4,
  kCallReset = 5,
};
