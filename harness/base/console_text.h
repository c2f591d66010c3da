// Bytes as text for a terminal or a CI log: one line, nothing that moves the cursor, changes
// colours or reorders letters, and of a known width in columns.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bootrig {

// printable(), and: newlines as "\n", a tab as blanks, what is invisible or changes the direction
// of writing as U+FFFD.
std::string console_text(std::string_view bytes);

// Columns that well-formed text takes: two for East Asian wide letters and emoji, none for
// combining marks.
std::size_t columns_of(std::string_view text);

// Cut so that it fits, the last column then being '…'.
std::string cut_to(std::string_view text, std::size_t columns);
// Cut or filled with blanks to just so many columns.
std::string fit_to(std::string_view text, std::size_t columns);
// Broken into at most `max_lines` lines that fit, at a blank where there is one; what is left over
// is cut.
std::vector<std::string> wrap_to(std::string_view text, std::size_t columns, std::size_t max_lines);

}  // namespace bootrig
