// Planner: turns the stages of one recipe into edges, in the recipe's order. Each kind of stage has an add(): those of
// C and of bootrig itself stand in build_plan.cc, the others in plan_<what>.cc. Private to image/.
#pragma once

#include <fmt/format.h>

#include <expected>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "image/build_plan.h"

namespace bootrig {

class Planner {
 public:
  Planner(const ResolvedRecipe& resolved, const BuildPlaces& places);
  // Once.
  std::expected<BuildPlan, ImageFailure> plan();

 private:
  // What a stage leaves: objects for a linker, or one file.
  struct StageOutput {
    std::vector<std::string> objects;
    std::string file;
    std::vector<std::string> named;  // where a stage names its files: all of them, `file` first
    bool elf = false;                // an ELF file that was made here, not one that the user has
    std::string folder;              // cmake: the build folder
  };
  using Added = std::expected<StageOutput, ImageFailure>;
  using Checked = std::expected<void, ImageFailure>;
  using Found = std::expected<std::string, ImageFailure>;

  static std::unexpected<ImageFailure> bad_spec(const std::string& place, std::string message);
  template <typename... Values>
  std::unexpected<ImageFailure> refuse(fmt::format_string<Values...> format, Values&&... values) const {
    return bad_spec(place_, fmt::format(format, std::forward<Values>(values)...));
  }

  // A program that is not installed; `package` may be empty.
  static Checked need_program(const std::string& program, const std::string& package);
  // One of the toolchain's; `package` is Debian's for its own.
  Checked need_tool(const std::string& tool, const std::string& package) const;
  Checked check_tools() const;
  // Where a file of the recipe's is. One that begins with a parameter may be relative to where the user is.
  Found find(const std::string& name, const char* kind,
             std::filesystem::file_type type = std::filesystem::file_type::regular) const;
  // The file that "STAGE" or "STAGE/NAME" means; none when it is no stage's.
  std::optional<Found> find_stage_file(const std::string& reference) const;
  // A stage's output, or a file.
  Found find_input(const std::string& name) const;
  // A word with "${stage:NAME}" and "${file:PATH}" filled in, absolute; the files become inputs of the edge.
  Found fill_references(const std::string& word, BuildEdge& edge) const;
  // The same for a build that images share: what stages made is copied to where it stands for all of them.
  Found fill_shared(const std::string& word, const std::string& folder, BuildEdge& edge);
  // What a cmake stage says it requires.
  Checked check_requirements(const CmakeStage& stage, const std::string& source) const;
  void add_prefix_maps(std::vector<std::string>& command) const;
  // An edge that runs bootrig itself.
  BuildEdge native_edge(const std::string& stage, const std::string& output) const;
  // Keeps an edge whose outputs are the stage's named ones, the edge's own first.
  StageOutput keep_named(BuildEdge edge);
  // Keeps an edge whose output is the stage's one file.
  StageOutput keep(BuildEdge edge, bool elf = false);

  Added add(const CompileStage& stage);
  Added add(const LinkStage& stage);
  Added add(const CpioStage& stage);
  Added add(const EmbedStage& stage);
  Added add(const PrebuiltStage& stage);
  Added add(const ObjcopyStage& stage);
  Added add(const StripStage& stage);
  Added add(const ToolStage& stage);
  Added add(const AssembleStage& stage);
  Added add(const DebianPackageStage& stage);
  Added add(const MakeStage& stage);
  Added add(const CheckStage& stage);
  Added add(const DeviceTreeOverlayStage& stage);
  Added add(const DeviceTreeDumpStage& stage);
  Added add(const DeviceTreeCompileStage& stage);
  Added add(const DeviceTreeDecompileStage& stage);
  Added add(const CmakeStage& stage);
  Added add(const ElfloaderStage& stage);

  struct Elfloader;
  std::expected<Elfloader, ImageFailure> open_elfloader(const ElfloaderStage& stage) const;
  Checked add_elfloader_archive(const ElfloaderStage& stage, Elfloader& loader);
  BuildEdge elfloader_edge(const std::string& kind, const std::string& output, const Elfloader& loader) const;
  void add_elfloader_headers(Elfloader& loader);
  void add_elfloader_objects(const ElfloaderStage& stage, Elfloader& loader);
  std::string add_elfloader_script(const ElfloaderStage& stage, const Elfloader& loader);
  // A file's bytes as an object.
  StageOutput embed(const EmbedStage& stage, const std::string& input);

  Checked check_outputs();
  Found boot_output(const std::string& stage) const;
  // Where the bytes of a raw image load.
  std::expected<std::uint64_t, ImageFailure> find_load_address() const;
  Checked add_boot_arguments();
  Checked add_boot_file();

  const ResolvedRecipe& resolved_;
  const Recipe& recipe_;
  const BuildPlaces& places_;
  std::filesystem::path recipe_folder_;
  std::vector<std::string> prefix_maps_;  // gcc's options that take this machine's paths out of what it makes
  std::string out_;                       // the outputs' folder, relative to the build's
  std::string place_;                     // of the stage at hand
  std::map<std::string, StageOutput> outputs_;
  BuildPlan plan_;
};

}  // namespace bootrig
