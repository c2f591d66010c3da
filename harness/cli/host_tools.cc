#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <variant>

#include "base/text.h"
#include "cli/host_checks.h"
#include "image/ninja_run.h"

namespace bootrig {
namespace {

// A tool that takes longer to say its version is as good as broken.
constexpr Duration kAnswerTime = std::chrono::seconds(20);
constexpr std::size_t kAnswerMax = std::size_t{64} << 10;
constexpr const char* kDebianToolchain = "aarch64-linux-gnu-";

struct Tool {
  const char* program;
  const char* package;  // Debian's
  const char* purpose;
  std::vector<std::string> ask = {"--version"};  // what it answers with a version; empty: it cannot be asked
};

const std::vector<Tool>& optional_tools() {
  static const std::vector<Tool> tools{
      {"dtc", "device-tree-compiler", "recipes with device trees in source"},
      {"fdtoverlay", "device-tree-compiler", "recipes with device tree overlays"},
      {"make", "make", "recipes that run make in a tree of yours"},
      {"cmake", "cmake", "recipes that configure a CMake tree of yours"},
      {"apt-get", "apt", "recipes that take a file of a Debian package"},
      {"dpkg-deb", "dpkg", "recipes that take a file of a Debian package"},
      {"gdb-multiarch", "gdb-multiarch", "a machine that 'bootrig boot --keep' left for a debugger"},
      {"git", "git", "revisions in reports, and 'bootrig compare' by revision"},
      {"ssh-keygen", "openssh-client", "'bootrig qualify --sign' and its verification", {}},
      {"chromium", "chromium", "bootrig's own tests of report.html alone", {}},
      {"tmux", "tmux", "bootrig's own tests of a terminal alone", {"-V"}},
  };
  return tools;
}

std::string install(const std::string& package) {
  return (::geteuid() == 0 ? "" : "sudo ") + std::string("apt-get install --no-install-recommends ") + package;
}

struct Answer {
  bool ok = false;
  std::string text;  // its output, or why it gives none
};

Answer ask(ProcessLauncher& launcher, std::vector<std::string> argv) {
  const std::string program = argv.front();
  if (!program_exists(program)) return {false, "not found in PATH"};
  const auto result =
      run_command(launcher, {.argv = std::move(argv)}, Deadline::after(SteadyClock().now(), kAnswerTime), kAnswerMax);
  if (!result) return {false, result.error().message};
  if (result->timed_out) return {false, fmt::format("does not answer in {}", format_duration(kAnswerTime))};
  if (result->status.code != 0) return {false, "does not run: " + result->status.to_text()};
  return {true, result->output};
}

std::string first_line(std::string_view text) {
  return std::string(trim(text.substr(0, text.find('\n'))));
}

HostCheck check_tool(ProcessLauncher& launcher, const Tool& tool, bool needed) {
  HostCheck check{.name = tool.program, .purpose = tool.purpose, .needed = needed};
  if (tool.ask.empty()) {
    const auto path = find_program(tool.program);
    check.ok = !path.empty();
    check.found = check.ok ? path.string() : "not found in PATH";
  } else {
    std::vector<std::string> argv{tool.program};
    argv.insert(argv.end(), tool.ask.begin(), tool.ask.end());
    const Answer answer = ask(launcher, std::move(argv));
    check.ok = answer.ok;
    check.found = answer.ok ? first_line(answer.text) : answer.text;
  }
  if (!check.ok) check.mend = install(tool.package);
  return check;
}

// "virt-7.2             QEMU 7.2 ARM Virtual Machine", below a heading; "virt" is an alias of the latest.
HostCheck check_machines(ProcessLauncher& launcher, const std::string& qemu) {
  HostCheck check{.name = "machine virt", .purpose = "what QEMU's targets are", .needed = true};
  const Answer answer = ask(launcher, {qemu, "-machine", "help"});
  check.found = answer.ok ? "QEMU has no machine of this name" : answer.text;
  for (const std::string_view line : split_lines(answer.ok ? std::string_view(answer.text) : "")) {
    if (!line.starts_with("virt ")) continue;
    check.ok = true;
    check.found = trim(line.substr(line.find(' ')));
  }
  if (!check.ok) check.mend = install("qemu-system-arm");
  return check;
}

bool takes_a_compiler(const Stage& stage) {
  return std::holds_alternative<CompileStage>(stage.what) || std::holds_alternative<AssembleStage>(stage.what) ||
         std::holds_alternative<LinkStage>(stage.what) || std::holds_alternative<EmbedStage>(stage.what);
}

std::set<std::string> toolchains_of(const std::vector<Recipe>& recipes) {
  std::set<std::string> toolchains;
  for (const Recipe& recipe : recipes) {
    if (std::ranges::any_of(recipe.stages, takes_a_compiler)) toolchains.insert(recipe.toolchain);
  }
  return toolchains;
}

HostCheck check_compiler(ProcessLauncher& launcher, const std::string& toolchain) {
  const std::string program = toolchain + "gcc";
  HostCheck check =
      check_tool(launcher, {program.c_str(), "gcc-aarch64-linux-gnu", "compiles the images of recipes"}, true);
  // Of a toolchain from elsewhere we know the name alone.
  if (!check.ok && toolchain != kDebianToolchain) {
    check.mend = "export PATH=FOLDER_OF_" + shell_quote({program}) + ":$PATH";
  }
  return check;
}

}  // namespace

std::vector<HostCheck> check_tools(ProcessLauncher& launcher, const Project& project) {
  const std::string qemu = MachineSpec().qemu;
  std::vector<HostCheck> checks{
      check_tool(launcher, {qemu.c_str(), "qemu-system-arm", "runs the machines of QEMU's targets"}, true),
      check_machines(launcher, qemu)};
  // Recipes that cannot be read are check_host's to tell.
  const auto recipes = project.recipes();
  if (recipes) {
    for (const std::string& toolchain : toolchains_of(*recipes)) checks.push_back(check_compiler(launcher, toolchain));
  }
  checks.push_back(check_tool(launcher, {"ninja", "ninja-build", "builds images"}, recipes && !recipes->empty()));
  for (const Tool& tool : optional_tools()) checks.push_back(check_tool(launcher, tool, false));
  return checks;
}

}  // namespace bootrig
