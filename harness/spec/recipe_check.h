// What the parts of a recipe must be to each other: stages refer to earlier ones of the right kind,
// "${name}" to parameters, variants to parameters and their allowed values. Private to spec/.
#pragma once

#include <string_view>

#include "json/reader.h"
#include "spec/recipe.h"

namespace bootrig {

// The key that a stage of this kind is written with.
constexpr std::string_view stage_kind(const CompileStage&) {
  return "compile";
}
constexpr std::string_view stage_kind(const LinkStage&) {
  return "link";
}
constexpr std::string_view stage_kind(const CpioStage&) {
  return "cpio";
}
constexpr std::string_view stage_kind(const EmbedStage&) {
  return "embed";
}
constexpr std::string_view stage_kind(const PrebuiltStage&) {
  return "prebuilt";
}
constexpr std::string_view stage_kind(const ObjcopyStage&) {
  return "objcopy";
}
constexpr std::string_view stage_kind(const StripStage&) {
  return "strip";
}
constexpr std::string_view stage_kind(const ToolStage&) {
  return "tool";
}
constexpr std::string_view stage_kind(const DeviceTreeDumpStage&) {
  return "device-tree-dump";
}
constexpr std::string_view stage_kind(const DeviceTreeCompileStage&) {
  return "device-tree-compile";
}
constexpr std::string_view stage_kind(const DeviceTreeDecompileStage&) {
  return "device-tree-decompile";
}
constexpr std::string_view stage_kind(const CmakeStage&) {
  return "cmake";
}
constexpr std::string_view stage_kind(const ElfloaderStage&) {
  return "elfloader";
}

constexpr std::string_view stage_kind(const AssembleStage&) {
  return "assemble";
}
constexpr std::string_view stage_kind(const DebianPackageStage&) {
  return "debian-package";
}
constexpr std::string_view stage_kind(const MakeStage&) {
  return "make";
}
constexpr std::string_view stage_kind(const CheckStage&) {
  return "check";
}
constexpr std::string_view stage_kind(const DeviceTreeOverlayStage&) {
  return "device-tree-overlay";
}

// `json` is the recipe's root object: refusals name places in it.
void check_recipe(JsonReader& json, const Recipe& recipe);

}  // namespace bootrig
