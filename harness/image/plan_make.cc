// The stages of files that others made: make in a source tree, Debian's packages; and the check of an ELF file.
#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"
#include "image/planner.h"

namespace bootrig {

namespace fs = std::filesystem;

Planner::Added Planner::add(const MakeStage& stage) {
  BOOTRIG_TRY_VOID(need_program("make", "make"));
  BOOTRIG_TRY(const std::string tree, find(stage.folder, "source tree", fs::file_type::directory));
  // The names that make looks for (GNU make manual, "What Name to Give Your Makefile").
  const std::vector<std::string> makefiles{"GNUmakefile", "makefile", "Makefile"};
  if (std::ranges::none_of(makefiles, [&](const auto& name) { return fs::is_regular_file(fs::path(tree) / name); })) {
    return refuse("the source tree '{}' has no makefile: neither {}", printable(stage.folder), one_of(makefiles));
  }
  const std::string folder = fmt::format("{}/{}", out_, stage.name);
  BuildEdge edge;
  edge.output = folder + "/" + stage.outputs.front();
  edge.description = fmt::format("make {}/{}", recipe_.name, stage.name);
  edge.depfile = folder + "~tree.d";
  edge.command = {places_.program.string(), "stage", "make"};
  edge.kept_words = edge.command.size();
  edge.command.insert(edge.command.end(), {"--tree", tree, "--folder", folder, "--depfile", edge.depfile});
  for (const std::string& output : stage.outputs) {
    edge.command.insert(edge.command.end(), {"--output", output});
    if (&output != &stage.outputs.front()) edge.side_outputs.push_back(folder + "/" + output);
  }
  if (!stage.build_variable.empty()) {
    edge.command.insert(edge.command.end(), {"--build-variable", stage.build_variable});
  }
  for (const auto& [name, value] : stage.variables) {
    edge.command.insert(edge.command.end(), {"--set", name + "=" + value});
  }
  for (const std::string& target : stage.targets) edge.command.insert(edge.command.end(), {"--target", target});
  return keep_named(std::move(edge));
}

Planner::Added Planner::add(const DebianPackageStage& stage) {
  const auto files = resolved_.packaged.find(stage.name);
  CHECK(files != resolved_.packaged.end() && !files->second.empty());
  StageOutput output{.file = files->second.front().string()};
  for (const fs::path& file : files->second) output.named.push_back(file.string());
  return output;
}

Planner::Added Planner::add(const CheckStage& stage) {
  BOOTRIG_TRY(const std::string input, find_input(stage.input));
  BuildEdge edge = native_edge("check", fmt::format("{}/{}.checked", out_, stage.name));
  const auto add_option = [&](const char* option, const std::string& value) {
    edge.command.insert(edge.command.end(), {option, value});
  };
  for (const std::string& symbol : stage.symbols) add_option("--symbol", symbol);
  if (!stage.entry.empty()) add_option("--entry", stage.entry);
  if (!stage.size_at_most.empty()) add_option("--size-at-most", stage.size_at_most);
  for (const std::string& section : stage.without_sections) add_option("--without-section", section);
  if (!stage.machine.empty()) add_option("--machine", stage.machine);
  if (stage.undefined) add_option("--undefined", "");
  for (const std::string& symbol : stage.undefined.value_or(std::vector<std::string>{})) {
    add_option("--undefined", symbol);
  }
  edge.command.push_back(input);
  edge.inputs = {input};
  keep(std::move(edge));
  return StageOutput{};
}

}  // namespace bootrig
