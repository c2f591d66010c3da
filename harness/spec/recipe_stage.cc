#include "spec/recipe_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>

#include "base/text.h"
#include "spec/names.h"
#include "spec/recipe_check.h"
#include "spec/recipe_cmake.h"

namespace bootrig {
namespace {

constexpr std::array<JsonChoice<bool>, 2> kObjcopyFormats{{{"elf", false}, {"binary", true}}};
constexpr unsigned kMaxAlignment = 1U << 21;  // a level 2 block of the 4 KiB granule

void read_paths(JsonReader& json, std::string_view key, std::vector<std::string>& paths, Presence presence) {
  json.distinct_texts(key, paths, presence);
  for (std::size_t i = 0; i < paths.size(); ++i) check_relative(json, fmt::format("{}/{}", key, i), paths[i]);
}

void check_inside(JsonReader& json, std::string_view key, const std::vector<std::string>& paths,
                  std::string_view folder) {
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (is_relative_path(paths[i], /*inside=*/true)) continue;
    json.refuse(fmt::format("{}/{}", key, i),
                fmt::format("'{}' is not below {}; write it without a '/' at the start and without '..'",
                            printable(paths[i]), folder));
  }
}

// A size where no parameter stands in it; one that is filled in later is looked at then.
void check_size(JsonReader& json, std::string_view key, const std::string& size) {
  if (size.empty() || size.find("${") != std::string::npos) return;
  if (const auto parsed = parse_size(size); !parsed) json.refuse(key, parsed.error().message);
}

void read_compile(JsonReader& json, CompileStage& stage) {
  json.text("compile", stage.name, kRequired);
  read_paths(json, "sources", stage.sources, kRequired);
  read_paths(json, "include", stage.include, kOptional);
  json.texts("flags", stage.flags);
  for (std::size_t i = 0; i < stage.sources.size(); ++i) {
    const std::string& source = stage.sources[i];
    if (source.ends_with(".c") || source.ends_with(".S")) continue;
    json.refuse(fmt::format("sources/{}", i),
                fmt::format("'{}' is not a source that compiles; '.c' and '.S' files do", printable(source)));
  }
}

void read_assemble(JsonReader& json, AssembleStage& stage) {
  json.text("assemble", stage.name, kRequired);
  read_paths(json, "sources", stage.sources, kRequired);
  read_paths(json, "include", stage.include, kOptional);
  json.texts("flags", stage.flags);
  for (std::size_t i = 0; i < stage.sources.size(); ++i) {
    const std::string& source = stage.sources[i];
    if (source.ends_with(".s") || source.ends_with(".S")) continue;
    json.refuse(fmt::format("sources/{}", i),
                fmt::format("'{}' is not a source that assembles; '.S' and '.s' files do", printable(source)));
  }
}

void read_link(JsonReader& json, LinkStage& stage) {
  json.text("link", stage.name, kRequired);
  json.distinct_texts("inputs", stage.inputs, kRequired);
  json.text("script", stage.script, kRequired);
  json.texts("flags", stage.flags);
  check_relative(json, "script", stage.script);
}

void read_cpio(JsonReader& json, CpioStage& stage) {
  json.text("cpio", stage.name, kRequired);
  json.text_map("files", stage.files, kRequired);
  json.any_text("truncate", stage.truncate);
  for (const auto& [name, input] : stage.files) {
    const std::string place = "files/" + escape_pointer(name);
    if (!is_relative_path(name, /*inside=*/true) || name.find('\0') != std::string::npos) {
      json.refuse(place, fmt::format("'{}' is not a name in an archive; write it without a '/' at the start and "
                                     "without '..'",
                                     printable(name)));
    }
    check_relative(json, place, input);
  }
  check_size(json, "truncate", stage.truncate);
}

bool is_symbol(std::string_view text) {
  const auto in_symbol = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  return std::ranges::all_of(text, in_symbol) && !std::isdigit(static_cast<unsigned char>(text[0]));
}

bool is_section(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-'; });
}

void read_embed(JsonReader& json, EmbedStage& stage) {
  json.text("embed", stage.name, kRequired);
  json.text("input", stage.input, kRequired);
  json.text("symbol", stage.symbol, kRequired);
  json.text("section", stage.section);
  json.count("align", stage.alignment, 1, kMaxAlignment);
  check_relative(json, "input", stage.input);
  if (!stage.symbol.empty() && !is_symbol(stage.symbol)) {
    json.refuse("symbol", fmt::format("'{}' is not a C identifier", printable(stage.symbol)));
  }
  if (!is_section(stage.section)) {
    json.refuse("section", fmt::format("'{}' is not a section's name; use letters, digits, '.', '_' and '-'",
                                       printable(stage.section)));
  }
  if (!std::has_single_bit(stage.alignment)) {
    json.refuse("align", fmt::format("found {}; a power of two is expected", stage.alignment));
  }
}

void read_prebuilt(JsonReader& json, PrebuiltStage& stage) {
  json.text("prebuilt", stage.name, kRequired);
  json.text("file", stage.file, kRequired);
  json.text("sha256", stage.sha256);
  json.text("missing", stage.missing);
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (stage.sha256 && (stage.sha256->size() != 64 || !std::ranges::all_of(*stage.sha256, is_hex))) {
    json.refuse("sha256", fmt::format("'{}' is not a SHA-256; 64 lower-case hexadecimal digits are expected",
                                      printable(*stage.sha256)));
  }
}

void read_objcopy(JsonReader& json, ObjcopyStage& stage) {
  json.text("objcopy", stage.name, kRequired);
  json.text("input", stage.input, kRequired);
  json.choice<bool>("format", stage.binary, kObjcopyFormats, kRequired);
  json.texts("flags", stage.flags);
  check_relative(json, "input", stage.input);
}

void read_strip(JsonReader& json, StripStage& stage) {
  json.text("strip", stage.name, kRequired);
  json.text("input", stage.input, kRequired);
  json.texts("flags", stage.flags);
  check_relative(json, "input", stage.input);
}

void read_tool(JsonReader& json, ToolStage& stage) {
  json.text("tool", stage.name, kRequired);
  json.texts("command", stage.command, kRequired);
  json.text_map("environment", stage.environment);
  read_paths(json, "inputs", stage.inputs, kOptional);
  json.distinct_texts("outputs", stage.outputs, kRequired);
  check_inside(json, "outputs", stage.outputs, "the stage's folder");
  for (const auto& [name, value] : stage.environment) {
    if (!name.empty() && is_symbol(name)) continue;
    json.refuse("environment/" + escape_pointer(name),
                fmt::format("'{}' is not a variable's name; use letters, digits and '_'", printable(name)));
  }
}

void read_make(JsonReader& json, MakeStage& stage) {
  json.text("make", stage.name, kRequired);
  json.text("folder", stage.folder, kRequired);
  json.distinct_texts("targets", stage.targets);
  json.text_map("variables", stage.variables);
  json.text("build-variable", stage.build_variable);
  json.distinct_texts("outputs", stage.outputs, kRequired);
  check_relative(json, "folder", stage.folder);
  check_inside(json, "outputs", stage.outputs, "the folder that make builds in");
  const auto refuse_variable = [&](const std::string& place, const std::string& name) {
    if (!name.empty() && is_symbol(name)) return;
    json.refuse(place, fmt::format("'{}' is not a variable's name; use letters, digits and '_'", printable(name)));
  };
  for (const auto& [name, value] : stage.variables) refuse_variable("variables/" + escape_pointer(name), name);
  if (json.has("build-variable")) refuse_variable("build-variable", stage.build_variable);
  for (std::size_t i = 0; i < stage.targets.size(); ++i) {
    const std::string& target = stage.targets[i];
    if (!target.starts_with('-') && target.find('=') == std::string::npos) continue;
    json.refuse(
        fmt::format("targets/{}", i),
        fmt::format("'{}' is not a target; variables stand in 'variables', options nowhere", printable(target)));
  }
}

// Letters of Debian's names (Debian Policy, 5.6.1), and what a glob and a parameter need.
bool is_package(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || std::string_view("+-.*?${}_").find(c) != std::string::npos;
  });
}

