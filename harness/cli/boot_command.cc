// bootrig boot: anybody's image, no files needed. The console streams, the verdict follows.
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <cctype>
#include <cstdio>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/board_trouble.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/host_options.h"
#include "cli/image_argument.h"
#include "cli/keep_machine.h"
#include "image/image.h"
#include "run/host_trouble.h"
#include "run/image_console.h"
#include "run/preflight.h"
#include "run/rerun.h"
#include "run/session.h"
#include "triage/diagnosis.h"
#include "triage/diagnosis_text.h"

namespace bootrig {
namespace {

constexpr std::size_t kTranscriptForTriage = std::size_t{1} << 20;
constexpr Duration kStarvedTold = std::chrono::milliseconds(100);
constexpr std::size_t kIndent = 2;  // of what stands below the verdict

struct BootOptions {
  ImageFileOptions file;
  std::string target = "virt";
  std::string sha256;
  std::vector<std::string> expect;
  std::vector<std::string> forbid;
  std::string timeout = "60s";
  std::string silence = "3s";
  std::string output;
  std::string project;
  HostOptions hosts;
  std::string triage = "on";
  bool rerun = false;
  bool keep = false;
  bool quiet = false;
  bool strict_preflight = false;
};

// The scenario that the options describe: the texts expected, in order; without any, silence ends it.
Result<Scenario> make_scenario(const BootOptions& options) {
  Scenario scenario;
  scenario.name = "boot";
  scenario.image = options.file.image;
  auto timeout = parse_duration(options.timeout);
  if (!timeout) return fail("--timeout", timeout.error().message);
  scenario.timeouts.overall = *timeout;
  scenario.ending = options.expect.empty() ? Ending::kAny : Ending::kRunning;
  ExpectationsBuilder builder;
  for (const std::string& text : options.expect) BOOTRIG_TRY_VOID(builder.add_expect("--expect", text, std::nullopt));
  for (const std::string& text : options.forbid) BOOTRIG_TRY_VOID(builder.add_forbidden("--forbid", text));
  scenario.expectations = builder.build();
  return scenario;
}

void print(std::string_view bytes) {
  std::fwrite(bytes.data(), 1, bytes.size(), stdout);
  std::fflush(stdout);
}

void print_lines(const std::vector<SeenLine>& lines) {
  for (const SeenLine& line : lines) print(fmt::format("  {:>6}  {}\n", line.number, printable(line.text)));
}

// As the summary of a run has it: "PASS", "FAIL (exception)".
std::string in_capitals(const Verdict& verdict) {
  std::string word(to_text(verdict.kind));
  for (char& letter : word) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  return verdict.kind == VerdictKind::kPass ? word : fmt::format("{} ({})", word, to_text(verdict.cause));
}

// Why a limit was another than the one asked for: that of a slow target or host, and of a host that has other work, where
// the verdict does not tell that already.
void tell_scaling(const BootOptions& options, const Outcome& outcome, double multiplier) {
  std::string why;
  if (multiplier != 1.0)
    why = fmt::format("--timeout {} times {:g} for this target and host", options.timeout, multiplier);
  if (outcome.starved > kStarvedTold && why_it_was_slow(outcome).empty()) {
    why += fmt::format("{}{:.1f} s in which the machine waited for a processor do not count", why.empty() ? "" : "; ",
                       to_seconds(outcome.starved));
  }
  if (!why.empty()) print(fmt::format("  time limit: {}\n", why));
}

void tell_verdict(const BootOptions& options, const Outcome& outcome, const Verdict& verdict,
                  const std::optional<Diagnosis>& diagnosis, bool ended_on_newline, double multiplier) {
  if (!ended_on_newline && !options.quiet) print("\n");
  std::string what = in_capitals(verdict);
  if (verdict.kind == VerdictKind::kPass && options.expect.empty()) {
    what += outcome.termination == Termination::kSatisfied ? ": silent, still running, nothing was expected"
                                                           : fmt::format(": {}", to_text(outcome.termination));
  }
  print(fmt::format("bootrig: {} on {} after {:.3f} s, {} line{}, {}\n", what, options.target, to_seconds(outcome.wall),
                    outcome.lines, outcome.lines == 1 ? "" : "s",
                    outcome.accelerator_asked == "none"   ? "a board"
                    : outcome.machine.accelerator.empty() ? "no accelerator proven"
                                                          : outcome.machine.accelerator));
  if (verdict.kind == VerdictKind::kPass) return;
  print(fmt::format("  {}\n", verdict.detail));
  if (outcome.limit > Duration::zero()) tell_scaling(options, outcome, multiplier);
  if (diagnosis) {
    const std::size_t left = static_cast<std::size_t>(terminal_width(STDOUT_FILENO)) - kIndent;
    for (const std::string& line : diagnosis_lines(*diagnosis, left)) print(fmt::format("  {}\n", line));
  }
  if (options.quiet) print_lines(outcome.last_lines);
  if (verdict.kind == VerdictKind::kError) print(fmt::format("  to act: {}\n", who_must_act(verdict.cause)));
  print(fmt::format("  command: {}\n", shell_quote(outcome.machine.argv)));
}

// A failure has them each; of what passed they are counted.
void tell_findings(const Findings& findings, bool failed) {
  if (findings.empty()) return;
  if (!failed) {
    return print(fmt::format("  preflight: {} finding{}; 'bootrig inspect' tells\n", findings.size(),
                             findings.size() == 1 ? "" : "s"));
  }
  for (const Finding& finding : findings) print(fmt::format("  preflight: {}\n", printable(to_line(finding))));
}

Result<TranscriptFile> open_transcript(const BootOptions& options) {
  if (options.output.empty()) return TranscriptFile();
  BOOTRIG_TRY_VOID(make_folders(options.output));
  return TranscriptFile::create(options.output);
}

// The story: check the input, start the machine, watch it, judge, say so.
Result<int> boot(const BootOptions& options) {
  BOOTRIG_TRY(const Project project, open_project(options.project));
  BOOTRIG_TRY(const TargetProfile target, open_target(project, options.target));
  BOOTRIG_TRY(const Image image, open_image_file(options.file));
  const std::string& sha256 = image.booted.front().sha256;
  if (!options.sha256.empty() && options.sha256 != sha256) {
    return fail(options.file.image, fmt::format("has the SHA-256 {}; --sha256 says {}", sha256, options.sha256));
  }
  BOOTRIG_TRY(const Scenario scenario, make_scenario(options));
  auto silence = parse_duration(options.silence);
  if (!silence) return fail("--silence", silence.error().message);
  BOOTRIG_TRY(TranscriptFile transcript, open_transcript(options));

  const SteadyClock clock;
  Interrupt interrupt;
  interrupt_on_signals(interrupt);
  ForkingLauncher launcher;
  BOOTRIG_TRY(OtherHosts others, other_hosts(options.hosts, project));
  const auto machines = make_machine_factory(launcher, clock, interrupt, std::move(others));
  if (const auto why = machines->unavailable(target.machine)) {
    print(fmt::format("bootrig: SKIP on {}: {}\n", options.target, *why));
    return kExitUntrustworthy;
  }
  Preflight preflight(launcher);
  const std::shared_future<Findings> looked = preflight.begin(image, options.target, target.machine);
  if (const auto refused = options.strict_preflight ? preflight_verdict(looked.get()) : std::nullopt) {
    print(fmt::format("bootrig: {} on {}: not booted\n  {}\n", in_capitals(*refused), options.target,
                      printable(refused->detail)));
    return kExitUnexpected;
  }
  const std::size_t host = machines->hosts_for(target.machine).front();
  auto machine = machines->start({target.machine, boot_image(image), host});
  if (!machine) return fail(machine.error().message);

  bool on_newline = true;
  SessionOptions session;
  session.timeout_multiplier = target.timeout_multiplier * machines->hosts()[host].time_scale;
  if (options.expect.empty()) session.silence_ends = *silence;
  if (host == 0) session.host = [] { return read_host_state(); };
  std::string said;  // what triage reads; a guest that talks without end is not explained by its text
  session.live = [&](std::string_view bytes) {
    if (said.size() < kTranscriptForTriage) said += bytes;
    on_newline = bytes.ends_with('\n');
    if (!options.quiet) print(bytes);
  };
  Outcome outcome = run_session(**machine, scenario, session, clock, transcript);
  BOOTRIG_TRY_VOID(transcript.close());
  if (outcome.termination == Termination::kInterrupted) return fail("interrupted; the machine is stopped");
  outcome.accelerator_asked = machine_value(target.machine, "accelerator");
  const Verdict verdict = judge(outcome, scenario.ending);
  const bool failed = verdict.kind == VerdictKind::kFail;
  std::optional<Diagnosis> diagnosis;
  if (failed && options.triage == "on") {
    const std::string console = image_console(said, outcome);
    std::optional<SoughtException> sought;
    diagnosis =
        triage_machine(**machine, target.machine, image, console,
                       {stopped_for(outcome.termination), outcome.wall - outcome.last_output}, nullptr, &sought);
    if (diagnosis && options.rerun) {
      rerun_to_exception({.machines = *machines,
                          .clock = clock,
                          .machine = {target.machine, boot_image(image), host},
                          .image = image,
                          .transcript = console,
                          .stopped_for = stopped_for(outcome.termination),
                          .sought = sought,
                          .first = outcome.wall,
                          .limit = scaled(scenario.timeouts.overall, session.timeout_multiplier),
                          .folder = options.output.empty() ? "" : std::filesystem::path(options.output) / "rerun"},
                         *diagnosis);
    }
  }
  tell_verdict(options, outcome, verdict, diagnosis, on_newline, session.timeout_multiplier);
  tell_findings(looked.get(), verdict.kind != VerdictKind::kPass);
  if (failed && options.keep) {
    if (const auto kept = keep_machine(**machine, image.symbols, clock, interrupt); !kept) (void)tell(kept.error());
  }
  (*machine)->stop();
  tell_board_trouble(target.machine, **machine);
  return verdict.kind == VerdictKind::kPass ? kExitExpected : kExitUnexpected;
}

constexpr const char* kBootFooter =
    "Without --expect it runs until the guest is silent, ends, or prints a failure signature (a crash dump, a panic).\n"
    "\n"
    "  bootrig boot kernel.elf --target virt-el2-gicv3 --expect 'Booting all finished'\n"
    "  bootrig boot loader.img --load 0x70000000 --target 'virt[level=2,memory=2G]' --timeout 20s\n"
    "  bootrig boot vmlinuz --initrd init.cpio --append 'console=ttyAMA0'\n"
    "  bootrig boot board.itb --append 'console=ttyAMA0'    the default configuration of a FIT\n"
    "  bootrig boot kernel.elf --keep                       a failure waits for gdb\n"
    "\n"
    "Exit status: 0 as expected, 1 not, 2 it could not be tried. 'bootrig list targets' names the targets.";

}  // namespace

void add_boot_command(CLI::App& app, int& status) {
  auto options = std::make_shared<BootOptions>();
  app.add_option("IMAGE", options->file.image,
                 "An AArch64 ELF file, a Linux Image, a uImage, a FIT, or a raw image with --load")
      ->required();
  app.add_option("--target,-t", options->target, "Where to boot: a target's name, with its keys varied in brackets")
      ->capture_default_str();
  add_image_file_options(app, options->file);
  app.add_option("--sha256", options->sha256, "Refuse an image whose SHA-256 is another");
  app.add_option("--expect,-e", options->expect, "Text, or re:REGEX, that must appear; repeatable, in order")
      ->allow_extra_args(false);
  app.add_option("--forbid", options->forbid, "Text, or re:REGEX, that must not appear; repeatable")
      ->allow_extra_args(false);
  app.add_option("--timeout", options->timeout, "Longest time from power-on")->capture_default_str();
  app.add_option("--silence", options->silence, "Without --expect: silence that ends it")->capture_default_str();
  app.add_option("--output,-o", options->output, "Folder for the transcript and its times");
  app.add_option("--project", options->project, "Folder with targets/ of your own");
  add_host_options(app, options->hosts);
  app.add_option("--triage", options->triage, "Explain a failure from the stopped machine: on or off")
      ->check(CLI::IsMember({"on", "off"}))
      ->capture_default_str();
  app.add_flag("--triage-rerun", options->rerun,
               "Boot a failure once more, stopped where its exception is taken, and look there (QEMU only)");
  app.add_flag("--keep", options->keep,
               "Keep the machine of a failure, paused, for gdb, until Ctrl-C or the end of input");
  app.add_flag("--strict-preflight", options->strict_preflight,
               "What preflight says cannot boot is an error, without a boot");
  app.add_flag("--quiet,-q", options->quiet, "Print the verdict alone, not the console");
  app.footer(kBootFooter);
  app.callback([options, &status] {
    const auto done = boot(*options);
    status = done ? *done : tell(done.error());
  });
}

}  // namespace bootrig
