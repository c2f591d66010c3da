// The console as triage reads it: what the image said, on the lines of the transcript where it said it.
#pragma once

#include <string>
#include <string_view>

#include "run/verdict.h"

namespace bootrig {

// The lines of a firmware before it are empty. Empty altogether when the image said nothing.
std::string image_console(std::string_view transcript, const Outcome& outcome);

}  // namespace bootrig
