// bootrig doctor: what this host can and cannot do, and what mends it.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/console_text.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/host_checks.h"
#include "cli/parameters.h"
#include "json/value.h"

namespace bootrig {
namespace {

constexpr std::size_t kLeast = 20;  // columns of a version, however narrow the terminal is

struct DoctorOptions {
  std::string project;
  std::string output = "out";
  bool json = false;
};

bool lacks_what_it_needs(const HostCheck& check) {
  return check.needed && !check.ok;
}

const char* state_of(const HostCheck& check) {
  if (check.ok) return "ok";
  return check.broken ? "broken" : "missing";
}

void print_json(const std::vector<HostCheck>& checks) {
  JsonValue::Array rows;
  for (const HostCheck& check : checks) {
    rows.emplace_back(JsonValue::Object{{"name", check.name},
                                        {"state", state_of(check)},
                                        {"needed", check.needed},
                                        {"found", check.found},
                                        {"purpose", check.purpose},
                                        {"mend", check.mend}});
  }
  const bool ready = std::ranges::none_of(checks, lacks_what_it_needs);
  fmt::print("{}\n", write_json(JsonValue::Object{{"schema", "bootrig-doctor-1"}, {"ready", ready}, {"checks", rows}},
                                /*indented=*/true));
}

void print_check(const HostCheck& check, std::size_t name_width, std::size_t width) {
  const std::string head = fmt::format("{:<7}  {:<{}}  ", state_of(check), check.name, name_width);
  const std::string found = console_text(check.found);
  // What is wrong is told whole.
  fmt::print("{}{}\n", head, check.ok ? cut_to(found, std::max(width, head.size() + kLeast) - head.size()) : found);
  if (check.ok) return;
  const std::string indent(head.size(), ' ');
  fmt::print("{}{}: {}\n", indent, check.needed ? "needed for" : "only for", check.purpose);
  if (!check.mend.empty()) fmt::print("{}mend: {}\n", indent, console_text(check.mend));
}

void print_text(const std::vector<HostCheck>& checks) {
  std::size_t name_width = 0;
  for (const HostCheck& check : checks) name_width = std::max(name_width, check.name.size());
  const auto width = static_cast<std::size_t>(terminal_width(STDOUT_FILENO));
  for (const HostCheck& check : checks) print_check(check, name_width, width);
  const auto needed = std::ranges::count_if(checks, lacks_what_it_needs);
  const auto missing = std::ranges::count(checks, false, &HostCheck::ok);
  if (needed > 0) {
    const bool all_missing = std::ranges::none_of(checks, &HostCheck::broken);
    fmt::print("bootrig: {} that {} needed {} {}\n", needed, needed == 1 ? "is" : "are", needed == 1 ? "is" : "are",
               all_missing ? "missing" : "missing or broken");
  } else {
    fmt::print("bootrig: all that is needed is here; {} not needed {} missing\n", missing, missing == 1 ? "is" : "are");
  }
}

Result<int> doctor(const DoctorOptions& options) {
  BOOTRIG_TRY(const Project project, open_project(options.project));
  ForkingLauncher launcher;
  std::vector<HostCheck> checks = check_tools(launcher, project);
  for (HostCheck& check : check_host(launcher, project, options.output, user_cache_folder())) {
    checks.push_back(std::move(check));
  }
  options.json ? print_json(checks) : print_text(checks);
  return std::ranges::any_of(checks, lacks_what_it_needs) ? kExitUnexpected : kExitExpected;
}

}  // namespace

void add_doctor_command(CLI::App& app, int& status) {
  auto options = std::make_shared<DoctorOptions>();
  app.add_option("--project", options->project,
                 "Folder with targets/, scenarios/ and images/; found upwards from here");
  app.add_option("--output,-o", options->output, "Folder whose space is looked at")->capture_default_str();
  app.add_flag("--json", options->json, "For programs: reports/doctor.schema.json");
  app.footer(
      "Looks at tools, KVM, the project, slots and space; changes nothing and starts no machine. What is missing "
      "stands\n"
      "with what it is for and the command that mends it.\n\n"
      "Exit status: 0 nothing that is needed is missing, 1 something is, 2 it could not be looked at.");
  app.callback([options, &status] {
    const auto done = doctor(*options);
    status = done ? *done : tell(done.error());
  });
}

}  // namespace bootrig
