// The stage that builds a CMake project of the user's.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "image/planner.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

// "A=1 B=2" over what is there. False: a word is no definition.
bool add_definitions(std::map<std::string, std::string>& definitions, std::string_view words) {
  for (std::string_view word : split(words, ' ')) {
    word = trim(word);
    if (word.starts_with("-D")) word.remove_prefix(2);
    if (word.empty()) continue;
    const std::size_t equals = word.find('=');
    if (equals == 0 || equals == std::string_view::npos || word.front() == '-') return false;
    definitions.insert_or_assign(std::string(word.substr(0, equals)), std::string(word.substr(equals + 1)));
  }
  return true;
}

}  // namespace

Planner::Found Planner::fill_shared(const std::string& word, const std::string& folder, BuildEdge& edge) {
  BuildEdge own;
  BOOTRIG_TRY(std::string filled, fill_references(word, own));
  for (const std::string& input : own.inputs) {
    if (fs::path(input).is_absolute()) {
      edge.inputs.push_back(input);
      continue;
    }
    // Without the first folder, which is the image's own.
    const std::string inside = input.substr(input.find('/') + 1);
    BuildEdge copy = native_edge("copy", fmt::format("{}/inputs/{}", folder, inside));
    copy.description = fmt::format("copy {}/{}", recipe_.name, inside);
    copy.command.push_back(input);
    copy.inputs = {input};
    const std::string from = (places_.folder / input).string(), to = (places_.folder / copy.output).string();
    for (std::size_t at = filled.find(from); at != std::string::npos; at = filled.find(from, at + to.size())) {
      filled.replace(at, from.size(), to);
    }
    edge.inputs.push_back(copy.output);
    const auto same = [&](const BuildEdge& other) { return other.output == copy.output; };
    if (std::ranges::none_of(plan_.edges, same)) plan_.edges.push_back(std::move(copy));
  }
  return filled;
}

Planner::Checked Planner::check_requirements(const CmakeStage& stage, const std::string& source) const {
  BOOTRIG_TRY_VOID(need_program("cmake", "cmake"));
  std::vector<std::string> files = stage.required_files;
  files.insert(files.begin(), "CMakeLists.txt");
  for (const std::string& file : files) {
    std::error_code ignored;
    if (fs::exists(fs::path(source) / file, ignored)) continue;
    return refuse("'{}' is not the source tree that is meant: there is no {} in it", printable(stage.source),
                  printable(file));
  }
  for (const auto& [program, package] : stage.required_programs) BOOTRIG_TRY_VOID(need_program(program, package));
  if (!stage.required_modules.empty()) BOOTRIG_TRY_VOID(need_program("python3", "python3"));
  return {};
}

Planner::Added Planner::add(const CmakeStage& stage) {
  BOOTRIG_TRY(const std::string source, find(stage.source, "source tree", fs::file_type::directory));
  BOOTRIG_TRY_VOID(check_requirements(stage, source));
  std::map<std::string, std::string> definitions = stage.definitions;
  if (!add_definitions(definitions, stage.more_definitions)) {
    return refuse("more-definitions: '{}' is not NAME=VALUE NAME=VALUE…", printable(stage.more_definitions));
  }
  const std::string folder = fmt::format("{}-cmake/{}-{}", recipe_.name, stage.name,
                                         stage_key(recipe_, stage, resolved_.machine).substr(0, 12));
  BuildEdge edge = native_edge("cmake", fmt::format("{}/build/{}", folder, stage.outputs.front()));
  edge.description = fmt::format("cmake {}/{}", recipe_.name, stage.name);
  edge.always = true;
  edge.command = {places_.program.string(), "stage", "cmake", "--folder", folder, "--source", source};
  edge.kept_words = 3;
  const auto say = [&edge](std::initializer_list<std::string> words) {
    edge.command.insert(edge.command.end(), words);
  };
  if (!stage.toolchain_file.empty()) {
    BOOTRIG_TRY(const std::string toolchain, find(stage.toolchain_file, "toolchain file"));
    say({"--toolchain", toolchain});
  }
  for (const auto& [name, value] : definitions) {
    BOOTRIG_TRY(const std::string filled, fill_shared(value, folder, edge));
    say({"--define", name + "=" + filled});
  }
  for (const auto& [name, value] : stage.environment) {
    BOOTRIG_TRY(const std::string filled, fill_shared(value, folder, edge));
    say({"--set", name + "=" + filled});
  }
  for (const std::string& input : edge.inputs) say({"--input", input});
  for (const std::string& target : stage.targets) say({"--target", target});
  for (const std::string& output : stage.outputs) {
    say({"--output", output});
    if (&output != &stage.outputs.front()) edge.side_outputs.push_back(fmt::format("{}/build/{}", folder, output));
  }
  for (const auto& [module, way] : stage.required_modules) say({"--module", module + "=" + way});
  for (const CmakeAssertion& assertion : stage.assertions) {
    say({"--assert", assertion.file, assertion.entry, assertion.value, assertion.unless, assertion.because});
  }
  StageOutput output = keep_named(std::move(edge));
  output.folder = folder + "/build";
  return output;
}

}  // namespace bootrig