void read_debian_package(JsonReader& json, DebianPackageStage& stage) {
  json.text("debian-package", stage.name, kRequired);
  json.text("package", stage.package, kRequired);
  json.text("architecture", stage.architecture);
  std::optional<std::string> follow;
  json.text("follow", follow);
  stage.follow = follow.value_or("");
  json.distinct_texts("files", stage.files, kRequired);
  check_inside(json, "files", stage.files, "the package's root");
  for (const auto& [key, text] : {std::pair{"package", stage.package}, std::pair{"architecture", stage.architecture},
                                  std::pair{"follow", stage.follow}}) {
    if (is_package(text) && !text.starts_with('-')) continue;
    json.refuse(
        key, fmt::format("'{}' is not a name that Debian has; use letters, digits, '+', '-' and '.'", printable(text)));
  }
}

const std::vector<std::string> kMachines{"aarch64", "arm", "x86-64", "riscv"};

void read_check(JsonReader& json, CheckStage& stage) {
  json.text("check", stage.name, kRequired);
  json.text("input", stage.input, kRequired);
  json.distinct_texts("symbols", stage.symbols);
  std::optional<std::string> entry, size;
  json.text("entry", entry);
  json.text("size-at-most", size);
  stage.entry = entry.value_or("");
  stage.size_at_most = size.value_or("");
  json.distinct_texts("without-sections", stage.without_sections);
  json.word("machine", stage.machine, kMachines);
  if (json.has("undefined")) json.distinct_texts("undefined", stage.undefined.emplace());
  json.ignore("undefined");
  check_relative(json, "input", stage.input);
  check_size(json, "size-at-most", stage.size_at_most);
  if (json.keys().size() < 3) json.refuse("", "a check has at least one property that must hold");
}

