// RunResult: one finished testcase, and what a run is made of. Reporters read these; the journal keeps them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "image/booted_file.h"
#include "inspect/finding.h"
#include "run/verdict.h"
#include "triage/diagnosis.h"

namespace bootrig {

// One attempt of a testcase: the first, a retry, or a repetition.
struct Attempt {
  Verdict verdict;
  Outcome outcome;
  std::optional<Diagnosis> diagnosis = {};  // of a failure that triage looked at
  std::filesystem::path folder;  // relative to the run's folder: transcript.raw, lines.tsv, command.txt, outcome.json
};

// A transcript as reports embed it: the head, how much was cut, the tail. Raw bytes: each report makes them safe.
struct Excerpt {
  std::string head;
  std::uint64_t cut = 0;
  std::string tail;
};

struct RunResult {
  std::string id;        // "boot/hello@virt[gic=3]" , with "#2" for the second repetition
  std::string scenario;  // "boot/hello"
  std::string scenario_summary;
  std::vector<std::string> tags;                     // of the scenario and the target
  std::string target;                                // "virt[gic=3]"
  std::string target_name;                           // "virt"
  std::map<std::string, std::string> target_values;  // level, gic, memory, cpus, cpu, accelerator (asked)
  std::string image;                                 // "reference-hello"
  std::string image_sha256;                          // of its file; of several, of their list (image/booted_file.h)
  std::vector<BootedFile> image_files;               // where it is several
  Verdict verdict;                                   // of the last attempt
  Standing standing = Standing::kPassed;
  std::optional<ExpectedFailure> expected_failure;
  std::string quarantine;         // owner, reason and date; empty: none
  std::vector<Finding> findings;  // of preflight: what is wrong with the image on this target, notes left out
  std::vector<Attempt> attempts;
  std::optional<Attempt> recheck;  // of a failure, on the same machine made deterministic; the verdict is not its
  std::vector<Subtest> subtests;   // of the last attempt
  Excerpt transcript;              // of the last attempt; empty for what passed
  std::string repeat_command;      // "bootrig run 'boot/hello@virt[gic=3]'"
  Duration duration{0};            // of all attempts
  std::int64_t started_at_ms = 0;  // Unix time
};

// "boot/hello@virt#2" without its repetition: "boot/hello@virt". Which one it is: 1 where the id does not say.
std::string_view cell_of(std::string_view id);
unsigned repetition_of(std::string_view id);

struct RunInfo {
  std::string name;      // the matrix's name, or "selection"
  std::string command;   // as given
  std::string host;      // hostname, cores, memory, kernel
  std::string emulator;  // "QEMU 7.2.22"
  std::string revision;  // git's, of the project; with "+" when its tree is changed
  std::string tool_version;
  std::int64_t started_at_ms = 0;
  std::size_t planned = 0;
};

// Counts by standing; what the summary and the exit status are made of.
struct RunTotals {
  std::size_t passed = 0, expected_failures = 0, failed = 0, errors = 0, skipped = 0, quarantined = 0, flaky = 0;
  void add(Standing standing, std::size_t count = 1);
  std::size_t total() const { return passed + expected_failures + failed + errors + skipped + quarantined + flaky; }
};

// A reporter sees the run's start, each finished testcase once (from one thread, in the order of finishing), the end.
class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void begin(const RunInfo& run) { (void)run; }
  virtual void started(const std::string& id) { (void)id; }
  virtual void finished(const RunResult& result) = 0;
  // Called now and then, also while nothing happens.
  virtual void tick() {}
  // `interrupted`: testcases that were planned and have no result.
  virtual Result<void> end(const RunInfo& run, const RunTotals& totals, std::size_t missing) = 0;
};

}  // namespace bootrig
