// Reads one stage of a recipe: the key that names it tells its kind. Knows one stage at a time; what stages are to each
// other is recipe_check's. Private to spec/.
#pragma once

#include <string>
#include <string_view>

#include "json/reader.h"
#include "spec/recipe.h"

namespace bootrig {

// `json` is the stage's object.
void read_stage(JsonReader& json, Stage& stage);

// Refuses an absolute path at `place`.
void check_relative(JsonReader& json, const std::string& place, std::string_view path);

}  // namespace bootrig
