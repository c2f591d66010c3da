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
// assemble: as compile, of assembler alone: .S through the C preprocessor, .s as it is.
struct AssembleStage {
  std::string name;
  std::vector<std::string> sources;
  std::vector<std::string> include;
  std::vector<std::string> flags;
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
// debian-package: files of a Debian package, which apt fetches once into the user's cache folder.
struct DebianPackageStage {
  std::string name;
  std::string package;
  std::string architecture = "arm64";
  std::string follow;              // a glob: the dependency that it matches instead, and so on; "": the package itself
  std::vector<std::string> files;  // globs of paths in the package, of one file each; the first is what others take
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
// make: files of a source tree with a makefile. The tree stays as it is.
struct MakeStage {
  std::string name;
  std::string folder;                            // the tree
  std::vector<std::string> targets;              // none: the makefile's first
  std::map<std::string, std::string> variables;  // given on make's command line
  std::string build_variable;        // "O": the tree can build elsewhere when told the folder so; "": a copy is built
  std::vector<std::string> outputs;  // relative to where it builds; the first is what other stages take
};
// check: what must hold of an ELF file. Makes nothing that other stages take.
struct CheckStage {
  std::string name;
  std::string input;                                  // a stage's name or a file
  std::vector<std::string> symbols;                   // must be defined
  std::string entry;                                  // the address, or the symbol that stands there
  std::string size_at_most;                           // of the file
  std::vector<std::string> without_sections;          // must not be there
  std::string machine;                                // "aarch64"
  std::optional<std::vector<std::string>> undefined;  // only these symbols may be undefined
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

// What a configured CMake project must say of itself.
struct CmakeAssertion {
  std::string file;    // below the build folder: JSON, or a header of #defines; "": CMake's cache
  std::string entry;   // "KernelPrinting"
  std::string value;   // ON, OFF, TRUE and FALSE stand for all their spellings
  std::string unless;  // an entry that takes the value back where it is true; "": none
  std::string because;
};
// cmake: files of a CMake project that the user has, configured and built outside of its tree. The tree's own build
// finds what changed in it.
struct CmakeStage {
  std::string name;
  std::string source;          // the tree
  std::string toolchain_file;  // "": none
  // In both, "${stage:NAME}" and "${file:PATH}" are as in a tool's command.
  std::map<std::string, std::string> definitions;
  std::map<std::string, std::string> environment;
  std::string more_definitions;      // "NAME=VALUE NAME=VALUE", over the others: a parameter's
  std::vector<std::string> targets;  // none: the project's own
  std::vector<std::string> outputs;  // relative to the build folder; the first is what other stages take
  std::vector<CmakeAssertion> assertions;
  // What must be there before anything is run.
  std::vector<std::string> required_files;               // in the tree: without them it is another project's
  std::map<std::string, std::string> required_programs;  // program -> Debian's package, or ""
  std::map<std::string, std::string> required_modules;   // Python's module -> how to get it
};
// elfloader: seL4's own loader, out of the tree that the user has, with a kernel, the device tree that this kernel was
// configured with, and a rootserver in it. What the loader's build would generate is written here.
struct ElfloaderStage {
  std::string name;        // outputs: <name>.elf, <name>.map, and <name>.txt, which says where everything lies and why
  std::string source;      // the tree seL4_tools
  std::string libraries;   // the tree util_libs, whose libcpio the loader needs
  std::string kernel;      // a cmake stage that builds seL4
  std::string rootserver;  // a stage's name or a file
  std::vector<std::string> flags;  // for gcc
};

// device-tree-overlay: a blob with overlays applied, in order, by fdtoverlay.
struct DeviceTreeOverlayStage {
  std::string name;   // output: <name>.dtb
  std::string input;  // a stage's name or a file
  std::vector<std::string> overlays;
};

using AnyStage =
    std::variant<CompileStage, LinkStage, CpioStage, EmbedStage, PrebuiltStage, ObjcopyStage, StripStage, ToolStage,
                 DeviceTreeDumpStage, DeviceTreeCompileStage, DeviceTreeDecompileStage, AssembleStage,
                 DebianPackageStage, MakeStage, CheckStage, DeviceTreeOverlayStage, CmakeStage, ElfloaderStage>;
struct Stage {
  AnyStage what;
  std::string place;  // "images/reference/recipe.json:/stages/2"
};
const std::string& stage_name(const Stage& stage);
// The names of a stage's files, where it has names for them; null otherwise. Others refer to one as "STAGE/NAME".
const std::vector<std::string>* named_outputs(const Stage& stage);

// A reference as a recipe writes it: a stage's name, or "STAGE/NAME", one of the stage's named outputs.
struct StageReference {
  const Stage* stage = nullptr;
  std::optional<std::size_t> output;  // which of the named ones
};
// None when the text is neither.
std::optional<StageReference> find_reference(const std::vector<Stage>& stages, std::string_view text);

// How a recipe's file is booted. Linux: an arm64 Image, which gets a device tree, an initramfs and a command line.
enum class BootFormat { kElf, kRaw, kLinux };

// What is booted in the end.
struct BootFile {
  std::string stage;  // the stage whose output it is, or "STAGE/NAME"
  BootFormat format = BootFormat::kElf;
  std::optional<std::uint64_t> load_address;  // raw: where it loads and is entered
  std::string load;                           // raw: the same before parameters are filled in; "": it has none
  std::string load_from;                      // raw: a prebuilt stage, at whose ELF file's entry the bytes load
  std::string initrd;                         // Linux: the stage whose output is the initramfs; "": none
  std::string append;                         // Linux: the command line, with "${name}"
  std::vector<std::string> arguments;         // more of QEMU's, with "${name}", "${stage:NAME}" and "${file:PATH}"
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
