// bootrig qualify: a release's evidence. Boots every required testcase so many times, writes a bundle, verifies one.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/run_command.h"
#include "qualify/bundle.h"

namespace bootrig {
namespace {

struct QualifyOptions {
  RunCommandOptions run;
  std::string bundle, key, verify, allowed_signers;
  unsigned require = 3;
};

Result<int> verify(const QualifyOptions& options) {
  ForkingLauncher launcher;
  BOOTRIG_TRY(const VerifiedBundle bundle, verify_bundle(options.verify, options.allowed_signers, launcher));
  for (const std::string& problem : bundle.problems) fmt::print("{}\n", printable(problem));
  if (!bundle.problems.empty()) {
    fmt::print("{} is not as it was made\n", printable(options.verify));
    return kExitUnexpected;
  }
  fmt::print("{}: {} testcase{} on {} image{}, each green {} times in a row\n", printable(options.verify),
             bundle.testcases, bundle.testcases == 1 ? "" : "s", bundle.images, bundle.images == 1 ? "" : "s",
             bundle.require);
  if (bundle.signer.empty()) {
    fmt::print("not signed\n");
  } else {
    fmt::print("signed by {}{}\n", printable(bundle.signer),
               options.allowed_signers.empty() ? "; whose key that is was not asked (--allowed-signers)" : "");
  }
  return kExitExpected;
}

Result<int> qualify(QualifyOptions options) {
  if (!options.verify.empty()) return verify(options);
  if (options.bundle.empty()) return fail("--bundle is required: the folder that gets the evidence (or --verify DIR)");
  // Hours of boots begin with words, not with none.
  const Selection& selected = options.run.selection.selection;
  if (selected.patterns.empty() && selected.matrices.empty() && selected.targets.empty() &&
      selected.scenarios.empty() && selected.tags.empty()) {
    return fail("what is to be qualified? Name testcases, or a matrix with --matrix");
  }
  BOOTRIG_TRY_VOID(check_bundle_folder(options.bundle));
  options.run.rounds = options.require;
  options.run.fail_fast = true;
  BOOTRIG_TRY(const PerformedRun run, perform_run(options.run));
  if (run.end.interrupted) return fail("interrupted; there is no bundle");
  if (run.end.gating > 0) {
    fmt::print("not qualified: see {}\n", printable(options.run.output));
    return kExitUnexpected;
  }
  BundleRequest request;
  request.run_folder = options.run.output;
  request.selection = options.run.selection.selection.patterns;
  for (const std::string& matrix : options.run.selection.selection.matrices) {
    request.selection.insert(request.selection.end(), {"--matrix", matrix});
  }
  request.require = options.require;
  request.program = program_path();
  request.key = options.key;
  ForkingLauncher launcher;
  if (const auto written = write_bundle(options.bundle, request, run.plan, run.recipes, launcher); !written) {
    std::fprintf(stderr, "bootrig: not qualified: %s\n", printable(to_text(written.error())).c_str());
    return kExitUnexpected;
  }
  fmt::print("qualified: {} testcase{}, each green {} times in a row; {}{}\n", run.plan.testcases.size(),
             run.plan.testcases.size() == 1 ? "" : "s", options.require, printable(options.bundle),
             options.key.empty() ? " (not signed)" : ", signed");
  return kExitExpected;
}

constexpr const char* kQualifyFooter =
    "A testcase is green when it ends as expected. One that is skipped, quarantined or needs a retry is not, and the "
    "first\n"
    "that is not green ends the qualification. The bundle holds images, recipes, manifests, hashes of the tools, the "
    "plan,\n"
    "transcripts, verdicts, and an in-toto statement (predicate test-result/v0.1) of the images' digests, which\n"
    "'ssh-keygen -Y sign -n bootrig-qualify' signs. A key with a passphrase needs ssh-agent.\n"
    "\n"
    "  bootrig qualify -m nightly --bundle release-1.2 --require 10 --sign ~/.ssh/id_ed25519\n"
    "  bootrig qualify --verify release-1.2 --allowed-signers signers     offline, wherever it was moved\n"
    "\n"
    "Exit status: 0 qualified, or the bundle is as it was made; 1 not; 2 it could not be tried.";

}  // namespace

void add_qualify_command(CLI::App& app, int& status) {
  auto options = std::make_shared<QualifyOptions>();
  options->run.output = "out/qualify";
  add_selection_options(app, options->run.selection);
  for (const char* other : {"--repeat", "--shard"}) app.remove_option(app.get_option(other));
  app.add_option("--bundle", options->bundle, "The folder that gets the evidence; a new one");
  app.add_option("--require", options->require, "So many green sessions in a row of every testcase")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option("--sign", options->key,
                 "The SSH key that signs: a private key's file, or a public one's with ssh-agent");
  app.add_option("--verify", options->verify, "Check this bundle instead, offline");
  app.add_option("--allowed-signers", options->allowed_signers,
                 "With --verify: who may have signed; a file as ssh-keygen(1) has it");
  app.add_option("--jobs,-j", options->run.jobs, "So many machines at once; default: one a core")
      ->check(CLI::Range(1, 1024));
  app.add_option("--timeout-multiplier", options->run.timeout_multiplier, "All time limits times this, for slow hosts")
      ->check(CLI::Range(0.01, 1000.0));
  app.add_option("--output,-o", options->run.output, "The run's folder")->capture_default_str();
  add_parameter_options(app, options->run.parameters);
  add_history_options(app, options->run.history, /*may_be_off=*/true);
  app.footer(kQualifyFooter);
  app.callback([options, &status] {
    const auto done = qualify(*options);
    status = done ? *done : tell(done.error());
  });
}

}  // namespace bootrig
