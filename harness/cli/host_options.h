// The options that say which other hosts there are: shared by run, boot, console and plan.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "machine/machine.h"
#include "run/project.h"

namespace CLI {
class App;
}

namespace bootrig {

struct HostOptions {
  std::string file;  // --hosts; empty: the project's hosts.json, else the user's
  std::string host;  // --host
};

void add_host_options(CLI::App& app, HostOptions& options);
// What the options and the files say. Errors name the file, or the option.
Result<OtherHosts> other_hosts(const HostOptions& options, const Project& project);
// The same options again, for a command that repeats a testcase.
std::vector<std::string> host_words(const HostOptions& options);

}  // namespace bootrig
