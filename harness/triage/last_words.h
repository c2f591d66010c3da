// LastWords: what a program says when it gives up, and what these words ask for. Known are words of loaders' and kernels'
// sources; a console that holds others tells its reason all the same, and nothing more is made of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "triage/facts.h"

namespace bootrig {

// What to change when a program gives up with a line like this one. None: it is not known.
std::optional<std::string> change_for_words(const Facts& facts, std::string_view line);

struct LastWords {
  std::string program;              // "elfloader"
  std::string reason;               // the line that says why
  std::vector<std::string> before;  // lines before it that belong to it, in their order
  std::optional<std::string> change;
};

// Of the first program that gave up on the console. None: none did, or a panic whose words are not known.
std::optional<LastWords> find_last_words(const Facts& facts);

// The lines in front of the first one that contains `mark` and say "ERROR: ", at most three, in their order.
std::vector<std::string> errors_before(const Facts& facts, std::string_view mark);

}  // namespace bootrig