void read_device_tree_overlay(JsonReader& json, DeviceTreeOverlayStage& stage) {
  json.text("device-tree-overlay", stage.name, kRequired);
  json.text("input", stage.input, kRequired);
  read_paths(json, "overlays", stage.overlays, kRequired);
  check_relative(json, "input", stage.input);
}

void read_device_tree_dump(JsonReader& json, DeviceTreeDumpStage& stage) {
  json.text("device-tree-dump", stage.name, kRequired);
}

template <typename T>
void read_device_tree(JsonReader& json, T& stage) {
  json.text(stage_kind(stage), stage.name, kRequired);
  json.text("input", stage.input, kRequired);
  json.texts("flags", stage.flags);
  check_relative(json, "input", stage.input);
}

template <typename T>
void read_as(JsonReader& json, Stage& stage, void (*read)(JsonReader&, T&)) {
  T what;
  read(json, what);
  check_name(json, stage_kind(what), what.name, "a stage's name");
  stage.what = std::move(what);
}

// The error of a stage without any of the keys that tell its kind.
std::string no_kind(const std::vector<std::string>& keys, const std::vector<std::string>& kinds) {
  for (const std::string& key : keys) {
    if (!nearest_spelling(key, kinds).empty()) {
      return fmt::format("'{}' is no kind of stage{}", printable(key), did_you_mean(key, kinds));
    }
  }
  const std::string found = keys.empty() ? "no key" : printable(fmt::format("'{}'", fmt::join(keys, "' and '")));
  return fmt::format("a stage has one of {}; this one has {}", one_of(kinds), found);
}

}  // namespace

void check_relative(JsonReader& json, const std::string& inside, std::string_view path) {
  if (path.empty() || is_relative_path(path, /*inside=*/false)) return;
  json.refuse(inside, fmt::format("'{}' is absolute; write it relative to the recipe's folder, or take the folder "
                                  "as a parameter",
                                  printable(path)));
}

void read_stage(JsonReader& json, Stage& stage) {
  stage.place = json.place();
  static const std::vector<std::string> kKinds{"compile",
                                               "link",
                                               "cpio",
                                               "embed",
                                               "prebuilt",
                                               "objcopy",
                                               "strip",
                                               "tool",
                                               "device-tree-dump",
                                               "device-tree-compile",
                                               "device-tree-decompile",
                                               "cmake",
                                               "elfloader",
                                               "assemble",
                                               "debian-package",
                                               "make",
                                               "check",
                                               "device-tree-overlay"};
  std::vector<std::string> found;
  for (const std::string& kind : kKinds) {
    if (json.has(kind)) found.push_back(kind);
  }
  if (found.size() != 1) {
    json.refuse("", found.empty()
                        ? no_kind(json.keys(), kKinds)
                        : fmt::format("a stage is one thing; this one has '{}'", fmt::join(found, "' and '")));
    return json.ignore_all();
  }
  if (found[0] == "compile") return read_as(json, stage, read_compile);
  if (found[0] == "link") return read_as(json, stage, read_link);
  if (found[0] == "cpio") return read_as(json, stage, read_cpio);
  if (found[0] == "embed") return read_as(json, stage, read_embed);
  if (found[0] == "objcopy") return read_as(json, stage, read_objcopy);
  if (found[0] == "strip") return read_as(json, stage, read_strip);
  if (found[0] == "tool") return read_as(json, stage, read_tool);
  if (found[0] == "device-tree-dump") return read_as(json, stage, read_device_tree_dump);
  if (found[0] == "device-tree-compile") return read_as(json, stage, read_device_tree<DeviceTreeCompileStage>);
  if (found[0] == "device-tree-decompile") return read_as(json, stage, read_device_tree<DeviceTreeDecompileStage>);
  if (found[0] == "cmake") return read_as(json, stage, read_cmake);
  if (found[0] == "elfloader") return read_as(json, stage, read_elfloader);
  if (found[0] == "assemble") return read_as(json, stage, read_assemble);
  if (found[0] == "debian-package") return read_as(json, stage, read_debian_package);
  if (found[0] == "make") return read_as(json, stage, read_make);
  if (found[0] == "check") return read_as(json, stage, read_check);
  if (found[0] == "device-tree-overlay") return read_as(json, stage, read_device_tree_overlay);
  read_as(json, stage, read_prebuilt);
}

}  // namespace bootrig
