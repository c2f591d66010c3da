// What a configured tree says of itself: the entries of a CMake cache, of a JSON file or of a header of #defines, and
// whether they are as a recipe wants them. Pure: bytes in, hostile ones too.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.h"
#include "spec/recipe.h"

namespace bootrig {

using Configuration = std::map<std::string, std::string>;

// The form is told by the name (CMakeCache.txt) and the first byte (JSON begins with a brace); everything else is a
// header. JSON: the members of the root that are texts, numbers, true (ON) or false (OFF). A header: "#define NAME
// VALUE", without a value ON; "#undef NAME", also in a comment, and "/* disabled: NAME */" are OFF.
Result<Configuration> parse_configuration(std::string_view name, std::string_view text);

// The sentence of a contradiction, "" when the entries are as wanted. `name` is the file's, for the sentence.
std::string contradiction(const CmakeAssertion& wanted, std::string_view name, const Configuration& found);

}  // namespace bootrig
