// What names may look like. Names stand in testcase ids, globs, file names and ninja files: they
// hold no blanks, brackets, commas, '=', '@' or '*'.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "json/reader.h"

namespace bootrig {

// Letters, digits, '.', '_' and '-', beginning with a letter or digit: images, stages, tags,
// targets.
bool is_name(std::string_view text);
// Names joined by '/': "boot/hello".
bool is_path_of_names(std::string_view text);
// A letter, then letters, digits, '_' and '-': what "${name}" can hold.
bool is_parameter_name(std::string_view text);
// A path of names in which '*' and '?' stand for other characters.
bool is_glob(std::string_view text);
// A date that the Gregorian calendar has, "2027-01-31".
bool is_date(std::string_view text);
// Does not begin with '/' and, where `inside`, never leaves its folder by "..".
bool is_relative_path(std::string_view text, bool inside);

// "'x y' is not a name; use letters, ...": for errors.
std::string not_a_name(std::string_view text, std::string_view what);
std::string not_a_parameter_name(std::string_view text);

// Refuses at `key` what is_name refuses. `what`: "an image's name".
void check_name(JsonReader& json, std::string_view key, std::string_view name, std::string_view what);
void check_names(JsonReader& json, std::string_view key, const std::vector<std::string>& names, std::string_view what);

}  // namespace bootrig
