// bootrig bisect: which revision of a source tree made a testcase fail.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/file.h"
#include "base/text.h"
#include "bisect/bisection.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/host_options.h"
#include "cli/parameters.h"
#include "image/ninja_run.h"
#include "run/journal.h"
#include "run/signature.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTree = "{tree}";

struct BisectCommandOptions {
  std::string good, bad = "HEAD", cell, repository, project;
  std::vector<std::string> build;
  ParameterOptions parameters;
  HostOptions hosts;
  double confidence = 99, timeout_multiplier = 1;
  unsigned boots = 8, jobs = 0;
  std::string build_limit = "1h";
  bool any_failure = false, resume = false;
  fs::path output = "out/bisect";
};

std::string with_tree(std::string text, const fs::path& tree) {
  for (std::size_t at = text.find(kTree); at != std::string::npos; at = text.find(kTree, at)) {
    text.replace(at, kTree.size(), tree.string());
    at += tree.string().size();
  }
  return text;
}

std::string verdict_words(const Verdict& verdict) {
  return printable(fmt::format("{} ({}): {}", to_text(verdict.kind), to_text(verdict.cause), verdict.detail));
}

// Builds with the user's command, and boots with `bootrig run`.
class RunLab final : public BootLab {
 public:
  struct Orders {
    std::vector<std::string> build;  // may be empty: bootrig builds the image itself
    std::vector<std::string> run;    // without the number of boots
    Duration build_limit{0};
  };
  RunLab(ProcessLauncher& launcher, const SourceTree& tree, Orders orders, fs::path output)
      : launcher_(launcher), tree_(tree), orders_(std::move(orders)), output_(std::move(output)) {}

  Result<void> build(const std::string& label) override {
    if (orders_.build.empty()) return {};
    const LaunchSpec spec{.argv = orders_.build, .folder = tree_.place()};
    BOOTRIG_TRY(const CommandResult done,
                run_command(launcher_, spec, Deadline::after(SteadyClock().now(), orders_.build_limit)));
    const fs::path log = output_ / "steps" / label / "build.log";
    BOOTRIG_TRY_VOID(make_folders(log.parent_path()));
    BOOTRIG_TRY_VOID(write_file(log, shell_quote(orders_.build) + "\n" + done.output));
    if (done.timed_out) {
      return fail("",
                  fmt::format("the build did not end in {} (--build-timeout)", format_duration(orders_.build_limit)));
    }
    if (done.status.code == 0) return {};
    return fail("", fmt::format("the build failed ({}): {}", done.status.to_text(),
                                printable(first_error_line("\n" + done.output))));
  }

  Result<BootTally> boot(unsigned boots, const std::string& label) override {
    const fs::path folder = output_ / "run";
    std::error_code error;
    fs::remove(folder / "journal.jsonl", error);
    std::vector<std::string> words = orders_.run;
    words.insert(words.end(), {"--repeat", std::to_string(boots), "--output", folder.string()});
    BOOTRIG_TRY(const CommandResult done, run_command(launcher_, {.argv = words}, Deadline::never()));
    const auto journal = read_journal(folder / "journal.jsonl");
    if (done.status.code != kExitExpected && done.status.code != kExitUnexpected) {
      const auto lines = split_lines(trim(done.output));
      return fail("", fmt::format("bootrig run: {}", lines.empty() ? done.status.to_text() : printable(lines.back())));
    }
    if (!journal) return std::unexpected(journal.error());
    keep(folder, label);
    return tally_of(journal->results);
  }

 private:
  // What was seen stays for people to look at; the images do for the next revision.
  void keep(const fs::path& folder, const std::string& label) {
    const fs::path kept = output_ / "steps" / label / fmt::format("boots-{}", ++batches_[label]);
    std::error_code error;
    fs::remove_all(kept, error);
    if (!make_folders(kept)) return;
    for (const char* name : {"cells", "journal.jsonl", "report.json", "junit.xml"}) {
      fs::rename(folder / name, kept / name, error);
    }
  }

  static Result<BootTally> tally_of(const std::vector<RunResult>& results) {
    BootTally tally;
    for (const RunResult& result : results) {
      switch (stand(result.verdict, result.expected_failure, false, false)) {
        case Standing::kPassed:
        case Standing::kExpectedFailure:
          ++tally.passed;
          break;
        case Standing::kErrored:
          if (result.verdict.cause != Cause::kHost) return fail("", verdict_words(result.verdict));
          ++tally.lost;
          break;
        case Standing::kSkipped:
          return fail("", fmt::format("it is skipped: {}", printable(result.verdict.detail)));
        default: {
          BootTally::Failure& failure = tally.failures[signature_of(result)];
          if (++failure.count == 1) failure.words = words_of(result);
        }
      }
    }
    return tally;
  }

