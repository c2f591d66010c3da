#include "spec/recipe_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/text.h"
#include "spec/recipe_kind.h"

namespace bootrig {
namespace {

// Looks stages up by name, as seen from one place in the file.
class StageNames {
 public:
  explicit StageNames(const Recipe& recipe) : recipe_(recipe) {}

  // Of "STAGE" and, where the stage has that output, of "STAGE/NAME".
  const Stage* find(std::string_view name) const {
    const auto found = find_reference(recipe_.stages, name);
    return found ? found->stage : nullptr;
  }
  // Whether a stage stands above number `index`.
  bool is_above(const Stage& stage, std::size_t index) const { return &stage < recipe_.stages.data() + index; }
  std::vector<std::string> above(std::size_t index, const std::vector<std::string>& kinds) const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < index; ++i) {
      const Stage& stage = recipe_.stages[i];
      if (std::ranges::find(kinds, kind_of(stage)) != kinds.end()) names.push_back(stage_name(stage));
    }
    return names;
  }

  // The stages' names, and those of their outputs.
  std::vector<std::string> spellings(std::vector<std::string> stages) const {
    for (std::size_t i = 0, count = stages.size(); i < count; ++i) {
      const auto* outputs = named_outputs(*find(stages[i]));
      if (!outputs) continue;
      for (const std::string& output : *outputs) stages.push_back(fmt::format("{}/{}", stages[i], output));
    }
    return stages;
  }

 private:
  const Recipe& recipe_;
};

const std::vector<std::string> kObjectKinds{"compile", "assemble", "embed", "prebuilt"};
const std::vector<std::string> kFileKinds{"link",
                                          "cpio",
                                          "prebuilt",
                                          "objcopy",
                                          "strip",
                                          "tool",
                                          "device-tree-dump",
                                          "device-tree-compile",
                                          "device-tree-decompile",
                                          "cmake",
                                          "elfloader",
                                          "device-tree-overlay",
                                          "make",
                                          "debian-package"};
const std::vector<std::string> kElfKinds{"link", "prebuilt",       "objcopy", "strip",    "tool",
                                         "make", "debian-package", "cmake",   "elfloader"};

// A reference that stage `index` makes at `place`. `file_too`: what is no stage's name is a file's.
void check_reference(JsonReader& json, const Recipe& recipe, std::size_t index, const std::string& place,
                     const std::string& name, const std::vector<std::string>& kinds, bool file_too) {
  const StageNames names(recipe);
  const Stage* stage = names.find(name);
  if (!stage) {
    if (file_too) return;
    const std::vector<std::string> candidates = names.above(index, kinds);
    const std::string near = did_you_mean(name, names.spellings(candidates));
    const std::string allowed =
        candidates.empty() || !near.empty() ? "" : fmt::format("; {} can stand here", one_of(candidates));
    return json.refuse(place, fmt::format("there is no stage '{}'{}{}", printable(name), near, allowed));
  }
  if (!names.is_above(*stage, index)) {
    return json.refuse(place,
                       fmt::format("the stage '{}' does not stand above; a stage refers to earlier stages only", name));
  }
  if (std::ranges::find(kinds, kind_of(*stage)) == kinds.end()) {
    json.refuse(place, fmt::format("'{}' is a '{}' stage; a stage of the kind {} is expected", name, kind_of(*stage),
                                   one_of(kinds)));
  }
}

// Every "${stage:NAME}" of a word.
void check_stages_in(JsonReader& json, const Recipe& recipe, std::size_t index, const std::string& place,
                     const std::string& text) {
  constexpr std::string_view kBegin = "${stage:";
  for (std::size_t at = text.find(kBegin); at != std::string::npos; at = text.find(kBegin, at + 1)) {
    const std::size_t end = text.find('}', at);
    if (end == std::string::npos) return;  // check_replacements says so
    const std::string name = text.substr(at + kBegin.size(), end - at - kBegin.size());
    check_reference(json, recipe, index, place, name, kFileKinds, false);
  }
}

void check_tool(JsonReader& json, const Recipe& recipe, std::size_t index, const ToolStage& tool) {
  const std::string place = fmt::format("stages/{}", index);
  for (std::size_t i = 0; i < tool.command.size(); ++i) {
    check_stages_in(json, recipe, index, fmt::format("{}/command/{}", place, i), tool.command[i]);
  }
  for (const auto& [name, value] : tool.environment) {
    check_stages_in(json, recipe, index, fmt::format("{}/environment/{}", place, escape_pointer(name)), value);
  }
  for (std::size_t i = 0; i < tool.inputs.size(); ++i) {
    check_reference(json, recipe, index, fmt::format("{}/inputs/{}", place, i), tool.inputs[i], kFileKinds, true);
  }
}

