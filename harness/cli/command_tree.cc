#include "cli/command_tree.h"

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "cli/commands.h"

namespace bootrig {
namespace {

// CLI11 keeps them in words alone: "TEXT:{on,off}".
std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t begin = type.find(":{"), end = type.rfind('}');
  if (begin == type.npos || end == type.npos || end < begin + 2) return {};
  std::vector<std::string> choices;
  for (const std::string_view word : split(std::string_view(type).substr(begin + 2, end - begin - 2), ',')) {
    choices.emplace_back(word);
  }
  return choices;
}

OptionInfo info_of(const CLI::Option& option) {
  OptionInfo info;
  for (const std::string& name : option.get_lnames()) info.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) info.names.push_back("-" + name);
  info.positional = info.names.empty();
  if (info.positional) info.names.push_back(option.get_name(/*positional=*/true));
  info.required = option.get_required();
  info.takes_value = option.get_items_expected_max() > 0;
  info.repeatable = option.get_items_expected_max() > 1 ||
                    (info.takes_value && option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll);
  info.choices = choices_of(option);
  info.default_value = option.get_default_str();
  info.description = option.get_description();
  return info;
}

CommandInfo info_of(const CLI::App& app) {
  CommandInfo info{.name = app.get_name(), .summary = app.get_description(), .footer = app.get_footer()};
  for (const CLI::Option* option : app.get_options()) info.options.push_back(info_of(*option));
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    info.commands.push_back(info_of(*command));
  }
  return info;
}

}  // namespace

CommandInfo command_tree() {
  CLI::App app;
  int status = kExitExpected;
  add_all_commands(app, status);
  return info_of(app);
}

}  // namespace bootrig
