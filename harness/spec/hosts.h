// Hosts: other computers that run machines, as a hosts file names them. Plain data; reaching them is machine/'s work.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "spec/target.h"

namespace bootrig {

// The host that bootrig itself runs on; no hosts file can give the name to another.
inline constexpr std::string_view kLocalHost = "local";

struct HostSpec {
  std::string name;
  std::string ssh;         // where ssh goes: "ec2-user@10.0.0.5", or a name of the ssh config file
  std::string ssh_config;  // a file for ssh -F, relative to the hosts file's folder; empty: the user's own
  std::optional<std::string> architecture;       // as uname -m names it; stated: another one is refused
  std::optional<unsigned> cores;                 // so many machines' CPUs at once; not stated: all that it has
  std::optional<std::uint64_t> memory;           // for machines, bytes; not stated: what is free when it is first asked
  std::vector<Accelerator> accelerators;         // that may be used; empty: all that it has
  std::string folder = ".cache/bootrig-host";    // for the agent and images, relative to the home folder over there
  std::string qemu;                              // a name or path over there; empty: as the target says
  double time_scale = 1.0;                       // all time limits of its machines are multiplied by it
  Duration patience = std::chrono::seconds(15);  // it is given up after so long a silence
};

// The hosts of a file, in its order. Errors have the file and the JSON pointer.
Result<std::vector<HostSpec>> parse_hosts(std::string_view display_name, std::string_view text);

}  // namespace bootrig
