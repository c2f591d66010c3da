#include "cli/host_checks.h"

#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "image/image.h"
#include "reports/html_page.h"
#include "run/scheduler.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

// Room for a night: a transcript is at most 16 MiB, the cache of images 1 GiB.
constexpr std::uint64_t kSpaceNeeded = std::uint64_t{1} << 30;

std::string as_root(const std::string& command) {
  return (::geteuid() == 0 ? "" : "sudo ") + command;
}

HostCheck check_page() {
  HostCheck check{.name = "report.html", .purpose = "the page for people, which is made when bootrig is built"};
  const auto page = html_page();
  check.ok = page.has_value();
  check.found = page ? "in this bootrig" : to_text(page.error());
  if (!page)
    check.mend = as_root("apt-get install nodejs npm") + " && cmake --preset release && cmake --build --preset release";
  return check;
}

// The first profile, scenario or recipe that is wrong; empty: none.
std::string first_trouble(const Project& project) {
  for (const std::string& name : project.target_names()) {
    if (const auto target = project.target(name); !target) return to_text(target.error());
  }
  for (const std::string& name : project.scenario_names()) {
    if (const auto scenario = project.scenario(name); !scenario) return to_text(scenario.error());
  }
  const auto recipes = project.recipes();
  return recipes ? "" : to_text(recipes.error());
}

HostCheck check_project(const Project& project) {
  HostCheck check{.name = "project", .purpose = "targets, scenarios and images", .needed = true};
  const auto recipes = project.recipes();
  check.found = first_trouble(project);
  check.ok = check.found.empty() && !project.target_names().empty();
  if (check.ok) {
    check.found =
        fmt::format("{}: {} targets, {} scenarios, {} images", project.root().string(), project.target_names().size(),
                    project.scenario_names().size(), list_images(*recipes).size());
  } else if (check.found.empty()) {
    check.found = fmt::format("{} has no targets", project.root().string());
    check.mend = "bootrig doctor --project FOLDER_WITH_TARGETS";
  } else {
    check.broken = true;
  }
  return check;
}

HostCheck check_slots() {
  HostCheck check{.name = "slots", .purpose = "testcases at once, by cores and memory"};
  const Capacity capacity = host_capacity();
  const std::uint64_t least = MachineSpec().memory;
  check.ok = capacity.memory >= least;
  check.found = fmt::format("{} core{}, {:.1f} GiB of memory available", capacity.jobs, capacity.jobs == 1 ? "" : "s",
                            static_cast<double>(capacity.memory) / (1u << 30));
  if (!check.ok) check.found += fmt::format(", less than one machine's {}", format_size(least));
  return check;
}

// Where it will be made, while it is not there.
fs::path nearest_existing(fs::path folder) {
  std::error_code error;
  folder = fs::absolute(folder, error).lexically_normal();
  while (!fs::exists(folder, error) && folder.has_relative_path()) folder = folder.parent_path();
  return folder;
}

HostCheck check_space(const char* name, const char* purpose, const fs::path& folder, bool needed,
                      const std::string& elsewhere) {
  HostCheck check{.name = name, .purpose = purpose, .needed = needed, .mend = elsewhere};
  if (folder.empty()) {
    check.found = "there is none: neither XDG_CACHE_HOME nor HOME is set";
    return check;
  }
  const fs::path place = nearest_existing(folder);
  std::error_code error;
  struct statvfs space {};
  if (!fs::is_directory(place, error)) {
    check.found = fmt::format("{}: {} is no folder", folder.string(), place.string());
  } else if (::access(place.c_str(), W_OK | X_OK) != 0 || ::statvfs(place.c_str(), &space) != 0) {
    check.found = fmt::format("{}: {}: {}", folder.string(), place.string(), std::strerror(errno));
  } else {
    const std::uint64_t left = std::uint64_t{space.f_bavail} * space.f_frsize;
    check.ok = left >= kSpaceNeeded;
    check.found = fmt::format("{}: {:.1f} GiB free", folder.string(), static_cast<double>(left) / (1u << 30));
    if (!check.ok) check.found += fmt::format(", less than {}", format_size(kSpaceNeeded));
  }
  if (check.ok) check.mend.clear();
  return check;
}

// What no command can mend has none: another processor, a Linux that was not started at EL2.
std::string mend_kvm(const KvmHost& host) {
  if (host.architecture != "aarch64") return "";
  if (host.device_trouble == std::strerror(EACCES)) return as_root("usermod -aG kvm \"$USER\"");
  if (!host.device_trouble.empty()) return "";
  return as_root("apt-get install --no-install-recommends qemu-system-arm");
}

}  // namespace

// KVM is a part of Linux on AArch64, no module; it offers the device where Linux was started at EL2 (Linux,
// Documentation/arm64/booting.rst, "CPU mode").
HostCheck check_kvm(const KvmHost& host) {
  HostCheck check{.name = "KVM", .purpose = "targets under KVM; without it they are skipped"};
  const bool both = host.gicv2 && host.gicv3;
  const auto trouble =
      kvm_unavailable(host, {.accelerator = Accelerator::kKvm, .gic = host.gicv3 && !host.gicv2 ? 3u : 2u});
  check.ok = !trouble;
  check.found = trouble.value_or(fmt::format("/dev/kvm can be used; it gives guests {}", both ? "GICv2 and GICv3"
                                                                                         : host.gicv2 ? "GICv2"
                                                                                                      : "GICv3"));
  if (!trouble) return check;
  if (host.architecture == "aarch64" && host.device_trouble == std::strerror(ENOENT)) {
    check.found += "; a Linux that was started at EL2 has it: not inside most virtual machines";
  }
  check.mend = mend_kvm(host);
  return check;
}

std::vector<HostCheck> check_host(ProcessLauncher& launcher, const Project& project, const fs::path& output,
                                  const fs::path& cache) {
  return {check_kvm(this_kvm_host(launcher)),
          check_page(),
          check_project(project),
          check_slots(),
          check_space("output folder", "transcripts, reports, built images", output, true,
                      "bootrig run --output FOLDER_ELSEWHERE"),
          check_space("cache folder", "images and packages, so that they are had once", cache, false,
                      "export XDG_CACHE_HOME=FOLDER_ELSEWHERE")};
}

}  // namespace bootrig
