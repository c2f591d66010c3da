// A relay (agent/program.h) as the process that it stands for: a program on another host.
#pragma once

#include <memory>
#include <string>

#include "process/launcher.h"

namespace bootrig {

// What a relayed process's host is asked for beside it.
class FilesThere {
 public:
  virtual ~FilesThere() = default;
  // A name that nothing has there yet, absolute.
  virtual Result<std::string> new_name() = 0;
  // The first `limit` bytes of the file with that name, which is removed.
  virtual Result<std::string> take(const std::string& name, std::size_t limit) = 0;
  // Who connects to the socket of this path, on this host, reaches the one of that name.
  virtual Result<void> forward(const std::filesystem::path& socket, const std::string& name) = 0;
};

// Starts the relay that `spec` describes and gives it kStatusDescriptor. The child's starved time is that of the program
// over there, and the time in which nothing was heard of it: a host that is silent makes no guest late. Its ExitStatus is
// the program's; `lost` says of `host` how the connection ended, where it did. `files` outlives the child.
Result<std::unique_ptr<ChildProcess>> launch_relay(ProcessLauncher& launcher, LaunchSpec spec, std::string host,
                                                   FilesThere& files);

}  // namespace bootrig
