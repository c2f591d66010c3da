// Generalise: a transcript file out of what boots of one image said. What differs between them becomes a placeholder,
// what is equal stays literal. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace bootrig {

// `consoles`: at least one; without ANSI escapes. Lines that not all have become a gap ("...").
//
// The same texts get the same name, after the word before them. Lines of `before`, the transcript that there was (or
// nothing), are kept as they were written where they still match, and so are its comments and gaps: what a gap let pass
// still passes, and so does what follows its last line. Errors: `before` is no transcript; a console has no line that
// all have.
Result<std::string> generalise(const std::vector<std::string>& consoles, std::string_view before_name,
                               std::string_view before);

}  // namespace bootrig