void check_cmake(JsonReader& json, const Recipe& recipe, std::size_t index, const CmakeStage& project) {
  const auto check = [&](const std::string& key, const std::map<std::string, std::string>& values) {
    for (const auto& [name, value] : values) {
      check_stages_in(json, recipe, index, fmt::format("stages/{}/{}/{}", index, key, escape_pointer(name)), value);
    }
  };
  check("definitions", project.definitions);
  check("environment", project.environment);
}

void check_references(JsonReader& json, const Recipe& recipe) {
  for (std::size_t i = 0; i < recipe.stages.size(); ++i) {
    const std::string place = fmt::format("stages/{}", i);
    if (const auto* link = std::get_if<LinkStage>(&recipe.stages[i].what)) {
      for (std::size_t j = 0; j < link->inputs.size(); ++j) {
        check_reference(json, recipe, i, fmt::format("{}/inputs/{}", place, j), link->inputs[j], kObjectKinds, false);
      }
    } else if (const auto* cpio = std::get_if<CpioStage>(&recipe.stages[i].what)) {
      for (const auto& [name, input] : cpio->files) {
        check_reference(json, recipe, i, fmt::format("{}/files/{}", place, escape_pointer(name)), input, kFileKinds,
                        true);
      }
    } else if (const auto* embed = std::get_if<EmbedStage>(&recipe.stages[i].what)) {
      check_reference(json, recipe, i, place + "/input", embed->input, kFileKinds, true);
    } else if (const auto* objcopy = std::get_if<ObjcopyStage>(&recipe.stages[i].what)) {
      check_reference(json, recipe, i, place + "/input", objcopy->input, kElfKinds, true);
    } else if (const auto* strip = std::get_if<StripStage>(&recipe.stages[i].what)) {
      check_reference(json, recipe, i, place + "/input", strip->input, kElfKinds, true);
    } else if (const auto* tool = std::get_if<ToolStage>(&recipe.stages[i].what)) {
      check_tool(json, recipe, i, *tool);
    } else if (const auto* project = std::get_if<CmakeStage>(&recipe.stages[i].what)) {
      check_cmake(json, recipe, i, *project);
    } else if (const auto* loader = std::get_if<ElfloaderStage>(&recipe.stages[i].what)) {
      check_reference(json, recipe, i, place + "/kernel", loader->kernel, {"cmake"}, false);
      check_reference(json, recipe, i, place + "/rootserver", loader->rootserver, kElfKinds, true);
    } else if (const auto* source = std::get_if<DeviceTreeCompileStage>(&recipe.stages[i].what)) {
      check_reference(json, recipe, i, place + "/input", source->input, kFileKinds, true);
    } else if (const auto* blob = std::get_if<DeviceTreeDecompileStage>(&recipe.stages[i].what)) {
      check_reference(json, recipe, i, place + "/input", blob->input, kFileKinds, true);
    } else if (const auto* check = std::get_if<CheckStage>(&recipe.stages[i].what)) {
      check_reference(json, recipe, i, place + "/input", check->input, kElfKinds, true);
    } else if (const auto* tree = std::get_if<DeviceTreeOverlayStage>(&recipe.stages[i].what)) {
      check_reference(json, recipe, i, place + "/input", tree->input, kFileKinds, true);
      for (std::size_t j = 0; j < tree->overlays.size(); ++j) {
        check_reference(json, recipe, i, fmt::format("{}/overlays/{}", place, j), tree->overlays[j], kFileKinds, true);
      }
    }
  }
  const std::size_t end = recipe.stages.size();
  check_reference(json, recipe, end, "boot/stage", recipe.boot.stage,
                  recipe.boot.format == BootFormat::kElf ? kElfKinds : kFileKinds, false);
  if (!recipe.boot.initrd.empty())
    check_reference(json, recipe, end, "boot/initrd", recipe.boot.initrd, kFileKinds, false);
  for (std::size_t i = 0; i < recipe.boot.arguments.size(); ++i) {
    check_stages_in(json, recipe, end, fmt::format("boot/arguments/{}", i), recipe.boot.arguments[i]);
  }
  if (!recipe.boot.load_from.empty()) {
    check_reference(json, recipe, end, "boot/load-from", recipe.boot.load_from, {"prebuilt"}, false);
  }
  for (std::size_t i = 0; i < recipe.boot.symbols.size(); ++i) {
    check_reference(json, recipe, end, fmt::format("boot/symbols/{}", i), recipe.boot.symbols[i], kElfKinds, false);
  }
}

