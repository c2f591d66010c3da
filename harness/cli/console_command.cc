// bootrig console: a person at a machine's console.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "cli/board_trouble.h"
#include "cli/commands.h"
#include "cli/console_session.h"
#include "cli/environment.h"
#include "cli/host_options.h"
#include "cli/image_argument.h"
#include "cli/raw_terminal.h"
#include "elf/symbols.h"
#include "triage/diagnosis_text.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

// More than a person reads; a guest that says more in one sitting has the rest counted, and its end kept.
constexpr std::uint64_t kTranscriptMax = std::uint64_t{1} << 30;
constexpr std::size_t kPrefix = 9;  // "bootrig: "

struct CommandOptions {
  std::string target;
  ImageFileOptions file;
  ParameterOptions parameters;
  std::string output = "out/console";
  std::string project;
  HostOptions hosts;
  std::string silence = "3s";
  std::string timeout = "60s";
};

// Where the CPUs stand, when there is nothing to explain.
std::vector<std::string> places_of_cpus(Machine& machine, const Image& image) {
  std::vector<std::string> lines{"nothing to explain: no crash dump since the start, no exception in the registers"};
  const auto at_rest = machine.inspect();
  const auto cpus = at_rest ? (*at_rest)->cpus() : std::unexpected(at_rest.error());
  if (!cpus) return {lines[0], to_text(cpus.error())};
  SymbolTable symbols;
  for (const fs::path& file : image.symbols) (void)symbols.add(file);
  for (const CpuState& cpu : *cpus) {
    const CpuLine line{.index = cpu.index,
                       .level = (cpu.pstate >> 2) & 3,  // CurrentEL (DDI 0487, SPSR_ELx.M)
                       .pc = cpu.pc,
                       .symbol = symbols.name_of(cpu.pc)};
    lines.push_back("  " + cpu_text(line));
  }
  return lines;
}

std::vector<std::string> explain(Machine& machine, const MachineSpec& spec, const Image& image, std::string_view said,
                                 StoppedFor stopped_for) {
  const auto diagnosis = triage_machine(machine, spec, image, said, {stopped_for});
  if (!diagnosis) return places_of_cpus(machine, image);
  return diagnosis_lines(*diagnosis, static_cast<std::size_t>(terminal_width(STDOUT_FILENO)) - kPrefix);
}

Result<ConsoleOptions> session_options(const CommandOptions& options) {
  const auto silence = parse_duration(options.silence);
  if (!silence) return fail("--silence", silence.error().message);
  const auto timeout = parse_duration(options.timeout);
  if (!timeout) return fail("--timeout", timeout.error().message);
  return ConsoleOptions{.silence = *silence, .timeout = *timeout, .folder = options.output};
}

// The terminal is raw just as long as the session lasts.
Result<int> attend(Machine& machine, TranscriptFile& transcript, const CommandOptions& options, ConsoleOptions session,
                   const Clock& clock, const Interrupt& interrupt) {
  const RawTerminal terminal(STDIN_FILENO, STDOUT_FILENO);
  ConsoleSession console(machine, transcript, {.person = terminal.active()}, std::move(session), clock, interrupt);
  if (terminal.active()) {
    console.say(fmt::format("{} on {}; Ctrl-] is the menu; transcript in {}", options.file.image, options.target,
                            options.output));
  }
  return console.run();
}

Result<int> run_console(const CommandOptions& options) {
  BOOTRIG_TRY(const Project project, open_project(options.project));
  BOOTRIG_TRY(const TargetProfile target, open_target(project, options.target));
  BOOTRIG_TRY(ConsoleOptions session, session_options(options));
  const SteadyClock clock;
  Interrupt interrupt;
  interrupt_on_signals(interrupt);
  ForkingLauncher launcher;
  BOOTRIG_TRY(OtherHosts others, other_hosts(options.hosts, project));
  const auto machines = make_machine_factory(launcher, clock, interrupt, std::move(others));
  if (const auto why = machines->unavailable(target.machine)) {
    return fail(fmt::format("{} cannot run here: {}", options.target, *why));
  }
  BOOTRIG_TRY(const Image image, open_image_argument(options.file, options.parameters, project, target.machine,
                                                     fs::path(options.output) / "images", launcher, interrupt));
  BOOTRIG_TRY_VOID(make_folders(options.output));
  BOOTRIG_TRY(TranscriptFile transcript, TranscriptFile::create(options.output, kTranscriptMax));
  auto machine = machines->start({target.machine, boot_image(image)});
  if (!machine) return fail(machine.error().message);
  session.diagnose = [&](std::string_view said, StoppedFor stopped_for) {
    return explain(**machine, target.machine, image, said, stopped_for);
  };
  const auto status = attend(**machine, transcript, options, std::move(session), clock, interrupt);
  (*machine)->stop();
  tell_board_trouble(target.machine, **machine);
  BOOTRIG_TRY_VOID(transcript.close());
  if (!status) return std::unexpected(status.error());
  fmt::print(stderr, "bootrig: {} bytes in {}\n", transcript.bytes(),
             (fs::path(options.output) / "transcript.raw").string());
  return *status;
}

constexpr const char* kConsoleFooter =
    "Every key goes to the guest, Ctrl-C too; Ctrl-] is the menu: break, reset, pause, diagnose, save, quit, help. "
    "The\n"
    "output folder has the transcript from the first byte on, as long as no other console uses it.\n"
    "Without a terminal, standard input goes to the guest as it is; after its end the guest's silence, power-off or "
    "reset\n"
    "ends it.\n"
    "\n"
    "  bootrig console virt u-boot\n"
    "  bootrig console 'virt[level=2,memory=2G]' kernel.elf\n"
    "  printf '\\rversion\\r' | bootrig console virt u-boot --silence 5s\n"
    "\n"
    "Exit status: 0 it was ended, or the guest ended or fell silent; 1 the guest panicked, the machine broke or time "
    "was\n"
    "over; 2 it could not be tried, was interrupted, or its output could not be written.";

}  // namespace

void add_console_command(CLI::App& app, int& status) {
  auto options = std::make_shared<CommandOptions>();
  app.add_option("TARGET", options->target, "A target's name, with its keys varied in brackets")->required();
  app.add_option("IMAGE", options->file.image,
                 "An AArch64 ELF file, a Linux Image, a raw image with --load, or the name of an image of the project")
      ->required();
  add_image_file_options(app, options->file);
  add_parameter_options(app, options->parameters);
  app.add_option("--silence", options->silence, "After the input's end: silence that ends it")->capture_default_str();
  app.add_option("--timeout", options->timeout, "After the input's end, or without taking any: longest time")
      ->capture_default_str();
  app.add_option("--output,-o", options->output, "Folder for the transcript and its times")->capture_default_str();
  add_host_options(app, options->hosts);
  app.add_option("--project", options->project,
                 "Folder with targets/, scenarios/ and images/; found upwards from here");
  app.footer(kConsoleFooter);
  app.callback([options, &status] {
    const auto done = run_console(*options);
    status = done ? *done : tell(done.error());
  });
}

}  // namespace bootrig
