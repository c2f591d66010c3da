#include "spec/recipe_kind.h"

#include "spec/recipe_check.h"

namespace bootrig {

std::string_view kind_of(const Stage& stage) {
  return std::visit([](const auto& what) { return stage_kind(what); }, stage.what);
}

}  // namespace bootrig
