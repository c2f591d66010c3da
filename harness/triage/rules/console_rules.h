// Rules about the way to the console, asked as those of rules.h are.
#pragma once

#include <optional>

#include "triage/facts.h"

namespace bootrig {

// Linux is told to use a console that this machine does not have.
std::optional<RootCause> wrong_console(const Facts& facts);

}  // namespace bootrig
