// bootrig explain: what a root cause means, at more length than a diagnosis can.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "spec/root_causes.h"
#include "triage/cause_pages.h"

namespace bootrig {
namespace {

std::string first_sentence(std::string_view page) {
  page.remove_prefix(std::string_view("What: ").size());
  std::string text(page.substr(0, std::min(page.find(". "), page.find(".\n"))));
  std::ranges::replace(text, '\n', ' ');
  return text;
}

Result<int> explain(const std::string& name) {
  if (name.empty()) {
    for (const CausePage& page : cause_pages()) fmt::print("{:<27} {}\n", page.name, first_sentence(page.text));
    return kExitExpected;
  }
  const CausePage* page = find_cause_page(name);
  if (page == nullptr) {
    return fail(fmt::format("there is no root cause '{}' ('bootrig explain' lists them){}", printable(name),
                            did_you_mean(name, root_cause_names())));
  }
  fmt::print("{}\n\n{}\n", page->name, page->text);
  return kExitExpected;
}

}  // namespace

void add_explain_command(CLI::App& app, int& status) {
  auto cause = std::make_shared<std::string>();
  app.add_option("CAUSE", *cause, "A root cause, as triage names it; none: a list of all");
  app.footer(
      "The pages stand in docs/causes.md as well.\n\n"
      "  bootrig explain                        every root cause in one line\n"
      "  bootrig explain table-not-linked       what it is, why, how to confirm it by hand, how to mend it\n\n"
      "Exit status: 0 it is told, 2 there is no such cause.");
  app.callback([cause, &status] {
    const auto done = explain(*cause);
    status = done ? *done : tell(done.error());
  });
}

}  // namespace bootrig
