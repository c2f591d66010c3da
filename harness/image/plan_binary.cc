// The stages that make one file of another by binutils: objcopy and strip.
#include <fmt/format.h>

#include "image/planner.h"

namespace bootrig {

Planner::Added Planner::add(const ObjcopyStage& stage) {
  BOOTRIG_TRY_VOID(need_tool("objcopy", "binutils-aarch64-linux-gnu"));
  BOOTRIG_TRY(const std::string input, find_input(stage.input));
  BuildEdge edge;
  const std::string name = stage.name + (stage.binary ? ".bin" : ".elf");
  edge.output = fmt::format("{}/{}", out_, name);
  edge.description = fmt::format("objcopy {}/{}", recipe_.name, name);
  edge.inputs = {input};
  edge.command = {recipe_.toolchain + "objcopy"};
  if (stage.binary) edge.command.insert(edge.command.end(), {"-O", "binary"});
  edge.command.insert(edge.command.end(), stage.flags.begin(), stage.flags.end());
  edge.command.insert(edge.command.end(), {input, edge.output});
  return keep(std::move(edge), !stage.binary);
}

Planner::Added Planner::add(const StripStage& stage) {
  BOOTRIG_TRY_VOID(need_tool("strip", "binutils-aarch64-linux-gnu"));
  BOOTRIG_TRY(const std::string input, find_input(stage.input));
  BuildEdge edge;
  edge.output = fmt::format("{}/{}.elf", out_, stage.name);
  edge.description = fmt::format("strip {}/{}.elf", recipe_.name, stage.name);
  edge.inputs = {input};
  edge.command = {recipe_.toolchain + "strip"};
  edge.command.insert(edge.command.end(), stage.flags.begin(), stage.flags.end());
  edge.command.insert(edge.command.end(), {"-o", edge.output, input});
  return keep(std::move(edge), /*elf=*/true);
}

}  // namespace bootrig
