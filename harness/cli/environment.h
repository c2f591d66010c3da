// What the commands share: where the project and bootrig's own files are, how an error is told, how a run is
// interrupted.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "machine/machine.h"
#include "run/project.h"

namespace bootrig {

// This program's own file.
std::filesystem::path program_path();
// How it was called, as one would type it; empty where /proc does not tell.
std::string command_line();
// The folder with bootrig's own targets/: the checkout or the installation that the program stands in.
std::filesystem::path builtin_root();
// The project in `folder`, or, when that is empty, around the current folder; bootrig's own where there is none.
// An error: `folder` is none.
Result<Project> open_project(const std::filesystem::path& folder);
// The same for commands that are about the project's own scenarios and images: where there is none here, one line on
// stderr says that bootrig's own is used.
Result<Project> open_whole_project(const std::filesystem::path& folder);

// "virt-el2", "virt[gic=3,memory=1G]": the project's profile with its keys varied.
Result<TargetProfile> open_target(const Project& project, const std::string& text);

// Prints "bootrig: <error>" to stderr and returns kExitUntrustworthy.
int tell(const Error& error);

// "name=value" options as a map. An error names the option that is not of that form.
Result<std::map<std::string, std::string>> parse_settings(const std::vector<std::string>& settings);

// Raises `interrupt` on SIGINT, SIGTERM and SIGHUP; a second signal ends the process at once (its machines die with
// it). One per process.
void interrupt_on_signals(Interrupt& interrupt);

// True when the file descriptor is a terminal, and colour is wanted there (NO_COLOR and TERM=dumb are respected).
bool is_terminal(int descriptor);
bool wants_colour(int descriptor);
// Columns of the terminal, or $COLUMNS, or 120.
int terminal_width(int descriptor);

// "name, 2 cores, 23 GiB, Linux 6.1.0 x86_64"
std::string describe_host();
// The project's git revision, with '+' when its tree is changed; empty outside git.
std::string git_revision(ProcessLauncher& launcher, const std::filesystem::path& folder);

}  // namespace bootrig
