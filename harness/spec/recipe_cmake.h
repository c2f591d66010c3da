// Reads the stages of a recipe that build the trees of other projects. Private to spec/.
#pragma once

#include "json/reader.h"
#include "spec/recipe.h"

namespace bootrig {

// `json` is the stage's object.
void read_cmake(JsonReader& json, CmakeStage& stage);
void read_elfloader(JsonReader& json, ElfloaderStage& stage);

}  // namespace bootrig
