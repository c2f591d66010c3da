// SHA256SUMS: the digests of a folder's files, as sha256sum(1) writes and checks them. One form only: sorted by path,
// lower-case digits, two blanks, a path relative to the folder; so that equal folders give equal bytes.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace bootrig {

using Sums = std::map<std::string, std::string>;  // digests by path

// Of every file below the folder but those at its top that are named in `without`. An error: one is no regular file
// (a link, a pipe), its name has a newline, or it cannot be read.
Result<Sums> sums_of(const std::filesystem::path& folder, const std::vector<std::string>& without);
std::string sums_text(const Sums& sums);
// What of it are lines of the one form; others are passed over.
Sums parse_sums(std::string_view text);

// "a: is missing", "b: has changed", "c: was added", sorted by path.
std::vector<std::string> sums_differences(const Sums& wanted, const Sums& found);

}  // namespace bootrig
