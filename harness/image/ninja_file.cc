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
std::string ninja_path(std::string_view path) {
  std::string text;
  for (const char c : path) {
    if (c == '|') {
      text += "${pipe}";
      continue;
    }
    if (c == '$' || c == ' ' || c == ':') text += '$';
    text += c;
  }
  return text;
}

std::string ninja_value(std::string_view value) {
  CHECK(value.find('\n') == std::string_view::npos);
  std::string text;
  for (const char c : value) text += c == '$' ? std::string("$$") : std::string(1, c);
  return text;
}

std::string edge_text(const BuildEdge& edge) {
  CHECK(edge.command.size() >= edge.kept_words);
  std::string text = fmt::format("\nbuild {}", ninja_path(edge.output));
  if (!edge.side_outputs.empty()) text += " |";
  for (const std::string& output : edge.side_outputs) text += " " + ninja_path(output);
  text += edge.depfile.empty() ? ": make" : ": compile";
  for (const std::string& input : edge.inputs) text += " " + ninja_path(input);
  if (edge.always) text += " | always-run";
  text += fmt::format("\n  what = {}\n", ninja_value(edge.description));
  if (!edge.depfile.empty()) text += fmt::format("  dep = {}\n", ninja_value(edge.depfile));
  const std::string command = shell_quote(edge.command);
  if (command.size() <= kCommandLimit) return text + fmt::format("  cmd = {}\n", ninja_value(command));
  const auto rest = edge.command.begin() + static_cast<std::ptrdiff_t>(edge.kept_words);
  const std::string response = edge.output + ".arguments";
  std::vector<std::string> kept(edge.command.begin(), rest);
  kept.push_back("@" + response);
  return text + fmt::format("  cmd = {}\n  rspfile = {}\n  rspfile_content = {}\n", ninja_value(shell_quote(kept)),
                            ninja_value(response), ninja_value(shell_quote({rest, edge.command.end()})));
}

}  // namespace

std::string ninja_text(const std::vector<BuildEdge>& edges) {
  std::string text(kHeader);
  for (const BuildEdge& edge : edges) text += edge_text(edge);
  return text;
}

std::string failed_name(const BuildEdge& edge) {
  std::string name = edge.output;
  for (const std::string& output : edge.side_outputs) name += " " + output;
  return name;
}

}  // namespace bootrig
