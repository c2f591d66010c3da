// The stage that runs a program of the user's.
#include <fmt/format.h>

#include "base/text.h"
#include "image/planner.h"

namespace bootrig {

Planner::Found Planner::fill_references(const std::string& word, BuildEdge& edge) const {
  std::string filled;
  std::size_t at = 0;
  for (std::size_t start = word.find("${"); start != std::string::npos; start = word.find("${", at)) {
    const std::size_t end = word.find('}', start);
    if (end == std::string::npos) break;
    const std::string name = word.substr(start + 2, end - start - 2);
    const bool stage = name.starts_with("stage:");
    if (!stage && !name.starts_with("file:")) return refuse("'{}' has a '${{' that means nothing", printable(word));
    BOOTRIG_TRY(const std::string input, stage ? find_input(name.substr(6)) : find(name.substr(5), "file"));
    edge.inputs.push_back(input);
    filled.append(word, at, start - at).append((places_.folder / input).string());
    at = end + 1;
  }
  return filled.append(word, at);
}

Planner::Added Planner::add(const ToolStage& stage) {
  const std::string folder = fmt::format("{}/{}", out_, stage.name);
  BuildEdge edge = native_edge("tool", folder + "/" + stage.outputs.front());
  edge.description = fmt::format("tool {}/{}", recipe_.name, stage.name);
  edge.command = {places_.program.string(), "stage", "tool", "--folder", folder};
  edge.kept_words = 3;
  for (const std::string& output : stage.outputs) {
    edge.command.insert(edge.command.end(), {"--output", output});
    if (&output != &stage.outputs.front()) edge.side_outputs.push_back(folder + "/" + output);
  }
  for (const auto& [name, value] : stage.environment) {
    BOOTRIG_TRY(const std::string filled, fill_references(value, edge));
    edge.command.insert(edge.command.end(), {"--set", name + "=" + filled});
  }
  edge.command.push_back("--");
  for (const std::string& word : stage.command) {
    BOOTRIG_TRY(std::string filled, fill_references(word, edge));
    const bool program = &word == &stage.command.front();
    const bool relative = !filled.starts_with('/') && filled.find('/') != std::string::npos;
    if (program && relative) {
      return refuse("the program '{0}' is relative, and the tool runs elsewhere; write '${{file:{0}}}'",
                    printable(filled));
    }
    if (program && word.find("${stage:") == std::string::npos) BOOTRIG_TRY_VOID(need_program(filled, ""));
    edge.command.push_back(std::move(filled));
  }
  for (const std::string& name : stage.inputs) {
    BOOTRIG_TRY(const std::string input, find_input(name));
    edge.inputs.push_back(input);
  }
  return keep_named(std::move(edge));
}

}  // namespace bootrig
