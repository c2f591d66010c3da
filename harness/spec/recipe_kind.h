// The kind of a stage as recipes write it: "compile", "debian-package".
#pragma once

#include <string_view>

#include "spec/recipe.h"

namespace bootrig {

std::string_view kind_of(const Stage& stage);

}  // namespace bootrig
