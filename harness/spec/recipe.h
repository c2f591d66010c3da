// Recipe: how an image is built, as images/<name>/recipe.json says. Plain data; image/ turns it into a build.ninja.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace bootrig {

// A parameter of a recipe. Values are text; "${name}" in a stage's strings is replaced by it.
struct RecipeParameter {
  std::string name;
  std::string summary;
  std::optional<std::string> default_value;   // without one: required, and the recipe is skipped when it is missing
  std::vector<std::string> allowed;           // empty: any text
  std::optional<std::string> from_target;     // a machine key ("memory", "gic", ...): the target decides
  std::map<std::string, std::string> values;  // what the target's value becomes here; another value: skipped
};

// compile: each source (.c or .S, relative to the recipe's folder) becomes an object of the stage's output group.
struct CompileStage {
  std::string name;  // other stages refer to the objects by it
  std::vector<std::string> sources;
  std::vector<std::string> include;  // folders, relative to the recipe's folder
  std::vector<std::string> flags;    // "-DFAULT=${fault}"
};
// link: objects of compile and embed stages, and prebuilt objects and libraries, into an ELF.
struct LinkStage {
  std::string name;                 // output: <name>.elf and <name>.map
  std::vector<std::string> inputs;  // stage names
  std::string script;               // linker script
  std::vector<std::string> flags;
};
// cpio: a newc archive, reproducible (zero times, owners and inodes, sorted).
struct CpioStage {
  std::string name;  // output: <name>.cpio
  // Name in the archive -> a stage's name, or a file relative to the recipe's folder.
  std::map<std::string, std::string> files;
  std::string truncate;  // a size once parameters are filled in: keep only so many bytes; "": whole
};
// embed: a file's bytes as an object with the symbols <symbol>, <symbol>_end and <symbol>_size.
struct EmbedStage {
  std::string name;
  std::string input;  // a stage's name or a file
  std::string symbol;
  std::string section = ".rodata.embedded";
  unsigned alignment = 16;
};
// prebuilt: a file that the user has; checked to exist, and by SHA-256 when one is given.
struct PrebuiltStage {
  std::string name;
  std::string file;  // may be "${parameter}"
  std::optional<std::string> sha256;
  std::string missing;  // why the image is skipped when the file is not there; "": then the recipe is wrong
};
// objcopy: an ELF file in another form, by the toolchain's objcopy.
struct ObjcopyStage {
  std::string name;   // output: <name>.elf, or <name>.bin when binary
  std::string input;  // a stage's name or a file
  bool binary = false;
  std::vector<std::string> flags;
};
// strip: an ELF file without its symbols, by the toolchain's strip.
struct StripStage {
  std::string name;                // output: <name>.elf
  std::string input;               // a stage's name or a file
  std::vector<std::string> flags;  // "--strip-debug"; none: all symbols go
};
// tool: a program of the user's. It runs in a folder of the stage's own, where it must leave the outputs.
struct ToolStage {
  std::string name;
  // In both, "${stage:NAME}" is a stage's file and "${file:PATH}" one relative to the recipe's folder, which are inputs.
  std::vector<std::string> command;
  std::map<std::string, std::string> environment;
  std::vector<std::string> inputs;   // what else it reads: stages' names or files
  std::vector<std::string> outputs;  // relative; the first is what other stages take
};
// device-tree-dump: QEMU's device tree of the machine that the image is for.
struct DeviceTreeDumpStage {
  std::string name;  // output: <name>.dtb
};
// device-tree-compile and device-tree-decompile: a source as a blob and the way back, by dtc.
struct DeviceTreeCompileStage {
  std::string name;   // output: <name>.dtb
  std::string input;  // a stage's name or a file
  std::vector<std::string> flags;
};
struct DeviceTreeDecompileStage {
  std::string name;   // output: <name>.dts
  std::string input;  // a stage's name or a file
  std::vector<std::string> flags;
};

using AnyStage = std::variant<CompileStage, LinkStage, CpioStage, EmbedStage, PrebuiltStage, ObjcopyStage, StripStage,
                              ToolStage, DeviceTreeDumpStage, DeviceTreeCompileStage, DeviceTreeDecompileStage>;
struct Stage {
  AnyStage what;
  std::string place;  // "images/reference/recipe.json:/stages/2"
};
const std::string& stage_name(const Stage& stage);

// What is booted in the end.
struct BootFile {
  std::string stage;                          // the stage whose output it is
  bool raw = false;                           // "format": "elf" or "raw"
  std::optional<std::uint64_t> load_address;  // raw: where it loads and is entered
  std::string load;                           // raw: the same before parameters are filled in; "": it has none
  std::string load_from;                      // raw: a prebuilt stage, at whose ELF file's entry the bytes load
  std::vector<std::string> symbols;           // stages whose ELF files have the symbols of what runs
};

// A named set of parameter values: image "<recipe>-<variant>".
struct Variant {
  std::string name;
  std::string summary;
  std::map<std::string, std::string> set;
};

struct Recipe {
  std::string name;  // the folder's name: "reference"
  std::string summary;
  std::filesystem::path folder;
  std::string toolchain = "aarch64-linux-gnu-";  // prefix of gcc and ld
  std::vector<RecipeParameter> parameters;
  std::vector<Variant> variants;
  std::vector<Stage> stages;  // in the file's order; a stage refers only to earlier ones
  BootFile boot;
};

Result<Recipe> parse_recipe(std::string_view name, std::string_view display_name, std::string_view text);

}  // namespace bootrig
