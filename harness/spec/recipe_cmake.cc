#include "spec/recipe_cmake.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "spec/names.h"
#include "spec/recipe_stage.h"

namespace bootrig {
namespace {

bool in_identifier(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

// The name of a variable of the environment, or of a Python module.
bool is_identifier(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, in_identifier) &&
         !std::isdigit(static_cast<unsigned char>(text[0]));
}

// What CMake's -D and its cache take as a name without quotes.
bool is_definition(std::string_view text) {
  return !text.empty() && !text.starts_with('-') &&
         std::ranges::all_of(text, [](char c) { return in_identifier(c) || c == '-' || c == '.'; });
}

void check_below(JsonReader& json, const std::string& place, std::string_view path, std::string_view folder) {
  if (path.empty() || is_relative_path(path, /*inside=*/true)) return;
  json.refuse(place, fmt::format("'{}' is not below {}; write it without a '/' at the start and without '..'",
                                 printable(path), folder));
}

void check_below(JsonReader& json, const std::string& key, const std::vector<std::string>& paths,
                 std::string_view folder) {
  for (std::size_t i = 0; i < paths.size(); ++i) check_below(json, fmt::format("{}/{}", key, i), paths[i], folder);
}

void read_assertion(JsonReader& json, CmakeAssertion& assertion) {
  std::string cached;
  json.text("cache", cached);
  json.text("file", assertion.file);
  json.text("entry", assertion.entry);
  json.any_text("value", assertion.value, kRequired);
  json.text("unless", assertion.unless);
  json.text("because", assertion.because);
  check_below(json, "file", assertion.file, "the build folder");
  const bool in_file = json.has("file") && json.has("entry");
  if (json.has("cache") == in_file || json.has("file") != json.has("entry")) {
    json.refuse("", "an assertion names 'cache', an entry of CMake's cache, or 'file' and 'entry'");
  }
  if (json.has("cache")) assertion.entry = cached;
}

void read_requirements(JsonReader& json, CmakeStage& stage) {
  json.distinct_texts("files", stage.required_files);
  json.text_map("programs", stage.required_programs);
  json.text_map("python", stage.required_modules);
  check_below(json, "files", stage.required_files, "the source tree");
  for (const auto& [module, way] : stage.required_modules) {
    const std::string place = "python/" + escape_pointer(module);
    if (!is_identifier(module)) {
      json.refuse(place, fmt::format("'{}' is not a module's name; use letters, digits and '_'", printable(module)));
    }
    if (way.empty()) json.refuse(place, "found an empty string; the way to get the module is expected");
  }
}

}  // namespace

void read_cmake(JsonReader& json, CmakeStage& stage) {
  json.text("cmake", stage.name, kRequired);
  json.text("source", stage.source, kRequired);
  json.text("toolchain-file", stage.toolchain_file);
  json.text_map("definitions", stage.definitions);
  json.any_text("more-definitions", stage.more_definitions);
  json.text_map("environment", stage.environment);
  json.distinct_texts("targets", stage.targets);
  json.distinct_texts("outputs", stage.outputs, kRequired);
  json.objects("assert", [&](JsonReader& assertion) { read_assertion(assertion, stage.assertions.emplace_back()); });
  json.object("requires", [&](JsonReader& needs) { read_requirements(needs, stage); });
  check_below(json, "outputs", stage.outputs, "the build folder");
  check_relative(json, "source", stage.source);
  check_relative(json, "toolchain-file", stage.toolchain_file);
  for (const auto& [name, value] : stage.definitions) {
    if (is_definition(name)) continue;
    json.refuse(
        "definitions/" + escape_pointer(name),
        fmt::format("'{}' is not a name that CMake takes; use letters, digits, '_', '-' and '.'", printable(name)));
  }
  for (const auto& [name, value] : stage.environment) {
    if (is_identifier(name)) continue;
    json.refuse("environment/" + escape_pointer(name),
                fmt::format("'{}' is not a variable's name; use letters, digits and '_'", printable(name)));
  }
  for (std::size_t i = 0; i < stage.targets.size(); ++i) {
    if (!stage.targets[i].starts_with('-')) continue;
    json.refuse(fmt::format("targets/{}", i), fmt::format("'{}' is not a target", printable(stage.targets[i])));
  }
}

void read_elfloader(JsonReader& json, ElfloaderStage& stage) {
  json.text("elfloader", stage.name, kRequired);
  json.text("source", stage.source, kRequired);
  json.text("libraries", stage.libraries, kRequired);
  json.text("kernel", stage.kernel, kRequired);
  json.text("rootserver", stage.rootserver, kRequired);
  json.texts("flags", stage.flags);
  check_relative(json, "source", stage.source);
  check_relative(json, "libraries", stage.libraries);
  if (!stage.kernel.empty() && !is_name(stage.kernel)) {
    json.refuse("kernel", not_a_name(stage.kernel, "a stage's name"));
  }
  check_relative(json, "rootserver", stage.rootserver);
}

}  // namespace bootrig
