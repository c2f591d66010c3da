// bootrig triage: explains a crash that is known by its text, or tells what a run has found out about its failures.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/triage_run.h"
#include "elf/elf_file.h"
#include "image/image.h"
#include "json/value.h"
#include "reports/signature_groups.h"
#include "triage/diagnosis_json.h"
#include "triage/diagnosis_text.h"
#include "triage/each_dump.h"
#include "triage/image_evidence.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostText = std::size_t{256} << 20;
constexpr std::string_view kSchema = "bootrig-triage-1";

struct TriageOptions {
  std::string source, testcase;
  std::vector<std::string> symbols;
  std::string image, load, target, project;
  bool all = false;
  bool json = false;
  bool markdown = false;
};

// What is known beside the text.
struct Known {
  ImageEvidence image;
  std::optional<MachineSpec> machine;
};

// All that is said, before it is printed in one of three ways.
struct Answer {
  std::vector<SignatureGroup> explained;  // of a log without testcases
  std::vector<std::string> unexplained;   // testcases that triage said nothing of
  std::size_t untold = 0;                 // dumps of a log that were not asked for
};

Result<std::string> read_stdin() {
  if (is_terminal(STDIN_FILENO)) fmt::print(stderr, "bootrig: paste the log, then Ctrl-D\n");
  std::string text;
  std::vector<char> buffer(std::size_t{64} << 10);
  for (;;) {
    const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail("standard input", fmt::format("cannot read: {}", std::strerror(errno)));
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > kMostText) return fail("standard input", fmt::format("is over {}", format_size(kMostText)));
  }
}

Result<std::string> read_log(const std::string& source) {
  if (source.empty() || source == "-") return read_stdin();
  BOOTRIG_TRY(std::string text, read_file(source, kMostText));
  if (looks_like_elf(text)) {
    return fail(source, "is an ELF file, not a console's log; give it by --image or --symbols, and the log as FILE");
  }
  return text;
}

Result<Known> read_known(const TriageOptions& options) {
  Known known;
  if (!options.load.empty() && options.image.empty()) return fail("--load tells where a raw --image lies; give that");
  std::optional<std::uint64_t> load;
  if (!options.load.empty()) {
    const auto address = parse_address(options.load);
    if (!address) return fail("--load", address.error().message);
    load = *address;
  }
  Image image;
  if (!options.image.empty()) {
    BOOTRIG_TRY(image, open_image(options.image, load));
    image.symbols.clear();
    if (!load) image.symbols.push_back(image.file);
  }
  for (const std::string& file : options.symbols) {
    BOOTRIG_TRY_VOID(SymbolTable().add(file));  // one that cannot be read is the user's to know
    image.symbols.emplace_back(file);
  }
  known.image = read_image(image);
  if (!options.target.empty()) {
    BOOTRIG_TRY(const Project project, open_project(options.project));
    BOOTRIG_TRY(const TargetProfile target, open_target(project, options.target));
    known.machine = target.machine;
  }
  return known;
}

Answer explain(std::string_view text, const Known& known, StoppedFor stopped_for, bool all) {
  Evidence evidence = known.image.with(text);
  evidence.machine = known.machine ? &*known.machine : nullptr;
  evidence.stopped_for = stopped_for;
  DumpDiagnoses dumps = diagnose_dumps(evidence, all ? ~std::size_t{0} : 1);
  Answer answer;
  for (Diagnosis& diagnosis : dumps.diagnoses) answer.explained.push_back({std::move(diagnosis), {}});
  answer.untold = dumps.untold;
  return answer;
}

Result<Answer> answer_for_run(const TriageOptions& options) {
  if (!options.symbols.empty() || !options.image.empty() || !options.target.empty()) {
    return fail("--symbols, --image and --target are for a log, or for one TESTCASE of the run");
  }
  BOOTRIG_TRY(const std::vector<RunResult> failures, stored_failures(options.source, options.all));
  SignatureGroups groups;
  Answer answer;
  for (const RunResult& result : failures) {
    const Diagnosis* diagnosis = stored_diagnosis(result);
    if (diagnosis != nullptr) {
      groups.add(result.id, *diagnosis);
    } else {
      answer.unexplained.push_back(result.id);
    }
  }
  for (const SignatureGroup* group : groups.by_size()) answer.explained.push_back(*group);
  return answer;
}

// A stored diagnosis has seen the machine itself: it goes before one that is made of text.
Result<Answer> answer_for_testcase(TriageOptions options) {
  BOOTRIG_TRY(const RunResult result, stored_result(options.source, options.testcase));
  if (const Diagnosis* diagnosis = stored_diagnosis(result)) return Answer{{{*diagnosis, {result.id}}}, {}, 0};
  BOOTRIG_TRY(const StoredEvidence stored, stored_evidence(options.source, result));
  if (options.image.empty() && !stored.image.empty()) {
    options.image = stored.image;
    options.load = stored.load_address ? fmt::format("{:#x}", *stored.load_address) : "";
  } else if (options.image.empty()) {
    fmt::print(stderr, "bootrig: the image that was booted is no longer there; --image FILE gives one\n");
  }
  if (options.target.empty()) options.target = result.target;
  BOOTRIG_TRY(const Known known, read_known(options));
  Answer answer = explain(stored.transcript, known, stored.stopped_for, options.all);
  for (SignatureGroup& group : answer.explained) group.ids = {result.id};
  if (answer.explained.empty()) answer.unexplained = {result.id};
  return answer;
}