  static std::string words_of(const RunResult& result) {
    const auto& diagnosis = result.attempts.back().diagnosis;
    if (diagnosis && diagnosis->cause)
      return printable(fmt::format("{}: {}", diagnosis->cause->name, diagnosis->cause->what));
    return verdict_words(result.verdict);
  }

  ProcessLauncher& launcher_;
  const SourceTree& tree_;
  Orders orders_;
  fs::path output_;
  std::map<std::string, unsigned> batches_;
};

// Where the project is in the tree itself, each revision brings its own.
fs::path project_folder(const BisectCommandOptions& options, const Project& project, const SourceTree& tree) {
  if (!options.project.empty()) return with_tree(options.project, tree.place());
  std::error_code error;
  const fs::path root = fs::canonical(project.root(), error);
  const fs::path within = root.lexically_relative(fs::canonical(tree.top(), error));
  const bool inside = !within.empty() && *within.begin() != "..";
  return inside ? (tree.place() / within).lexically_normal() : root;
}

RunLab::Orders orders_of(const BisectCommandOptions& options, const SourceTree& tree, const fs::path& project,
                         Duration build_limit) {
  RunLab::Orders orders{.build_limit = build_limit};
  for (const std::string& word : options.build) orders.build.push_back(with_tree(word, tree.place()));
  std::vector<std::string>& run = orders.run;
  run = {program_path().string(), "run", options.cell, "--project", project.string()};
  for (const std::string& setting : options.parameters.settings) {
    run.insert(run.end(), {"--set", with_tree(setting, tree.place())});
  }
  if (!options.parameters.file.empty()) run.insert(run.end(), {"--parameters", options.parameters.file});
  const std::vector<std::string> hosts = host_words(options.hosts);
  run.insert(run.end(), hosts.begin(), hosts.end());
  if (options.jobs > 0) run.insert(run.end(), {"--jobs", std::to_string(options.jobs)});
  if (options.timeout_multiplier != 1) {
    run.insert(run.end(), {"--timeout-multiplier", fmt::format("{}", options.timeout_multiplier)});
  }
  // Every failure is looked at: its signature is made of what triage names.
  run.insert(run.end(), {"--triage", "failures", "--html", "off", "--no-history"});
  return orders;
}

std::string counts_text(const JudgedRevision& judged) {
  std::string text = fmt::format("{} of {} failed", judged.counts.failed, judged.counts.boots);
  if (judged.other > 0) text += fmt::format(", {} in another way", judged.other);
  return text;
}

void tell_step(const JudgedRevision& judged) {
  constexpr const char* kMarks[] = {"good", "bad", "skipped"};
  fmt::print("{:<8}{}  {:<18} {}{}\n", kMarks[static_cast<int>(judged.mark)], judged.commit.short_hash(),
             judged.why.empty() ? counts_text(judged) : "cannot be judged", judged.commit.subject,
             judged.remembered ? "  (from the log)" : "");
  if (!judged.why.empty()) fmt::print("        {}\n", judged.why);
  if (judged.role == "bad") fmt::print("        {}\n", judged.words);
  std::fflush(stdout);
}

const JudgedRevision* judged_in(const BisectAnswer& answer, const Commit& commit) {
  if (answer.bad.commit.hash == commit.hash) return &answer.bad;
  for (const JudgedRevision& step : answer.steps) {
    if (step.commit.hash == commit.hash) return &step;
  }
  return nullptr;
}

void tell_answer(const BisectAnswer& answer, const BisectCommandOptions& options, const fs::path& output) {
  const bool found = answer.first_bad.size() == 1;
  fmt::print("\n{}\n", found ? "FIRST BAD" : "FIRST BAD is one of these; the others could not be judged:");
  for (const Commit& commit : answer.first_bad) {
    const JudgedRevision* judged = judged_in(answer, commit);
    fmt::print("  {}  {}\n", commit.short_hash(), commit.subject);
    fmt::print("      by {}, {}{}\n", commit.author, commit.date,
               judged != nullptr && judged->why.empty() ? "; " + counts_text(*judged) : "");
  }
  fmt::print("FAILURE\n  {}\n", answer.failure);
  fmt::print(
      "{} revisions, {} boots; right with a confidence of {} %, as long as a revision fails as often as one of the "
      "ends\nkept: {} (log.jsonl, steps/)\n",
      answer.steps.size() + 2, answer.boots, options.confidence, display_path(output));
}

Result<void> check(const BisectCommandOptions& options) {
  const bool one = options.cell.find('@') != std::string::npos && options.cell.find_first_of("*?") == std::string::npos;
  if (one) return {};
  return fail("'" + printable(options.cell) + "'", "is no single testcase: SCENARIO@TARGET, as in boot/hello@virt");
}

