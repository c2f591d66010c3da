// bootrig record: writes a scenario's transcript from what its boots say, or brings the one there is up to date.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>

#include "base/common_subsequence.h"
#include "base/text.h"
#include "cli/collector.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/run_command.h"
#include "match/alignment.h"
#include "match/generalise.h"
#include "prove/proof_report.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

// What is the same in so many boots of each cell is taken to be the same always.
constexpr int kBoots = 2;
// Around what differs, so many lines of a diff are shown.
constexpr std::size_t kContext = 2;

struct RecordOptions {
  RunCommandOptions run;
  std::string scenario, target = "virt", silence = "2s";
  std::vector<std::string> vary;
  bool yes = false;
};

// The files of the scenario.
struct Source {
  std::string name;
  std::string display_name;
  JsonValue::Object json;
  fs::path transcript;
  std::string before;  // the transcript that there is; empty: none
};

const std::string* text_member(const JsonValue::Object& object, std::string_view key) {
  for (const auto& [name, value] : object) {
    if (name == key) return std::get_if<std::string>(&value.value);
  }
  return nullptr;
}

bool has_member(const JsonValue::Object& object, std::string_view key) {
  return std::any_of(object.begin(), object.end(), [&](const auto& member) { return member.first == key; });
}

Result<Source> open_source(const Project& project, const std::string& name) {
  const fs::path file = project.root() / "scenarios" / name / "scenario.json";
  const auto text = read_file(file);
  if (!text) return fail(project.scenario(name).error().message);
  Source source{name, display_path(file), {}, {}, {}};
  BOOTRIG_TRY(JsonValue json, parse_json(source.display_name, *text));
  auto* object = std::get_if<JsonValue::Object>(&json.value);
  if (object == nullptr) return fail(source.display_name, "is no scenario: an object is expected");
  source.json = std::move(*object);
  if (has_member(source.json, "steps")) {
    return fail(source.display_name + ":/steps", "a scenario with steps has no transcript to record");
  }
  if (has_member(source.json, "expect-fail")) {
    return fail(source.display_name + ":/expect-fail", "a scenario that expects a failure has no transcript to record");
  }
  const std::string* transcript = text_member(source.json, "transcript");
  if (transcript == nullptr) {
    return fail(source.display_name,
                R"(names no transcript; write "transcript": "expected.transcript" and record again)");
  }
  source.transcript = file.parent_path() / *transcript;
  source.before = read_file(source.transcript).value_or("");
  return source;
}

Result<Scenario> parse(const Source& source, const JsonValue::Object& json, const std::string& transcript) {
  BOOTRIG_TRY(Scenario scenario,
              parse_scenario(source.name, source.display_name, write_json(JsonValue(json)), [&](std::string_view) {
                return NamedText{display_path(source.transcript), transcript};
              }));
  scenario.file = source.display_name;
  return scenario;
}

// The scenario without its transcript: nothing is expected but the ending.
Result<Scenario> listening_scenario(const Source& source) {
  JsonValue::Object json = source.json;
  std::erase_if(json, [](const auto& member) { return member.first == "transcript"; });
  BOOTRIG_TRY(Scenario scenario, parse(source, json, ""));
  scenario.timeouts.boot.reset();
  return scenario;
}

// The target with each combination of the varied keys.
Result<std::vector<TargetReference>> cells_of(const RecordOptions& options) {
  BOOTRIG_TRY(const TargetReference reference, parse_target_reference(options.target));
  std::vector<TargetReference> cells{reference};
  for (const std::string& vary : options.vary) {
    const std::size_t equals = vary.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == vary.size()) {
      return fail("--vary", fmt::format("'{}' is not of the form gic=2,3", printable(vary)));
    }
    std::vector<TargetReference> varied;
    for (const TargetReference& cell : cells) {
      for (const std::string_view value : split(std::string_view(vary).substr(equals + 1), ',')) {
        varied.push_back(cell);
        varied.back().variation[vary.substr(0, equals)] = value;
      }
    }
    cells = std::move(varied);
  }
  return cells;
}

