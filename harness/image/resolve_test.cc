#include "image/resolve.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

using Values = std::map<std::string, std::string>;

// parameters: ending (default, allowed), memory (from the target), sel4 (required when
// `with_tree`).
Recipe reference_recipe(bool with_tree = false) {
  Recipe recipe{.name = "reference", .summary = "Loader, kernel and user thread", .folder = "images/reference"};
  recipe.parameters = {
      {.name = "ending", .summary = "how it ends", .default_value = "power-off", .allowed = {"power-off", "run"}},
      {.name = "memory", .summary = "RAM of the target", .from_target = "memory"},
      {.name = "tag", .summary = "a word", .default_value = "plain"}};
  if (with_tree) recipe.parameters.push_back({.name = "sel4", .summary = "path of a kernel tree"});
  recipe.variants = {{.name = "hello", .summary = "Says hello", .set = {{"ending", "run"}, {"tag", "variant"}}}};
  recipe.stages = {
      {CompileStage{"objects", {"main.c"}, {}, {"-DENDING_${ending}", "-DTAG=${tag}${tag}"}}, "recipe.json:/stages/0"},
      {LinkStage{"kernel", {"objects"}, "kernel.ld", {}}, "recipe.json:/stages/1"}};
  recipe.boot.stage = "kernel";
  return recipe;
}

const std::vector<std::string>& flags(const ResolvedRecipe& resolved) {
  return std::get<CompileStage>(resolved.recipe.stages[0].what).flags;
}

// The failure's sentence with its place.
std::string message(const Recipe& recipe, const ImageRequest& request, const Values& user = {},
                    ImageFailure::Kind kind = ImageFailure::Kind::kBadSpec) {
  const auto result = resolve_request({recipe}, request, user);
  if (result) return "no error";
  EXPECT_EQ(result.error().kind, kind);
  return to_text(result.error().error);
}

TEST(Resolve, FillsInEveryParameter) {
  const auto resolved = resolve_request({reference_recipe()}, {.name = "reference"}, {}).value();
  EXPECT_EQ(resolved.parameters, (Values{{"ending", "power-off"}, {"memory", "1G"}, {"tag", "plain"}}));
  EXPECT_EQ(flags(resolved), (std::vector<std::string>{"-DENDING_power-off", "-DTAG=plainplain"}));
  EXPECT_EQ(resolved.key.size(), 64u);
}

TEST(Resolve, TheScenarioGoesBeforeTheUserBeforeTheVariantBeforeTheDefault) {
  const auto tag = [](const ImageRequest& request, const Values& user) {
    return resolve_request({reference_recipe()}, request, user).value().parameters.at("tag");
  };
  EXPECT_EQ(tag({.name = "reference"}, {}), "plain");
  EXPECT_EQ(tag({.name = "reference-hello"}, {}), "variant");
  EXPECT_EQ(tag({.name = "reference-hello"}, {{"tag", "user"}}), "user");
  EXPECT_EQ(tag({.name = "reference-hello", .set = {{"tag", "scenario"}}}, {{"tag", "user"}}), "scenario");
}

TEST(Resolve, TheTargetDecidesUnlessSomeoneElseDoes) {
  ImageRequest request{.name = "reference"};
  request.machine.memory = std::uint64_t{3} << 30;
  const auto memory = [&](const Values& user) {
    return resolve_request({reference_recipe()}, request, user).value().parameters.at("memory");
  };
  EXPECT_EQ(memory({}), "3G");
  EXPECT_EQ(memory({{"memory", "512M"}}), "512M");
}

