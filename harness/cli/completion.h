// What may follow on a command line that is being typed, and the scripts by which shells ask for it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cli/command_tree.h"

namespace bootrig {

// The names of what a word may be: "targets", "scenarios", "images", "matrices", "causes". `project`: as --project says
// on the line; "": none.
using NameSource = std::function<std::vector<std::string>(std::string_view what, const std::string& project)>;

// Whole words that begin with the line's last, which is unfinished (empty behind a blank). `line` begins with the
// program's name. None: a file's name may stand there, or anything.
std::vector<std::string> complete_line(const CommandInfo& program, std::string_view line, const NameSource& names);

// For "bash", "zsh" or "fish".
Result<std::string> completion_script(const std::string& shell);

}  // namespace bootrig
