#include "spec/recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "json/reader.h"
#include "spec/machine_keys.h"
#include "spec/names.h"
#include "spec/recipe_check.h"
#include "spec/recipe_stage.h"

namespace bootrig {
namespace {

constexpr std::array<JsonChoice<BootFormat>, 3> kFormats{
    {{"elf", BootFormat::kElf}, {"raw", BootFormat::kRaw}, {"linux", BootFormat::kLinux}}};

void read_parameter(const std::string& name, JsonReader& json, RecipeParameter& parameter) {
  parameter.name = name;
  json.text("summary", parameter.summary, kRequired);
  json.any_text("default", parameter.default_value);
  json.distinct_texts("allowed", parameter.allowed);
  std::string from_target;
  json.word("from-target", from_target, machine_keys());
  if (!from_target.empty()) parameter.from_target = from_target;
  json.text_map("values", parameter.values);
  if (!parameter.values.empty() && from_target.empty()) {
    json.refuse("values", "'values' stand for those of the target; they need 'from-target'");
  }
  if (!is_parameter_name(name)) {
    json.refuse("", not_a_parameter_name(name));
  }
  if (parameter.from_target && parameter.default_value) {
    json.refuse("default", "a parameter that comes from the target has no default");
  }
}

void read_variant(const std::string& name, JsonReader& json, Variant& variant) {
  variant.name = name;
  json.text("summary", variant.summary, kRequired);
  json.text_map("set", variant.set, kRequired);
  if (!is_name(name)) json.refuse("", not_a_name(name, "a variant's name"));
}

void read_boot(JsonReader& json, BootFile& boot) {
  json.text("stage", boot.stage, kRequired);
  json.choice<BootFormat>("format", boot.format, kFormats);
  json.text("load", boot.load);
  json.text("load-from", boot.load_from);
  json.text("initrd", boot.initrd);
  json.any_text("append", boot.append);
  json.texts("arguments", boot.arguments);
  json.distinct_texts("symbols", boot.symbols);
  if (!boot.load.empty() && boot.load.find("${") == std::string::npos) {
    json.address("load", boot.load_address);
    boot.load.clear();
  }
  const bool raw = boot.format == BootFormat::kRaw;
  if (raw && json.has("load") == json.has("load-from")) {
    json.refuse("", json.has("load")
                        ? "'load' and 'load-from' both say where it is entered; leave one away"
                        : "the format 'raw' needs 'load', the address at which it is entered, or 'load-from'");
  }
  for (const char* key : {"load", "load-from"}) {
    if (raw || !json.has(key)) continue;
    json.refuse(key, boot.format == BootFormat::kLinux
                         ? fmt::format("a Linux Image says itself where it loads; '{}' is for the format 'raw'", key)
                         : fmt::format("an ELF file carries its addresses; '{}' is for the format 'raw'", key));
  }
  for (const char* key : {"initrd", "append"}) {
    if (boot.format != BootFormat::kLinux && json.has(key))
      json.refuse(key, fmt::format("only Linux takes it; '{}' is for the format 'linux'", key));
  }
}

void read_recipe(JsonReader& json, Recipe& recipe) {
  json.ignore("$schema");
  json.text("summary", recipe.summary, kRequired);
  json.text("toolchain", recipe.toolchain);
  json.object_map("parameters", [&](const std::string& name, JsonReader& parameter) {
    read_parameter(name, parameter, recipe.parameters.emplace_back());
  });
  json.object_map("variants", [&](const std::string& name, JsonReader& variant) {
    read_variant(name, variant, recipe.variants.emplace_back());
  });
  json.objects(
      "stages", [&](JsonReader& stage) { read_stage(stage, recipe.stages.emplace_back()); }, kRequired);
  json.object(
      "boot", [&](JsonReader& boot) { read_boot(boot, recipe.boot); }, kRequired);
  if (!json.failed()) check_recipe(json, recipe);
}

}  // namespace

const std::string& stage_name(const Stage& stage) {
  return std::visit([](const auto& what) -> const std::string& { return what.name; }, stage.what);
}

const std::vector<std::string>* named_outputs(const Stage& stage) {
  if (const auto* tool = std::get_if<ToolStage>(&stage.what)) return &tool->outputs;
  if (const auto* make = std::get_if<MakeStage>(&stage.what)) return &make->outputs;
  if (const auto* package = std::get_if<DebianPackageStage>(&stage.what)) return &package->files;
  if (const auto* project = std::get_if<CmakeStage>(&stage.what)) return &project->outputs;
  return nullptr;
}

std::optional<StageReference> find_reference(const std::vector<Stage>& stages, std::string_view text) {
  for (const Stage& stage : stages) {
    const std::string& name = stage_name(stage);
    if (text == name) return StageReference{&stage, std::nullopt};
    const auto* outputs = named_outputs(stage);
    if (!outputs || !text.starts_with(name + "/")) continue;
    const auto found = std::ranges::find(*outputs, text.substr(name.size() + 1));
    if (found != outputs->end()) return StageReference{&stage, found - outputs->begin()};
  }
  return std::nullopt;
}

Result<Recipe> parse_recipe(std::string_view name, std::string_view display_name, std::string_view text) {
  if (!is_name(name)) return fail(std::string(display_name), not_a_name(name, "a recipe's name"));
  BOOTRIG_TRY(const JsonDocument document, JsonDocument::parse(display_name, text));
  Recipe recipe;
  recipe.name = name;
  recipe.folder = std::filesystem::path(display_name).parent_path();
  BOOTRIG_TRY_VOID(document.read([&](JsonReader& json) { read_recipe(json, recipe); }));
  return recipe;
}

}  // namespace bootrig
