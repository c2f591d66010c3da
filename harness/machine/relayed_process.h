// A relay (agent/program.h) as the process that it stands for: a program on another host.
#pragma once

#include <memory>
#include <string>

#include "process/launcher.h"

namespace bootrig {

// Starts the relay that `spec` describes and gives it kStatusDescriptor. The child's starved time is that of the program
// over there, and the time in which nothing was heard of it: a host that is silent makes no guest late. Its ExitStatus is
// the program's; `lost` says of `host` how the connection ended, where it did.
Result<std::unique_ptr<ChildProcess>> launch_relay(ProcessLauncher& launcher, LaunchSpec spec, std::string host);

}  // namespace bootrig