// The stage's kind alone does not tell what objcopy makes.
void check_boot_format(JsonReader& json, const Recipe& recipe) {
  const auto booted = std::ranges::find(recipe.stages, recipe.boot.stage, stage_name);
  if (recipe.boot.format != BootFormat::kElf || booted == recipe.stages.end()) return;
  const auto* objcopy = std::get_if<ObjcopyStage>(&booted->what);
  if (!objcopy || !objcopy->binary) return;
  json.refuse("boot/stage", fmt::format("'{}' makes raw bytes; they boot with the format 'raw'", recipe.boot.stage));
}

void check_stage_names(JsonReader& json, const Recipe& recipe) {
  for (std::size_t i = 1; i < recipe.stages.size(); ++i) {
    const std::string& name = stage_name(recipe.stages[i]);
    for (std::size_t j = 0; j < i; ++j) {
      if (stage_name(recipe.stages[j]) != name) continue;
      json.refuse(fmt::format("stages/{}/{}", i, kind_of(recipe.stages[i])),
                  fmt::format("the name '{}' is that of /stages/{} already", name, j));
    }
  }
}

std::vector<std::string> parameter_names(const Recipe& recipe) {
  std::vector<std::string> names;
  for (const RecipeParameter& parameter : recipe.parameters) names.push_back(parameter.name);
  return names;
}

// Every "${name}" of a stage's string. `references`: "${stage:NAME}" and "${file:PATH}" may stand there.
void check_replacements(JsonReader& json, const std::string& place, std::string_view text,
                        const std::vector<std::string>& parameters, bool references) {
  for (std::size_t at = text.find("${"); at != std::string_view::npos; at = text.find("${", at + 2)) {
    const std::size_t end = text.find('}', at);
    if (end == std::string_view::npos) {
      return json.refuse(place, fmt::format("'{}' has a '${{' without a '}}'", printable(text)));
    }
    const std::string_view name = text.substr(at + 2, end - at - 2);
    if (std::ranges::find(parameters, name) != parameters.end()) continue;
    if (references && (name.starts_with("stage:") || name.starts_with("file:"))) continue;
    const std::string near = did_you_mean(name, parameters);
    const std::string others =
        near.empty() && !parameters.empty() ? fmt::format("; there is {}", one_of(parameters)) : near;
    return json.refuse(place, fmt::format("the recipe has no parameter '{}'{}", printable(name), others));
  }
}

using TextVisit = std::function<void(const std::string& inside, const std::string& text)>;

void visit_list(const std::string& key, const std::vector<std::string>& list, const TextVisit& visit) {
  for (std::size_t i = 0; i < list.size(); ++i) visit(fmt::format("{}/{}", key, i), list[i]);
}
void visit_texts(const CompileStage& stage, const TextVisit& visit) {
  visit_list("sources", stage.sources, visit);
  visit_list("include", stage.include, visit);
  visit_list("flags", stage.flags, visit);
}
void visit_texts(const LinkStage& stage, const TextVisit& visit) {
  visit("script", stage.script);
  visit_list("flags", stage.flags, visit);
}
void visit_texts(const CpioStage& stage, const TextVisit& visit) {
  for (const auto& [name, input] : stage.files) visit("files/" + escape_pointer(name), input);
  visit("truncate", stage.truncate);
}
void visit_texts(const EmbedStage& stage, const TextVisit& visit) {
  visit("input", stage.input);
}
void visit_texts(const PrebuiltStage& stage, const TextVisit& visit) {
  visit("file", stage.file);
  visit("missing", stage.missing);
}
void visit_texts(const ObjcopyStage& stage, const TextVisit& visit) {
  visit("input", stage.input);
  visit_list("flags", stage.flags, visit);
}
void visit_texts(const StripStage& stage, const TextVisit& visit) {
  visit("input", stage.input);
  visit_list("flags", stage.flags, visit);
}
void visit_texts(const ToolStage& stage, const TextVisit& visit) {
  visit_list("command", stage.command, visit);
  for (const auto& [name, value] : stage.environment) visit("environment/" + escape_pointer(name), value);
  visit_list("inputs", stage.inputs, visit);
  visit_list("outputs", stage.outputs, visit);
}
void visit_texts(const CmakeStage& stage, const TextVisit& visit) {
  visit("source", stage.source);
  visit("toolchain-file", stage.toolchain_file);
  for (const auto& [name, value] : stage.definitions) visit("definitions/" + escape_pointer(name), value);
  for (const auto& [name, value] : stage.environment) visit("environment/" + escape_pointer(name), value);
  visit("more-definitions", stage.more_definitions);
  visit_list("targets", stage.targets, visit);
  for (std::size_t i = 0; i < stage.assertions.size(); ++i) {
    visit(fmt::format("assert/{}/value", i), stage.assertions[i].value);
  }
}
void visit_texts(const ElfloaderStage& stage, const TextVisit& visit) {
  visit("source", stage.source);
  visit("libraries", stage.libraries);
  visit("rootserver", stage.rootserver);
  visit_list("flags", stage.flags, visit);
}
void visit_texts(const AssembleStage& stage, const TextVisit& visit) {
  visit_list("sources", stage.sources, visit);
  visit_list("include", stage.include, visit);
  visit_list("flags", stage.flags, visit);
}
void visit_texts(const DebianPackageStage& stage, const TextVisit& visit) {
  visit("package", stage.package);
  visit("architecture", stage.architecture);
  visit("follow", stage.follow);
  visit_list("files", stage.files, visit);
}
void visit_texts(const MakeStage& stage, const TextVisit& visit) {
  visit("folder", stage.folder);
  visit_list("targets", stage.targets, visit);
  for (const auto& [name, value] : stage.variables) visit("variables/" + escape_pointer(name), value);
  visit_list("outputs", stage.outputs, visit);
}
void visit_texts(const CheckStage& stage, const TextVisit& visit) {
  visit("input", stage.input);
  visit_list("symbols", stage.symbols, visit);
  visit("entry", stage.entry);
  visit("size-at-most", stage.size_at_most);
}
void visit_texts(const DeviceTreeOverlayStage& stage, const TextVisit& visit) {
  visit("input", stage.input);
  visit_list("overlays", stage.overlays, visit);
}
void visit_texts(const DeviceTreeDumpStage&, const TextVisit&) {}
void visit_texts(const DeviceTreeCompileStage& stage, const TextVisit& visit) {
  visit("input", stage.input);
  visit_list("flags", stage.flags, visit);
}
void visit_texts(const DeviceTreeDecompileStage& stage, const TextVisit& visit) {
  visit("input", stage.input);
  visit_list("flags", stage.flags, visit);
}

