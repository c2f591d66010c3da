// bootrig plan: every testcase, its exact command line, why it is skipped. Builds and starts nothing.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/host_options.h"
#include "cli/selection_options.h"

namespace bootrig {
namespace {

struct PlanOptions {
  SelectionOptions selection;
  HostOptions hosts;
  bool excluded = false;
};

// Where it runs, when that is not this host: "host 'a' or 'b'"; of an accelerator that this host lacks.
std::string elsewhere(const MachineSpec& machine, MachineFactory& machines) {
  const std::vector<std::size_t> chosen = machines.hosts_for(machine);
  if (std::ranges::find(chosen, 0u) != chosen.end()) return "";
  const std::vector<MachineHost> all = machines.hosts();
  std::vector<std::string> names;
  for (const std::size_t host : chosen) names.push_back(all.at(host).name);
  return "host " + one_of(names);
}

void print_testcase(const Testcase& testcase, MachineFactory& machines) {
  fmt::print("{}\n", testcase.id);
  auto skip = testcase.skip;
  if (!skip) skip = machines.unavailable(testcase.target.machine);
  if (skip) return fmt::print("  skip: {}\n", printable(*skip));
  if (testcase.expected_failure) {
    fmt::print("  expects {} ({}): {}\n", testcase.expected_failure->verdict, testcase.expected_failure->cause,
               printable(testcase.expected_failure->reason));
  }
  if (!testcase.quarantine.empty()) {
    fmt::print("  {}: {}\n", testcase.quarantined ? "quarantined" : "was quarantined", printable(testcase.quarantine));
  }
  // The image is built at run time; its name stands for its file.
  const MachineRequest request{testcase.target.machine, {testcase.scenario->image, std::nullopt}};
  fmt::print("  {}\n", printable(shell_quote(machines.command(request))));
  if (const std::string note = machines.note(testcase.target.machine); !note.empty()) {
    return fmt::print("  {}\n", printable(note));
  }
  const std::string host = elsewhere(testcase.target.machine, machines);
  if (!host.empty()) fmt::print("  on {}\n", host);
  if (const auto trouble = machines.trouble(testcase.target.machine)) {
    fmt::print("  would be an error (host): {}\n", printable(*trouble));
  }
}

Result<int> plan(const PlanOptions& options) {
  BOOTRIG_TRY(const Project project, open_whole_project(options.selection.project));
  BOOTRIG_TRY(const Selection selection, to_selection(options.selection));
  BOOTRIG_TRY(const Plan plan, make_plan(project, selection, today_utc()));
  const SteadyClock clock;
  const Interrupt interrupt;
  ForkingLauncher launcher;
  BOOTRIG_TRY(OtherHosts others, other_hosts(options.hosts, project));
  const auto machines = make_machine_factory(launcher, clock, interrupt, std::move(others));
  std::size_t skipped = 0;
  for (const Testcase& testcase : plan.testcases) {
    print_testcase(testcase, *machines);
    if (testcase.skip || machines->unavailable(testcase.target.machine)) ++skipped;
  }
  if (options.excluded) {
    for (const Exclusion& exclusion : plan.excluded) {
      fmt::print("{}\n  excluded: {}\n", exclusion.cell, printable(exclusion.reason));
    }
  }
  fmt::print("{} testcase{}, {} skipped; {} cell{} excluded{}\n", plan.testcases.size(),
             plan.testcases.size() == 1 ? "" : "s", skipped, plan.excluded.size(), plan.excluded.size() == 1 ? "" : "s",
             options.excluded || plan.excluded.empty() ? "" : " (--excluded shows them)");
  return kExitExpected;
}

}  // namespace

void add_plan_command(CLI::App& app, int& status) {
  auto options = std::make_shared<PlanOptions>();
  add_selection_options(app, options->selection);
  add_host_options(app, options->hosts);
  app.add_flag("--excluded", options->excluded, "Also show the cells that a rule or requirement leaves out, and why");
  app.footer(
      "The image's name stands for its file, which is built at run time.\n\n"
      "  bootrig plan --matrix nightly\n  bootrig plan 'faults/*@virt[*gic=3*]' --excluded");
  app.callback([options, &status] {
    const auto done = plan(*options);
    status = done ? *done : tell(done.error());
  });
}

}  // namespace bootrig
