// The stages of device trees: QEMU's own of a machine, dtc both ways, overlays.
#include <fmt/format.h>

#include "image/planner.h"
#include "qemu/arguments.h"

namespace bootrig {

Planner::Added Planner::add(const DeviceTreeDumpStage& stage) {
  if (resolved_.machine.kind == MachineKind::kBoard) {
    return std::unexpected(ImageFailure{
        .kind = ImageFailure::Kind::kSkipped,
        .error = {"", fmt::format("stage '{}' asks QEMU for its device tree, and the target is a board", stage.name)}});
  }
  BOOTRIG_TRY_VOID(need_program(resolved_.machine.qemu, "qemu-system-arm"));
  BuildEdge edge;
  edge.output = fmt::format("{}/{}.dtb", out_, stage.name);
  edge.description = fmt::format("device-tree-dump {}/{}.dtb", recipe_.name, stage.name);
  edge.command = device_tree_arguments(resolved_.machine, edge.output);
  return keep(std::move(edge));
}

Planner::Added Planner::add(const DeviceTreeCompileStage& stage) {
  BOOTRIG_TRY_VOID(need_program("dtc", "device-tree-compiler"));
  BOOTRIG_TRY(const std::string input, find_input(stage.input));
  BuildEdge edge;
  edge.output = fmt::format("{}/{}.dtb", out_, stage.name);
  edge.description = fmt::format("device-tree-compile {}/{}.dtb", recipe_.name, stage.name);
  edge.depfile = edge.output + ".d";  // of what /include/ names
  edge.inputs = {input};
  edge.command = {"dtc", "-I", "dts", "-O", "dtb", "-d", edge.depfile, "-o", edge.output};
  edge.command.insert(edge.command.end(), stage.flags.begin(), stage.flags.end());
  edge.command.push_back(input);
  return keep(std::move(edge));
}

Planner::Added Planner::add(const DeviceTreeDecompileStage& stage) {
  BOOTRIG_TRY_VOID(need_program("dtc", "device-tree-compiler"));
  BOOTRIG_TRY(const std::string input, find_input(stage.input));
  BuildEdge edge;
  edge.output = fmt::format("{}/{}.dts", out_, stage.name);
  edge.description = fmt::format("device-tree-decompile {}/{}.dts", recipe_.name, stage.name);
  edge.inputs = {input};
  edge.command = {"dtc", "-I", "dtb", "-O", "dts", "-o", edge.output};
  edge.command.insert(edge.command.end(), stage.flags.begin(), stage.flags.end());
  edge.command.push_back(input);
  return keep(std::move(edge));
}

Planner::Added Planner::add(const DeviceTreeOverlayStage& stage) {
  BOOTRIG_TRY_VOID(need_program("fdtoverlay", "device-tree-compiler"));
  BOOTRIG_TRY(const std::string input, find_input(stage.input));
  BuildEdge edge;
  edge.output = fmt::format("{}/{}.dtb", out_, stage.name);
  edge.description = fmt::format("device-tree-overlay {}/{}.dtb", recipe_.name, stage.name);
  edge.inputs = {input};
  edge.command = {"fdtoverlay", "-i", input, "-o", edge.output};
  for (const std::string& overlay : stage.overlays) {
    BOOTRIG_TRY(const std::string file, find_input(overlay));
    edge.inputs.push_back(file);
    edge.command.push_back(file);
  }
  return keep(std::move(edge));
}

}  // namespace bootrig