Result<Plan> plan_of(const Project& project, const std::vector<TargetReference>& cells, const Scenario& scenario,
                     int boots) {
  Plan plan{"record", {}, {}};
  const auto shared = std::make_shared<const Scenario>(scenario);
  for (const TargetReference& cell : cells) {
    for (int boot = 1; boot <= boots; ++boot) {
      Testcase testcase;
      testcase.scenario = shared;
      testcase.target_id = target_id(cell.name, cell.variation);
      testcase.cell = fmt::format("{}@{}", scenario.name, testcase.target_id);
      testcase.id = boot == 1 ? testcase.cell : fmt::format("{}#{}", testcase.cell, boot);
      BOOTRIG_TRY(testcase.target, open_target(project, testcase.target_id));
      plan.testcases.push_back(std::move(testcase));
    }
  }
  return plan;
}

// Every testcase of the plan, booted and passed.
Result<std::vector<RunResult>> boot_all(const RunCommandOptions& options, const Project& project, const Plan& plan) {
  Collector collector;
  BOOTRIG_TRY(const RunEnd end, boot_plan(options, project, plan, {&collector}));
  if (end.interrupted) return fail("interrupted; nothing is recorded");
  std::vector<RunResult> results;
  for (const Testcase& testcase : plan.testcases) {
    RunResult& result = collector.results[testcase.id];
    if (result.verdict.kind != VerdictKind::kPass) {
      return fail(testcase.id, fmt::format("{} ({}): {}", to_text(result.verdict.kind), to_text(result.verdict.cause),
                                           result.verdict.detail));
    }
    results.push_back(std::move(result));
  }
  return results;
}

struct Heard {
  std::vector<std::string> consoles;
  std::vector<Termination> terminations;
  std::vector<std::string> ids;
};

Result<Heard> listen(const RecordOptions& options, const Project& project, const Source& source,
                     const std::vector<TargetReference>& cells) {
  BOOTRIG_TRY(const Scenario scenario, listening_scenario(source));
  RunCommandOptions run = options.run;
  if (scenario.ending == Ending::kRunning || scenario.ending == Ending::kAny) {
    auto silence = parse_duration(options.silence);
    if (!silence) return fail("--silence", silence.error().message);
    run.silence_ends = *silence;
  }
  BOOTRIG_TRY(const Plan plan, plan_of(project, cells, scenario, kBoots));
  BOOTRIG_TRY(const std::vector<RunResult> results, boot_all(run, project, plan));
  Heard heard;
  for (const RunResult& result : results) {
    BOOTRIG_TRY(const std::string console, console_of(result, run.output));
    heard.consoles.push_back(without_escapes(console));
    heard.terminations.push_back(result.attempts.back().outcome.termination);
    heard.ids.push_back(result.id);
  }
  return heard;
}

// The new transcript on what was heard: it passes, and no line of it cannot fail.
Result<void> check_transcript(const Scenario& scenario, const Heard& heard) {
  Proofs proofs;
  for (std::size_t i = 0; i < heard.consoles.size(); ++i) {
    BOOTRIG_TRY(Proof proof, prove(scenario, heard.consoles[i], heard.terminations[i]));
    proofs.testcases.push_back({heard.ids[i], scenario.name, std::move(proof)});
  }
  if (proofs.hold()) return {};
  fmt::print("{}", to_text(proofs));
  return fail("the transcript has lines that cannot fail; nothing is written");
}

struct DiffLine {
  char sign;  // ' ', '-', '+'
  std::string_view text;
};

std::vector<DiffLine> diff_lines(std::string_view before, std::string_view after) {
  const auto old_lines = split_lines(before), new_lines = split_lines(after);
  IndexPairs pairs = common_subsequence(old_lines.size(), new_lines.size(),
                                        [&](auto i, auto j) { return old_lines[i] == new_lines[j]; });
  pairs.emplace_back(old_lines.size(), new_lines.size());
  std::vector<DiffLine> lines;
  std::size_t i = 0, j = 0;
  for (const auto& [next_i, next_j] : pairs) {
    for (; i < next_i; ++i) lines.push_back({'-', old_lines[i]});
    for (; j < next_j; ++j) lines.push_back({'+', new_lines[j]});
    if (i < old_lines.size()) lines.push_back({' ', old_lines[i]});
    ++i;
    ++j;
  }
  return lines;
}

void print_diff(const Source& source, std::string_view after) {
  fmt::print("--- {}\n+++ recorded\n", source.before.empty() ? "nothing" : display_path(source.transcript));
  const std::vector<DiffLine> lines = diff_lines(source.before, after);
  bool skipped = false;
  for (std::size_t at = 0; at < lines.size(); ++at) {
    const std::size_t from = at - std::min(at, kContext), to = std::min(lines.size(), at + kContext + 1);
    const bool near =
        std::any_of(lines.begin() + static_cast<std::ptrdiff_t>(from), lines.begin() + static_cast<std::ptrdiff_t>(to),
                    [](const DiffLine& line) { return line.sign != ' '; });
    if (!near && !skipped) fmt::print("@@\n");
    if (near) fmt::print("{}{}\n", lines[at].sign, printable(lines[at].text));
    skipped = !near;
  }
}

