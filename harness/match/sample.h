// A line in which a pattern is found, made up from the pattern: what a console would have to say for a failure
// signature or a forbidden text to hit.
#pragma once

#include <optional>
#include <string>

#include "match/watch.h"

namespace bootrig::match {

// None: the pattern asks for more than is understood here. A line that is given is one that the pattern is found in.
std::optional<std::string> sample_line(const TextPattern& pattern);

}  // namespace bootrig::match