void check_parameter_value(JsonReader& json, const std::string& place, const RecipeParameter& parameter,
                           const std::string& value) {
  if (parameter.allowed.empty() || std::ranges::find(parameter.allowed, value) != parameter.allowed.end()) return;
  json.refuse(place, fmt::format("'{}' is not allowed for the parameter '{}'; {} is{}", printable(value),
                                 parameter.name, one_of(parameter.allowed), did_you_mean(value, parameter.allowed)));
}

void check_values(JsonReader& json, const Recipe& recipe) {
  for (const RecipeParameter& parameter : recipe.parameters) {
    if (!parameter.default_value) continue;
    check_parameter_value(json, fmt::format("parameters/{}/default", parameter.name), parameter,
                          *parameter.default_value);
  }
  const std::vector<std::string> names = parameter_names(recipe);
  for (const Variant& variant : recipe.variants) {
    for (const auto& [name, value] : variant.set) {
      const std::string place = fmt::format("variants/{}/set/{}", variant.name, escape_pointer(name));
      const auto parameter = std::ranges::find(recipe.parameters, name, &RecipeParameter::name);
      if (parameter != recipe.parameters.end()) {
        check_parameter_value(json, place, *parameter, value);
      } else {
        json.refuse(place,
                    fmt::format("the recipe has no parameter '{}'{}", printable(name), did_you_mean(name, names)));
      }
    }
  }
}

}  // namespace

void check_recipe(JsonReader& json, const Recipe& recipe) {
  check_values(json, recipe);
  check_stage_names(json, recipe);
  check_references(json, recipe);
  check_boot_format(json, recipe);
  const std::vector<std::string> parameters = parameter_names(recipe);
  check_replacements(json, "boot/load", recipe.boot.load, parameters, false);
  for (std::size_t i = 0; i < recipe.stages.size(); ++i) {
    const bool takes_references = std::holds_alternative<ToolStage>(recipe.stages[i].what) ||
                                  std::holds_alternative<CmakeStage>(recipe.stages[i].what);
    const auto check = [&](const std::string& inside, const std::string& text) {
      const bool references =
          takes_references &&
          (inside.starts_with("command/") || inside.starts_with("environment/") || inside.starts_with("definitions/"));
      check_replacements(json, fmt::format("stages/{}/{}", i, inside), text, parameters, references);
    };
    std::visit([&](const auto& what) { visit_texts(what, check); }, recipe.stages[i].what);
  }
  check_replacements(json, "boot/append", recipe.boot.append, parameters, false);
  for (std::size_t i = 0; i < recipe.boot.arguments.size(); ++i) {
    check_replacements(json, fmt::format("boot/arguments/{}", i), recipe.boot.arguments[i], parameters, true);
  }
}

}  // namespace bootrig