Result<Answer> answer_for(const TriageOptions& options) {
  std::error_code error;
  const bool folder = !options.source.empty() && fs::is_directory(options.source, error);
  if (folder) return options.testcase.empty() ? answer_for_run(options) : answer_for_testcase(options);
  if (!options.testcase.empty()) {
    return fail(options.source, "is no folder of a run; a TESTCASE is one of a run");
  }
  BOOTRIG_TRY(const std::string text, read_log(options.source));
  BOOTRIG_TRY(const Known known, read_known(options));
  return explain(text, known, StoppedFor::kUnknown, options.all);
}

JsonValue to_json(const Answer& answer) {
  JsonValue::Array explained;
  for (const auto& [diagnosis, ids] : answer.explained) {
    explained.push_back(
        JsonValue::Object{{"testcases", JsonValue::Array(ids.begin(), ids.end())}, {"diagnosis", to_json(diagnosis)}});
  }
  return JsonValue::Object{{"schema", kSchema},
                           {"explained", std::move(explained)},
                           {"unexplained", JsonValue::Array(answer.unexplained.begin(), answer.unexplained.end())},
                           {"untold", std::uint64_t{answer.untold}}};
}

void print_text(const Answer& answer) {
  const auto width = static_cast<std::size_t>(terminal_width(STDOUT_FILENO));
  bool first = true;
  for (const auto& [diagnosis, ids] : answer.explained) {
    if (!first) fmt::print("\n");
    first = false;
    if (ids.size() > 1) fmt::print("{} testcases: {}\n", ids.size(), printable(diagnosis.signature));
    fmt::print("{}", diagnosis_text(diagnosis, width));
    if (!ids.empty()) fmt::print("{:11}{}\n", ids.size() == 1 ? "testcase" : "testcases", first_names(ids));
  }
}

void print_markdown(const Answer& answer) {
  bool first = true;
  for (const auto& [diagnosis, ids] : answer.explained) {
    fmt::print("{}{}", first ? "" : "\n", diagnosis_markdown(diagnosis));
    first = false;
    if (!ids.empty())
      fmt::print("\n{}: {}\n", ids.size() == 1 ? "Testcase" : "Testcases", markdown_escape(first_names(ids)));
  }
}

// What is not in the answer, to stderr: the answer may go to a file.
void tell_rest(const TriageOptions& options, const Answer& answer) {
  const std::string source = options.source.empty() ? "the text" : printable(options.source);
  if (answer.untold > 0) {
    fmt::print(stderr, "bootrig: {} more dump{} in {}; --all explains every one\n", answer.untold,
               answer.untold == 1 ? "" : "s", source);
  }
  if (!answer.unexplained.empty() && options.testcase.empty()) {
    fmt::print(stderr,
               "bootrig: no diagnosis is stored of {}; 'bootrig triage {} TESTCASE' makes one of its transcript\n",
               first_names(answer.unexplained), source);
  } else if (answer.explained.empty()) {
    fmt::print(stderr, "bootrig: nothing to explain in {}: {}\n", source,
               options.testcase.empty() && fs::is_directory(options.source)
                   ? "no testcase failed (--all: also the expected failures)"
                   : "no crash dump of a known form, and nothing else that a rule knows");
  }
}

Result<int> triage(const TriageOptions& options) {
  BOOTRIG_TRY(const Answer answer, answer_for(options));
  if (options.json) {
    fmt::print("{}\n", write_json(to_json(answer), true));
  } else if (options.markdown) {
    print_markdown(answer);
  } else {
    print_text(answer);
  }
  std::fflush(stdout);
  tell_rest(options, answer);
  return answer.explained.empty() ? kExitUnexpected : kExitExpected;
}

constexpr const char* kTriageFooter =
    "Finds the crash dumps in a console's log (seL4, Microkit, elfloader, Linux, U-Boot, EDK2, bootrig's images), "
    "says\n"
    "what happened, what is wrong and what to change. Of a run it tells what the run found out, equal failures once.\n"
    "\n"
    "  bootrig triage < pasted.log                          only the text is known\n"
    "  bootrig triage boot.log --image loader.elf --symbols kernel.elf --target virt-el1-gicv2\n"
    "  bootrig triage boot.log --markdown                   to paste into an issue\n"
    "  bootrig triage out                                   the failures of a run, by cause\n"
    "  bootrig triage out 'boot/hello@virt[gic=3]'          one of them\n"
    "\n"
    "Exit status: 0 there is a diagnosis, 1 nothing to explain was found, 2 bad input.";

}  // namespace

void add_triage_command(CLI::App& app, int& status) {
  auto options = std::make_shared<TriageOptions>();
  app.add_option("SOURCE", options->source, "A log, or the folder of a run; none or '-': standard input");
  app.add_option("TESTCASE", options->testcase, "One testcase of the run; explained from its transcript if need be");
  app.add_option("--symbols", options->symbols, "ELF with the symbols of what ran; repeatable")
      ->allow_extra_args(false);
  app.add_option("--image", options->image, "What was booted: an AArch64 ELF file, or a raw image with --load");
  app.add_option("--load", options->load, "Address at which the raw image was loaded: 0x40400000");
  app.add_option("--target,-t", options->target, "What the machine had: a target's name, with its keys in brackets");
  app.add_option("--project", options->project, "Folder with targets/ of your own");
  app.add_flag("--all", options->all, "Every dump of the log; of a run, the expected failures as well");
  auto* json = app.add_flag("--json", options->json, "As data: reports/triage.schema.json");
  app.add_flag("--markdown", options->markdown, "To paste into an issue")->excludes(json);
  app.footer(kTriageFooter);
  app.callback([options, &status] {
    const auto done = triage(*options);
    status = done ? *done : tell(done.error());
  });
}

}  // namespace bootrig
