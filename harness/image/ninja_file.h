// The text of a build.ninja. Knows ninja's and the shell's quoting, nothing of recipes.
#pragma once

#include <string>
#include <vector>

namespace bootrig {

// One command and its files. Paths are relative to build.ninja's folder, or absolute.
struct BuildEdge {
  std::string description;           // "compile images/reference/kernel/main.c"
  std::vector<std::string> command;  // argv; no word has a control character
  std::size_t kept_words = 1;        // of a command too long for a shell: the words before "@<response file>"
  std::string output;
  std::vector<std::string> side_outputs;  // a linker's map
  std::vector<std::string> inputs;
  std::string depfile;  // gcc's list of the headers; empty: none
  bool always = false;  // run each time: what is behind it knows best whether there is something to do
};

// Deterministic. An edge without a depfile may leave its output untouched when nothing changed
// (restat).
std::string ninja_text(const std::vector<const BuildEdge*>& edges);

// What ninja prints behind "FAILED: " for the edge.
std::string failed_name(const BuildEdge& edge);

}  // namespace bootrig
