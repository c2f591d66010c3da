// The manual page bootrig(1) as roff (man(7) macros), out of the tree of commands. Pure.
#pragma once

#include <string>

#include "cli/command_tree.h"

namespace bootrig {

std::string manual_page(const CommandInfo& program, const std::string& version);

}  // namespace bootrig
