#include "cli/environment.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "base/check.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "run/scheduler.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

Interrupt* interrupted_by_signals = nullptr;

extern "C" void handle_signal(int number) {
  interrupted_by_signals->raise();
  std::signal(number, SIG_DFL);
}

}  // namespace

fs::path program_path() {
  std::error_code error;
  const fs::path path = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path("bootrig") : path;
}

std::string command_line() {
  const auto command = read_file("/proc/self/cmdline");
  if (!command) return "";
  std::vector<std::string> words;
  for (const std::string_view word : split(*command, '\0')) words.emplace_back(word);
  if (!words.empty() && words.back().empty()) words.pop_back();
  return shell_quote(words);
}

fs::path builtin_root() {
  for (fs::path folder = program_path().parent_path(); folder != folder.parent_path(); folder = folder.parent_path()) {
    if (fs::exists(folder / "targets/base")) return folder;
    if (fs::exists(folder / "share/bootrig/targets/base")) return folder / "share/bootrig";
  }
  return fs::current_path();
}

namespace {

// Whether the path lies in the folder, or is it.
bool holds(const fs::path& folder, const fs::path& path) {
  const fs::path inside = path.lexically_relative(folder);
  return !inside.empty() && *inside.begin() != "..";
}

}  // namespace

Result<Project> open_project(const fs::path& folder) {
  const fs::path builtin = builtin_root();
  std::error_code error;
  if (!folder.empty() && !fs::is_directory(folder, error)) {
    return fail("--project", fmt::format("{} is no folder", folder.string()));
  }
  if (!folder.empty()) return Project(fs::absolute(folder).lexically_normal(), builtin);
  const fs::path root = Project::find_root(fs::current_path());
  const bool found = fs::is_directory(root / "scenarios") || fs::is_directory(root / "targets");
  return Project(found ? root : builtin, builtin);
}

Result<Project> open_whole_project(const fs::path& folder) {
  auto project = open_project(folder);
  if (folder.empty() && project && !holds(project->root(), fs::current_path())) {
    std::fprintf(stderr, "bootrig: there is no project here (scenarios/ or targets/); using bootrig's own, %s\n",
                 printable(project->root().string()).c_str());
  }
  return project;
}

Result<TargetProfile> open_target(const Project& project, const std::string& text) {
  BOOTRIG_TRY(const TargetReference reference, parse_target_reference(text));
  BOOTRIG_TRY(TargetProfile profile, project.target(reference.name));
  return apply_variation(std::move(profile), reference.variation);
}

int tell(const Error& error) {
  std::fprintf(stderr, "bootrig: %s\n", printable(to_text(error)).c_str());
  return kExitUntrustworthy;
}

Result<std::map<std::string, std::string>> parse_settings(const std::vector<std::string>& settings) {
  std::map<std::string, std::string> map;
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(fmt::format("--set '{}' is not of the form name=value", printable(setting)));
    }
    map[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  return map;
}

void interrupt_on_signals(Interrupt& interrupt) {
  CHECK(interrupted_by_signals == nullptr);
  interrupted_by_signals = &interrupt;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    action.sa_handler = handle_signal;
    action.sa_flags = SA_RESTART;
    ::sigaction(number, &action, nullptr);
  }
  std::signal(SIGPIPE, SIG_IGN);
}

bool is_terminal(int descriptor) {
  return ::isatty(descriptor) == 1;
}

bool wants_colour(int descriptor) {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  return is_terminal(descriptor) && (no_colour == nullptr || *no_colour == '\0') && !dumb;
}

int terminal_width(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* columns = std::getenv("COLUMNS");
  const auto count = parse_count(columns == nullptr ? "" : columns);
  return count && *count >= 40 && *count <= 1000 ? static_cast<int>(*count) : 120;
}

std::string describe_host() {
  utsname name{};
  ::uname(&name);
  const Capacity capacity = host_capacity();
  const auto pages = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES));
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return fmt::format("{}, {} cores, {:.0f} GiB, {} {} {}", name.nodename, capacity.jobs,
                     static_cast<double>(pages * page) / (1u << 30), name.sysname, name.release, name.machine);
}

std::string git_revision(ProcessLauncher& launcher, const fs::path& folder) {
  const auto git = [&](std::vector<std::string> arguments) -> std::string {
    LaunchSpec spec;
    spec.argv = {"git", "--no-optional-locks"};  // a status that is killed with us must leave no lock behind
    spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
    spec.folder = folder;
    const auto result = run_command(launcher, spec, Deadline::after(SteadyClock().now(), 5s));
    return result && result->status.code == 0 ? std::string(trim(result->output)) : "";
  };
  const std::string revision = git({"rev-parse", "--short=12", "HEAD"});
  if (revision.empty() || revision.find('\n') != std::string::npos) return "";
  return revision + (git({"status", "--porcelain", "--untracked-files=no"}).empty() ? "" : "+");
}

}  // namespace bootrig
