#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "image/stage.h"

namespace bootrig {
namespace {

struct Command {
  const char* name;
  const char* summary;
  void (*add)(CLI::App&, int&);
};
constexpr Command kCommands[] = {
    {"run", "Boot a matrix of scenarios on targets, judge every cell, write reports", add_run_command},
    {"boot", "Boot one image, any ELF or raw file, and watch its console", add_boot_command},
    {"console", "Sit at the console of a machine: what is typed goes to the guest", add_console_command},
    {"plan", "Show every testcase of a selection: its command line, or why it is skipped", add_plan_command},
    {"list", "List targets, scenarios, images, matrices or failure signatures", add_list_command},
    {"build", "Build images by their recipes", add_build_command},
    {"decode", "Tell what ESR, FAR, other registers and table descriptors of a dump mean", add_decode_command},
    {"triage", "Explain a crash dump in a log, or the failures of a run: cause, and what to change",
     add_triage_command},
    {"inspect", "Tell what an image is and what is wrong with it, before it boots", add_inspect_command},
    {"explain", "Tell what a root cause means, how to confirm it by hand and how to mend it", add_explain_command},
    {"history", "List the runs that are remembered, or take old reports in", add_history_command},
    {"compare", "Tell which failures of a run are new, known, fixed or flaky against another", add_compare_command},
    {"bisect", "Find the revision that made a testcase fail, be it now and then", add_bisect_command},
    {"merge", "Make one run, with its reports, of the folders that its shards left", add_merge_command},
    {"record", "Write a scenario's transcript from what its boots say, or bring it up to date", add_record_command},
    {"prove", "Prove that a green can go red: altered transcripts must turn the verdict", add_prove_command},
    {"qualify", "Boot a release so many times and bundle the evidence, or verify such a bundle", add_qualify_command},
    {"doctor", "Tell what this host can and cannot do, and what mends it", add_doctor_command},
    {"completion", "Print the script by which bash, zsh or fish completes bootrig's command lines",
     add_completion_command},
    {"manual", "Print the manual page bootrig(1)", add_manual_command},
};

constexpr const char* kProgramFooter =
    "Exit status: 0 all as expected, 1 something was not, 2 there is no trustworthy set of results.\n"
    "'bootrig COMMAND --help' tells more of each.";

// CLI11 would say that a command is needed, not that this one is none.
std::optional<Error> unknown_command(const std::string& word) {
  std::vector<std::string> names;
  for (const Command& command : kCommands) names.emplace_back(command.name);
  if (word.starts_with("-") || std::ranges::find(names, word) != names.end()) return std::nullopt;
  return Error{"", fmt::format("there is no command '{}'; there is {}{}", printable(word), one_of(names),
                               did_you_mean(word, names))};
}

// The sentence about arguments that are left over: an option that is none, with the nearest that is one.
std::string leftover_text(const CLI::App& app, const CLI::ParseError& error) {
  const auto commands = app.get_subcommands();
  const CLI::App& command = commands.empty() ? app : *commands.front();
  const auto left = app.remaining(/*recurse=*/true);
  if (left.empty() || !left.front().starts_with("-")) return error.what();
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  const std::string option = left.front().substr(0, left.front().find('='));
  return fmt::format("'{}' has no option '{}'{}", command.get_name(), option, did_you_mean(option, names));
}

int tell_error(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return app.exit(error);
  std::string text = error.what();
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError))
    text = leftover_text(app, error);
  else if (app.get_subcommands().empty() && error.get_name() == "RequiredError")
    text = "a command is required";
  const auto commands = app.get_subcommands();
  const std::string help = commands.empty() ? "'bootrig --help' and 'bootrig COMMAND --help' tell"
                                            : fmt::format("'bootrig {} --help' tells", commands.front()->get_name());
  std::fprintf(stderr, "bootrig: %s\n%s what is allowed.\n", printable(text).c_str(), help.c_str());
  return kExitUntrustworthy;
}

// A file that is opened later must not get the number of a stream that the caller closed: what is printed would be
// written into it. /dev/null, open for reading alone, takes the place; a write to it fails as it should.
void take_closed_streams() {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    if (::fcntl(stream, F_GETFD) == -1 && errno == EBADF) ::open("/dev/null", O_RDONLY);
  }
}

Error unwritten(int number) {
  return Error{"standard output", fmt::format("cannot write: {}", std::strerror(number))};
}

}  // namespace

void add_all_commands(CLI::App& app, int& status) {
  app.name("bootrig");
  app.description(
      "bootrig boots AArch64 images on every target that you care about, reads what the UART says, judges\n"
      "it, and writes JUnit.");
  app.footer(kProgramFooter);
  app.require_subcommand(1);
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.set_version_flag("--version", BOOTRIG_VERSION);
  for (const Command& command : kCommands) {
    command.add(*app.add_subcommand(command.name, command.summary)->group("Commands"), status);
  }
}

int run_program(int argc, char** argv) {
  // Ninja calls this for every native stage: no options to parse, no time to lose.
  if (argc > 1 && std::string_view(argv[1]) == "stage") {
    const auto done = run_stage(std::vector<std::string>(argv + 2, argv + argc));
    if (!done) std::fprintf(stderr, "error: %s\n", to_text(done.error()).c_str());
    return done ? kExitExpected : kExitUnexpected;
  }
  take_closed_streams();
  CLI::App app;
  if (argc > 1) {
    if (const auto unknown = unknown_command(argv[1])) return tell(*unknown);
  }
  int status = kExitExpected;
  add_all_commands(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    status = tell_error(app, error);
  } catch (const std::system_error& error) {
    if (std::ferror(stdout) == 0) throw;  // fmt::print throws when it cannot write
    return tell(unwritten(error.code().value()));
  }
  if (std::fflush(stdout) != 0) return tell(unwritten(errno));
  // An earlier write failed, and why is not known any more; who told of it has said so by the status.
  if (std::ferror(stdout) != 0 && status != kExitUntrustworthy) return tell(unwritten(EIO));
  return status;
}

}  // namespace bootrig