// Whether a person at the terminal, or --yes, wants it written.
bool is_wanted(const RecordOptions& options, const Source& source) {
  if (options.yes) return true;
  if (!is_terminal(STDIN_FILENO)) {
    fmt::print("not written: there is no terminal to ask at, and no --yes\n");
    return false;
  }
  fmt::print("write {}? [y/N] ", display_path(source.transcript));
  std::fflush(stdout);
  std::string answer;
  return std::getline(std::cin, answer) && (answer == "y" || answer == "yes");
}

// The story: boot, generalise, prove, show, boot again with it, write.
Result<int> record(const RecordOptions& options) {
  BOOTRIG_TRY(const Project project, open_whole_project(options.run.selection.project));
  BOOTRIG_TRY(const Source source, open_source(project, options.scenario));
  BOOTRIG_TRY(const std::vector<TargetReference> cells, cells_of(options));
  BOOTRIG_TRY(const Heard heard, listen(options, project, source, cells));
  BOOTRIG_TRY(const std::string transcript, generalise(heard.consoles, display_path(source.transcript), source.before));
  BOOTRIG_TRY(const Scenario scenario, parse(source, source.json, transcript));
  BOOTRIG_TRY_VOID(check_transcript(scenario, heard));
  if (transcript == source.before) {
    fmt::print("{} is up to date: {} boots say what it expects\n", display_path(source.transcript),
               heard.consoles.size());
    return kExitExpected;
  }
  print_diff(source, transcript);
  BOOTRIG_TRY(const Plan plan, plan_of(project, cells, scenario, 1));
  BOOTRIG_TRY(const std::vector<RunResult> again, boot_all(options.run, project, plan));
  fmt::print("{} boots were generalised; {} more pass{} with it, and no line of it cannot fail\n",
             heard.consoles.size(), again.size(), again.size() == 1 ? "es" : "");
  if (!is_wanted(options, source)) return kExitUnexpected;
  BOOTRIG_TRY_VOID(write_file_atomically(source.transcript, transcript));
  fmt::print("wrote {}\n", display_path(source.transcript));
  return kExitExpected;
}

constexpr const char* kRecordFooter =
    "The scenario is booted twice on the target, and on each cell that --vary adds, until it is silent or ends. What\n"
    "differs between the boots becomes {{hex:name}}, {{dec:name}} or {{word:name}}, one name where the texts are the "
    "same;\n"
    "what is equal stays as it is. Lines of the transcript there is, its comments and its gaps are kept where they "
    "still\n"
    "match. The result must pass when it is booted once more, and have no line that cannot fail ('bootrig prove').\n"
    "\n"
    "  bootrig record boot/hello --target virt --vary level=1,2 --vary gic=2,3\n"
    "\n"
    "Exit status: 0 written or up to date, 1 not written, 2 it could not be recorded.";

}  // namespace

void add_record_command(CLI::App& app, int& status) {
  auto options = std::make_shared<RecordOptions>();
  options->run.output = "out/record";
  app.add_option("SCENARIO", options->scenario, "A scenario with a transcript, be it one that is not there yet")
      ->required();
  app.add_option("--target,-t", options->target, "Where to boot: a target's name, with its keys varied in brackets")
      ->capture_default_str();
  app.add_option("--vary", options->vary, "Further cells: gic=2,3; repeatable: each combination")
      ->allow_extra_args(false);
  app.add_flag("--yes,-y", options->yes, "Write without asking");
  app.add_option("--silence", options->silence, "Silence that ends a guest which is to go on running")
      ->capture_default_str();
  app.add_option("--output,-o", options->run.output, "The folder of the boots")->capture_default_str();
  app.add_option("--project", options->run.selection.project,
                 "Folder with targets/, scenarios/ and images/; found upwards from here");
  add_parameter_options(app, options->run.parameters);
  app.footer(kRecordFooter);
  app.callback([options, &status] {
    const auto done = record(*options);
    status = done ? *done : tell(done.error());
  });
}

}  // namespace bootrig
