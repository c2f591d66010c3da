// bootrig prove: boots what should pass once, alters what it said, and demands that the verdict turns.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "cli/collector.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/run_command.h"
#include "prove/proof_report.h"

namespace bootrig {
namespace {

struct ProveOptions {
  RunCommandOptions run;
  bool json = false;
};

// One cell of each scenario and target: what is varied seldom changes what the console says. Those that expect a
// failure have no green that could go red.
Plan plan_of_proof(Plan plan, Proofs& proofs) {
  std::set<std::pair<std::string, std::string>> taken;
  std::vector<Testcase> kept;
  for (Testcase& testcase : plan.testcases) {
    if (testcase.expected_failure) {
      proofs.left_out.push_back({testcase.id, LeftOut::Why::kExpectedFailure, testcase.expected_failure->reason});
    } else if (testcase.skip) {
      proofs.left_out.push_back({testcase.id, LeftOut::Why::kSkipped, *testcase.skip});
    } else if (taken.emplace(testcase.scenario->name, testcase.target.name).second) {
      kept.push_back(std::move(testcase));
    }
  }
  plan.testcases = std::move(kept);
  return plan;
}

void leave_out(const RunResult& result, Proofs& proofs) {
  const bool skipped = result.verdict.kind == VerdictKind::kSkip;
  const std::string reason = skipped ? result.verdict.detail
                                     : fmt::format("{} ({}): {}", to_text(result.verdict.kind),
                                                   to_text(result.verdict.cause), result.verdict.detail);
  proofs.left_out.push_back({result.id, skipped ? LeftOut::Why::kSkipped : LeftOut::Why::kNotPassed, reason});
}

void prove_testcase(const Testcase& testcase, const RunResult& result, const std::filesystem::path& folder,
                    Proofs& proofs) {
  if (result.verdict.kind != VerdictKind::kPass) return leave_out(result, proofs);
  const auto cannot = [&](const Error& error) {
    proofs.left_out.push_back({result.id, LeftOut::Why::kNotPassed, to_text(error)});
  };
  const auto console = console_of(result, folder);
  if (!console) return cannot(console.error());
  auto proof = prove(*testcase.scenario, *console, result.attempts.back().outcome.termination);
  if (!proof) return cannot(proof.error());
  proofs.testcases.push_back({result.id, result.scenario, *std::move(proof)});
}

// The story: choose, boot, alter, judge, tell.
Result<int> prove_selection(const ProveOptions& options) {
  BOOTRIG_TRY(const Project project, open_whole_project(options.run.selection.project));
  BOOTRIG_TRY(const Selection selection, to_selection(options.run.selection));
  BOOTRIG_TRY(Plan plan, make_plan(project, selection, today_utc()));
  Proofs proofs;
  plan = plan_of_proof(std::move(plan), proofs);
  if (plan.testcases.empty()) {
    return fail("no testcase of the selection is to pass, so there is no green to prove anything of");
  }
  Collector collector;
  BOOTRIG_TRY(const RunEnd end, boot_plan(options.run, project, plan, {&collector}));
  if (end.interrupted) return fail("interrupted; nothing is proven");
  for (const Testcase& testcase : plan.testcases) {
    const auto result = collector.results.find(testcase.id);
    if (result == collector.results.end()) return fail(testcase.id, "has no result");
    prove_testcase(testcase, result->second, options.run.output, proofs);
  }
  fmt::print("{}", options.json ? write_json(to_json(proofs), true) + "\n" : to_text(proofs));
  if (proofs.testcases.empty() && proofs.hold()) return kExitUntrustworthy;
  return proofs.hold() ? kExitExpected : kExitUnexpected;
}

constexpr const char* kProveFooter =
    "Each testcase that is to pass is booted once a target. What its console said is then altered in memory, judged as "
    "a\n"
    "run would, and must not pass any more:\n"
    "\n"
    "  drop, garble    each line that was expected is gone, or its letters and digits are others\n"
    "  letter, digit   one letter, or one digit, of each literal text is another\n"
    "  capture         a name that is used again stands for another text\n"
    "  check           what a step's check looks at is a text that it does not allow\n"
    "  swap            two lines whose order is demanded change places\n"
    "  truncate        the guest hangs after each line\n"
    "  inject          each failure signature, and each text that is forbidden, is said\n"
    "  subtest         each result that the guest prints itself is another\n"
    "  ending          the guest powers off, resets, or goes on\n"
    "\n"
    "What does not turn the verdict is an expectation that cannot fail: place, what was said, what to write instead.\n"
    "\n"
    "  bootrig prove                                   all matrices\n"
    "  bootrig prove boot/hello --target virt\n"
    "\n"
    "Exit status: 0 all turned, 1 something cannot fail or did not pass, 2 it could not be tried.";

}  // namespace

void add_prove_command(CLI::App& app, int& status) {
  auto options = std::make_shared<ProveOptions>();
  options->run.output = "out/prove";
  add_selection_options(app, options->run.selection);
  app.remove_option(app.get_option("--repeat"));
  app.add_option("--jobs,-j", options->run.jobs, "So many machines at once; default: one a core")
      ->check(CLI::Range(1, 1024));
  app.add_option("--timeout-multiplier", options->run.timeout_multiplier, "All time limits times this, for slow hosts")
      ->check(CLI::Range(0.01, 1000.0));
  app.add_option("--output,-o", options->run.output, "The folder of the boots")->capture_default_str();
  add_parameter_options(app, options->run.parameters);
  app.add_flag("--json", options->json, "For programs: reports/prove.schema.json");
  app.footer(kProveFooter);
  app.callback([options, &status] {
    const auto done = prove_selection(*options);
    status = done ? *done : tell(done.error());
  });
}

}  // namespace bootrig
