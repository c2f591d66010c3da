// What this host has of what bootrig uses, for `bootrig doctor`. Each check says what was found, and the command that
// mends what was not; nothing is changed, and no machine is started. How it is told is the command's.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "machine/kvm_host.h"
#include "process/launcher.h"
#include "run/project.h"

namespace bootrig {

struct HostCheck {
  std::string name;     // "ninja"
  std::string purpose;  // "builds images"
  bool ok = false;
  bool broken = false;  // not ok: it is there, and something in it is wrong
  bool needed = false;  // nothing can be trusted, or most of a project cannot be run, without it
  std::string found;    // "1.11.1", or what is wrong: "not found". May hold a tool's own bytes
  std::string mend;     // a command for a shell; empty: it is ok, or no command mends it
};

// The tools that are looked up in PATH: QEMU and its machines, compilers, what recipes and some commands run.
std::vector<HostCheck> check_tools(ProcessLauncher& launcher, const Project& project);
// KVM, the page for people in this bootrig, the project's files, slots for testcases, space in both folders.
std::vector<HostCheck> check_host(ProcessLauncher& launcher, const Project& project,
                                  const std::filesystem::path& output, const std::filesystem::path& cache);

// Of check_host(): for a host that may be any.
HostCheck check_kvm(const KvmHost& host);

}  // namespace bootrig
