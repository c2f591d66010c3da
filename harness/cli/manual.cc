#include "cli/manual.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"

namespace bootrig {
namespace {

// As it is: no request at a line's begin, no escape, and hyphens that can be pasted into a shell.
std::string roff(std::string_view text) {
  std::string escaped;
  bool at_begin = true;
  for (const char letter : text) {
    if (at_begin && (letter == '.' || letter == '\'')) escaped += "\\&";
    if (letter == '\\') {
      escaped += "\\e";
    } else if (letter == '-') {
      escaped += "\\-";
    } else {
      escaped += letter;
    }
    at_begin = letter == '\n';
  }
  return escaped;
}

std::string heading_of(const OptionInfo& option) {
  if (option.positional)
    return fmt::format("\\fI{}\\fR{}", roff(option.names.front()), option.repeatable ? " ..." : "");
  std::vector<std::string> names;
  for (const std::string& name : option.names) names.push_back(fmt::format("\\fB{}\\fR", roff(name)));
  std::string heading = fmt::format("{}", fmt::join(names, ", "));
  if (!option.choices.empty()) return heading + " " + roff(fmt::format("{}", fmt::join(option.choices, "|")));
  return option.takes_value ? heading + " \\fIVALUE\\fR" : heading;
}

std::string text_of(const OptionInfo& option) {
  std::string text = fmt::format(".TP\n{}\n{}", heading_of(option), roff(option.description));
  if (!option.default_value.empty()) text += fmt::format(" (default: {})", roff(option.default_value));
  if (option.positional && option.required) text += " (required)";
  return text + "\n";
}

std::string footer_text(const std::string& footer) {
  const std::string_view text = trim(footer);
  return text.empty() ? "" : fmt::format(".PP\n.nf\n{}\n.fi\n", roff(text));
}

std::string synopsis_of(const CommandInfo& command, const std::string& path) {
  std::string text = fmt::format("\\fB{}\\fR [options]", roff(path));
  for (const OptionInfo& option : command.options) {
    if (!option.positional) continue;
    const std::string name = fmt::format("\\fI{}\\fR{}", roff(option.names.front()), option.repeatable ? " ..." : "");
    text += option.required ? " " + name : " [" + name + "]";
  }
  return text;
}

std::string text_of(const CommandInfo& command, const std::string& path) {
  std::string text =
      fmt::format(".SS \"{}\"\n{}.\n.PP\n{}\n", roff(path), roff(command.summary), synopsis_of(command, path));
  for (const OptionInfo& option : command.options) text += text_of(option);
  text += footer_text(command.footer);
  for (const CommandInfo& inner : command.commands) text += text_of(inner, path + " " + inner.name);
  return text;
}

}  // namespace

std::string manual_page(const CommandInfo& program, const std::string& version) {
  std::string text = fmt::format(
      ".TH BOOTRIG 1 \"\" \"bootrig {}\" \"User Commands\"\n.SH NAME\nbootrig \\- boot tests for AArch64 images\n"
      ".SH SYNOPSIS\n\\fBbootrig\\fR \\fICOMMAND\\fR [options]\n.SH DESCRIPTION\n{}\n.SH OPTIONS\n",
      roff(version), roff(program.summary));
  for (const OptionInfo& option : program.options) text += text_of(option);
  text += ".SH COMMANDS\n";
  for (const CommandInfo& command : program.commands) text += text_of(command, "bootrig " + command.name);
  return text + ".SH EXIT STATUS\n" + footer_text(program.footer);
}

}  // namespace bootrig
