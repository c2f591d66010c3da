#include "image/ninja_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace bootrig {
namespace {

// A command is one argument of "sh -c", and Linux takes no argument of more than 128 KiB
// (MAX_ARG_STRLEN).
constexpr std::size_t kCommandLimit = 64 * 1024;

constexpr std::string_view kHeader =
    "# Written by bootrig. Every command stands in its edge.\n"
    "ninja_required_version = 1.10\n"
    "pipe = |\n"
    "\n"
    "rule compile\n"
    "  command = $cmd\n"
    "  description = $what\n"
    "  depfile = $dep\n"
    "  deps = gcc\n"
    "\n"
    "rule make\n"
    "  command = $cmd\n"
    "  description = $what\n"
    "  restat = 1\n"
    "\n"
    "build always-run: phony\n";

// Ninja's manual, "Lexical syntax". A '|' in a path has no escape of its own, but a variable may
// hold it.
void add_path(std::string& text, std::string_view path) {
  for (const char c : path) {
    if (c == '|') {
      text += "${pipe}";
    } else {
      if (c == '$' || c == ' ' || c == ':') text += '$';
      text += c;
    }
  }
}

// "  name = value", a line.
void add_value(std::string& text, std::string_view name, std::string_view value) {
  CHECK(value.find('\n') == std::string_view::npos);
  text += "  ";
  text += name;
  text += " = ";
  for (std::size_t dollar = value.find('$'); dollar != value.npos; dollar = value.find('$')) {
    text += value.substr(0, dollar);
    text += "$$";
    value.remove_prefix(dollar + 1);
  }
  text += value;
  text += '\n';
}

void add_command(std::string& text, const BuildEdge& edge) {
  CHECK(edge.command.size() >= edge.kept_words);
  const std::string command = shell_quote(edge.command);
  if (command.size() <= kCommandLimit) return add_value(text, "cmd", command);
  const auto rest = edge.command.begin() + static_cast<std::ptrdiff_t>(edge.kept_words);
  const std::string response = edge.output + ".arguments";
  std::vector<std::string> kept(edge.command.begin(), rest);
  kept.push_back("@" + response);
  add_value(text, "cmd", shell_quote(kept));
  add_value(text, "rspfile", response);
  add_value(text, "rspfile_content", shell_quote({rest, edge.command.end()}));
}

void add_edge(std::string& text, const BuildEdge& edge) {
  const auto add_paths = [&text](const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
      text += ' ';
      add_path(text, path);
    }
  };
  text += "\nbuild ";
  add_path(text, edge.output);
  if (!edge.side_outputs.empty()) text += " |";
  add_paths(edge.side_outputs);
  text += edge.depfile.empty() ? ": make" : ": compile";
  add_paths(edge.inputs);
  if (edge.always) text += " | always-run";
  text += '\n';
  add_value(text, "what", edge.description);
  if (!edge.depfile.empty()) add_value(text, "dep", edge.depfile);
  add_command(text, edge);
}

}  // namespace

std::string ninja_text(const std::vector<const BuildEdge*>& edges) {
  std::string text(kHeader);
  for (const BuildEdge* edge : edges) add_edge(text, *edge);
  return text;
}

std::string failed_name(const BuildEdge& edge) {
  std::string name = edge.output;
  for (const std::string& output : edge.side_outputs) name += " " + output;
  return name;
}

}  // namespace bootrig
