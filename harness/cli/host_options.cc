#include "cli/host_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>

#include "base/file.h"
#include "base/text.h"
#include "cli/environment.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHostsFile = "hosts.json";

// $XDG_CONFIG_HOME/bootrig/hosts.json, below ~/.config without it; empty where there is no home.
fs::path user_hosts_file() {
  const char* config = std::getenv("XDG_CONFIG_HOME");
  if (config != nullptr && *config == '/') return fs::path(config) / "bootrig" / kHostsFile;
  const char* home = std::getenv("HOME");
  return home == nullptr || *home == '\0' ? fs::path() : fs::path(home) / ".config" / "bootrig" / kHostsFile;
}

// The file that counts; empty: there is none.
fs::path find_hosts_file(const HostOptions& options, const Project& project) {
  if (!options.file.empty()) return options.file;
  std::error_code error;
  for (const fs::path& file : {project.root() / kHostsFile, user_hosts_file()}) {
    if (!file.empty() && fs::exists(file, error)) return file;
  }
  return {};
}

Result<void> check_host(const OtherHosts& others) {
  if (others.preferred.empty() || others.preferred == kLocalHost) return {};
  if (others.file.empty()) return fail("--host", "there is no hosts file; --hosts names one (docs/hosts.md)");
  std::vector<std::string> names{std::string(kLocalHost)};
  for (const HostSpec& host : others.hosts) names.push_back(host.name);
  if (std::ranges::find(names, others.preferred) != names.end()) return {};
  return fail("--host", fmt::format("{} names no host '{}'; {} can be chosen{}", others.file,
                                    printable(others.preferred), one_of(names), did_you_mean(others.preferred, names)));
}

}  // namespace

void add_host_options(CLI::App& app, HostOptions& options) {
  app.add_option(
      "--hosts", options.file,
      "File that names other hosts (docs/hosts.md); default: hosts.json of the project, else of ~/.config/bootrig");
  app.add_option("--host", options.host, "Where machines run whose target names no host: a host's name, or local");
}

Result<OtherHosts> other_hosts(const HostOptions& options, const Project& project) {
  OtherHosts others{.agents = program_path().parent_path() / "agent", .preferred = options.host};
  if (const fs::path file = find_hosts_file(options, project); !file.empty()) {
    others.file = display_path(file);
    BOOTRIG_TRY(const std::string text, read_file(file));
    BOOTRIG_TRY(others.hosts, parse_hosts(others.file, text));
    for (HostSpec& host : others.hosts) {
      if (!host.ssh_config.empty()) host.ssh_config = (fs::absolute(file).parent_path() / host.ssh_config).string();
    }
  }
  BOOTRIG_TRY_VOID(check_host(others));
  return others;
}

std::vector<std::string> host_words(const HostOptions& options) {
  std::vector<std::string> words;
  if (!options.file.empty()) words.insert(words.end(), {"--hosts", options.file});
  if (!options.host.empty()) words.insert(words.end(), {"--host", options.host});
  return words;
}

}  // namespace bootrig