TEST(Resolve, TheKeyFollowsWhatIsBuilt) {
  const auto key = [](const Recipe& recipe, const ImageRequest& request) {
    return resolve_request({recipe}, request, {}).value().key;
  };
  const std::string plain = key(reference_recipe(), {.name = "reference"});
  EXPECT_NE(key(reference_recipe(), {.name = "reference-hello"}), plain);
  // The variant's values given by hand come to the same build.
  EXPECT_EQ(key(reference_recipe(), {.name = "reference", .set = {{"ending", "run"}, {"tag", "variant"}}}),
            key(reference_recipe(), {.name = "reference-hello"}));
  // No stage uses the memory, and the folder may stand anywhere.
  ImageRequest larger{.name = "reference"};
  larger.machine.memory *= 2;
  EXPECT_EQ(key(reference_recipe(), larger), plain);
  Recipe moved = reference_recipe();
  moved.folder = "/elsewhere/images/reference";
  EXPECT_EQ(key(moved, {.name = "reference"}), plain);
  Recipe other_tools = reference_recipe();
  other_tools.toolchain = "aarch64-none-elf-";
  EXPECT_NE(key(other_tools, {.name = "reference"}), plain);
  Recipe other_flags = reference_recipe();
  std::get<LinkStage>(other_flags.stages[1].what).flags = {"-nostdlib"};
  EXPECT_NE(key(other_flags, {.name = "reference"}), plain);
}

TEST(Resolve, SkipsWithoutARequiredParameter) {
  EXPECT_EQ(message(reference_recipe(true), {.name = "reference"}, {}, ImageFailure::Kind::kSkipped),
            "parameter 'sel4' is not given: path of a kernel tree (give --set sel4=…)");
  EXPECT_EQ(message(reference_recipe(true), {.name = "reference"}, {{"sel4", "/src/sel4"}}), "no error");
}

TEST(Resolve, RefusesUnknownNames) {
  EXPECT_EQ(message(reference_recipe(), {.name = "reference-helo"}),
            "there is no image 'reference-helo'; there are 'reference' or 'reference-hello'; did "
            "you mean "
            "'reference-hello'?");
  EXPECT_EQ(message(reference_recipe(), {.name = "reference", .set = {{"endin", "run"}}}),
            "recipe 'reference' has no parameter 'endin'; it has 'ending', 'memory' or 'tag'; did "
            "you mean 'ending'?");
  EXPECT_EQ(to_text(resolve_request({}, {.name = "x"}, {}).error().error), "there is no image 'x'; there is no recipe");
}

TEST(Resolve, AUsersParameterMayBelongToAnotherRecipe) {
  Recipe other{.name = "other"};
  other.parameters = {{.name = "depth", .default_value = "1"}};
  EXPECT_TRUE(resolve_request({reference_recipe(), other}, {.name = "reference"}, {{"depth", "2"}}));
}

TEST(Resolve, RefusesValuesThatAreNotAllowed) {
  EXPECT_EQ(message(reference_recipe(), {.name = "reference", .set = {{"ending", "runs"}}}),
            "parameter 'ending' of recipe 'reference' cannot be 'runs'; allowed: 'power-off' or "
            "'run'; did you mean "
            "'run'?");
}

TEST(Resolve, RefusesStringsThatCannotBeFilledIn) {
  const auto with_flag = [](const std::string& flag) {
    Recipe recipe = reference_recipe();
    std::get<CompileStage>(recipe.stages[0].what).flags = {flag};
    return message(recipe, {.name = "reference"});
  };
  EXPECT_EQ(with_flag("-D${endin}"),
            "recipe.json:/stages/0: recipe 'reference' has no parameter 'endin'; it has 'ending', "
            "'memory' or 'tag'; "
            "did you mean 'ending'?");
  EXPECT_EQ(with_flag("-D${tag"), "recipe.json:/stages/0: '-D${tag': a '${' is not closed");
  EXPECT_EQ(with_flag("-DA\nbuild x: y"), "recipe.json:/stages/0: '-DA\nbuild x: y' has a control character");
  EXPECT_EQ(with_flag("-D$tag$"), "no error");
}

TEST(Resolve, AValueIsNotFilledInAgain) {
  const auto resolved = resolve_request({reference_recipe()}, {.name = "reference"}, {{"tag", "${ending}"}}).value();
  EXPECT_EQ(flags(resolved)[1], "-DTAG=${ending}${ending}");
}

TEST(ListImages, NamesRecipesAndVariants) {
  std::vector<std::string> names;
  for (const ImageListing& image : list_images({reference_recipe()}))
    names.push_back(image.name + ": " + image.summary);
  EXPECT_EQ(names,
            (std::vector<std::string>{"reference: Loader, kernel and user thread", "reference-hello: Says hello"}));
}

}  // namespace
}  // namespace bootrig