Result<int> run_bisect(const BisectCommandOptions& options) {
  BOOTRIG_TRY_VOID(check(options));
  BOOTRIG_TRY_VOID(parse_settings(options.parameters.settings));
  BOOTRIG_TRY(const Duration build_limit, parse_duration(options.build_limit));
  ForkingLauncher launcher;
  const fs::path output = fs::absolute(options.output).lexically_normal();
  BOOTRIG_TRY(SourceTree tree,
              SourceTree::open(launcher, options.repository.empty() ? "." : options.repository, output / "tree"));
  BOOTRIG_TRY(const Project project, open_project(options.project.starts_with(kTree) ? "" : options.project));
  RunLab::Orders orders = orders_of(options, tree, project_folder(options, project, tree), build_limit);

  BisectQuestion question{.cell = options.cell,
                          .confidence = options.confidence / 100,
                          .boots = options.boots,
                          .any_failure = options.any_failure,
                          .conditions = shell_quote(orders.build) + "\n" + shell_quote(orders.run)};
  BOOTRIG_TRY(question.good, tree.find(options.good));
  BOOTRIG_TRY(question.bad, tree.find(options.bad));
  BOOTRIG_TRY(const unsigned between, tree.count_between(question.good, question.bad));
  fmt::print("{}: {} revision{} to choose from, after {} up to {}\n", options.cell, between, between == 1 ? "" : "s",
             question.good.short_hash(), question.bad.short_hash());
  std::fflush(stdout);
  RunLab lab(launcher, tree, std::move(orders), output);
  const auto answer = bisect(tree, lab, question, output / "log.jsonl", options.resume, tell_step);
  if (!answer) return std::unexpected(answer.error());
  tree.remove();
  tell_answer(*answer, options, output);
  return answer->first_bad.size() == 1 ? kExitExpected : kExitUnexpected;
}

constexpr const char* kBisectFooter =
    "Each revision is checked out in a worktree of its own (the output folder's tree/), built by the command behind "
    "'--',\n"
    "and booted until its rate of failures is told from that of the other end: once or twice where the failure is "
    "sure,\n"
    "often where it comes now and then. A revision that does not build, or fails in another way, is skipped.\n"
    "{tree} in the build command, in --set and in --project is the worktree. A project that is in the repository "
    "itself\n"
    "is taken from each revision; then a build command is often not needed.\n"
    "\n"
    "  bootrig bisect --good v1.2 boot/hello@virt-el1-gicv2\n"
    "  bootrig bisect --good 1a2b3c --bad HEAD --repository ../seL4 sel4/hello@virt --set sel4={tree}\n"
    "  bootrig bisect --good v6.1 --set kernel={tree}/Image board/linux@virt -- make -j8 ARCH=arm64 Image\n"
    "\n"
    "Exit status: 0 the revision was found, 1 one of several is it, 2 it could not be looked for.";

}  // namespace

void add_bisect_command(CLI::App& app, int& status) {
  auto options = std::make_shared<BisectCommandOptions>();
  app.add_option("--good", options->good, "A revision where the testcase passes")->required();
  app.add_option("--bad", options->bad, "A revision where it fails")->capture_default_str();
  app.add_option("CELL", options->cell, "The testcase: SCENARIO@TARGET")->required();
  app.add_option("BUILD", options->build, "Behind '--': the command that builds a revision, in its folder");
  app.add_option("--repository", options->repository, "The git repository; default: the one around this folder");
  app.add_option("--confidence", options->confidence, "That the answer is right, in per cent")
      ->check(CLI::Range(50.0, 99.9999))
      ->capture_default_str();
  app.add_option("--boots", options->boots, "So many boots of each end at first; more where they are not told apart")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app.add_flag("--any-failure", options->any_failure, "Every failure counts, not the bad revision's alone");
  app.add_option("--build-timeout", options->build_limit, "A build that takes longer failed")->capture_default_str();
  app.add_flag("--resume", options->resume, "Go on with the bisection that was interrupted in the output folder");
  app.add_option("--output,-o", options->output, "The bisection's folder")->capture_default_str();
  app.add_option("--jobs,-j", options->jobs, "So many machines at once on this host; default: one a core")
      ->check(CLI::Range(1, 1024));
  app.add_option("--timeout-multiplier", options->timeout_multiplier, "All time limits times this, for slow hosts")
      ->check(CLI::Range(0.01, 1000.0));
  app.add_option("--project", options->project,
                 "Folder with targets/, scenarios/ and images/; found upwards from here");
  add_host_options(app, options->hosts);
  add_parameter_options(app, options->parameters);
  app.footer(kBisectFooter);
  app.callback([options, &status] {
    const auto done = run_bisect(*options);
    status = done ? *done : tell(done.error());
  });
}

}  // namespace bootrig
