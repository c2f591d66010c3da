// The real ChildProcess: a pid that is ours to reap, watched through a pidfd.
#pragma once

#include <sys/types.h>

#include <memory>

#include "process/launcher.h"

namespace bootrig {

// A descriptor that becomes readable when the process ends; invalid with errno set. (glibc 2.36 declares pidfd_open
// without C linkage for C++.)
ScopedFd open_pidfd(pid_t pid);

// Takes over a child of this process that leads a process group and that nobody else waits for.
Result<std::unique_ptr<ChildProcess>> adopt_child(pid_t pid);

}  // namespace bootrig
