#include "image/planner.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "base/file.h"
#include "base/text.h"
#include "elf/elf_file.h"
#include "image/ninja_run.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

// "images/reference" -> the folder that holds "images".
fs::path project_of(const fs::path& recipe_folder) {
  const fs::path project = recipe_folder.parent_path().parent_path();
  return project.has_relative_path() ? project : recipe_folder;
}

// Relative, and written as lexically_normal() would write it.
bool is_plain_path(std::string_view path) {
  for (;;) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == path.npos) return true;
    path.remove_prefix(slash + 1);
  }
}

// As fs::status() tells it, without taking the path apart.
bool has_type(const std::string& path, fs::file_type type) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return false;
  return type == fs::file_type::directory ? S_ISDIR(status.st_mode) : S_ISREG(status.st_mode);
}

// "../lib/uart.c" -> "__/lib/uart.c.o": outputs stay inside the stage's folder.
std::string object_name(const std::string& source) {
  if (is_plain_path(source)) return source + ".o";
  std::string name;
  for (const fs::path& part : fs::path(source).lexically_normal().relative_path()) {
    name += name.empty() ? "" : "/";
    name += part == ".." ? "__" : part.string();
  }
  return name + ".o";
}

bool has_control_character(const std::string& text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

Planner::Planner(const ResolvedRecipe& resolved, const BuildPlaces& places)
    : resolved_(resolved),
      recipe_(resolved.recipe),
      places_(places),
      recipe_folder_(fs::absolute(recipe_.folder).lexically_normal()),
      out_(fmt::format("{}-{}", recipe_.name, resolved.key.substr(0, 12))) {
  // A folder written as "images/reference/" has an empty last part.
  if (!recipe_folder_.has_filename()) recipe_folder_ = recipe_folder_.parent_path();
  plan_.project = project_of(recipe_folder_);
  plan_.folder = out_;
  // Later options go first: bootrig's own folder may lie inside the project.
  prefix_maps_ = {fmt::format("-ffile-prefix-map={}/=", plan_.project.string()),
                  fmt::format("-ffile-prefix-map={}=.", places_.folder.string())};
}

std::expected<BuildPlan, ImageFailure> Planner::plan() {
  for (const fs::path& path : {places_.folder, places_.program, recipe_folder_}) {
    if (has_control_character(path.string())) {
      return bad_spec("", fmt::format("'{}' has a control character", printable(path.string())));
    }
  }
  BOOTRIG_TRY_VOID(check_tools());
  for (const Stage& stage : recipe_.stages) {
    place_ = stage.place;
    if (outputs_.contains(stage_name(stage))) return refuse("there are two stages '{}'", stage_name(stage));
    BOOTRIG_TRY(StageOutput output, std::visit([this](const auto& what) { return add(what); }, stage.what));
    outputs_.emplace(stage_name(stage), std::move(output));
  }
  BOOTRIG_TRY_VOID(check_outputs());
  BOOTRIG_TRY_VOID(add_boot_file());
  return std::move(plan_);
}

Planner::Checked Planner::check_tools() const {
  const bool needed = std::ranges::any_of(recipe_.stages, [](const Stage& stage) {
    return std::holds_alternative<CompileStage>(stage.what) || std::holds_alternative<LinkStage>(stage.what) ||
           std::holds_alternative<EmbedStage>(stage.what);
  });
  if (!needed) return {};
  return need_tool("gcc", "gcc-aarch64-linux-gnu");
}

Planner::Checked Planner::need_tool(const std::string& tool, const std::string& package) const {
  return need_program(recipe_.toolchain + tool, recipe_.toolchain == "aarch64-linux-gnu-" ? package : "");
}

Planner::Checked Planner::need_program(const std::string& program, const std::string& package) {
  if (program_exists(program)) return {};
  const std::string where = package.empty() ? "" : fmt::format(" (Debian package {})", package);
  return std::unexpected(ImageFailure{.kind = ImageFailure::Kind::kBuildFailed,
                                      .error = {"", fmt::format("{} is not installed{}", printable(program), where)}});
}

std::unexpected<ImageFailure> Planner::bad_spec(const std::string& place, std::string message) {
  return std::unexpected(ImageFailure{.kind = ImageFailure::Kind::kBadSpec, .error = {place, std::move(message)}});
}

Planner::Found Planner::find(const std::string& name, const char* kind, fs::file_type type) const {
  std::error_code error;
  // Nearly all: what follows takes thrice as long, and a matrix has thousands of them.
  if (is_plain_path(name)) {
    std::string plain = recipe_folder_.string() + "/" + name;
    if (has_type(plain, type)) return plain;
  }
  std::vector<fs::path> candidates{recipe_folder_ / name};
  if (std::ranges::find(resolved_.user_files, name) != resolved_.user_files.end()) {
    candidates.push_back(fs::absolute(name));
  }
  for (const fs::path& candidate : candidates) {
    if (!name.empty() && fs::status(candidate, error).type() == type) return candidate.lexically_normal().string();
  }
  return refuse("{} '{}' is not there: no {} {}", kind, printable(name),
                type == fs::file_type::directory ? "folder" : "file",
                relative_to_project(candidates.front().lexically_normal().string(), plan_.project));
}

Planner::Found Planner::find_input(const std::string& name) const {
  if (auto made = find_stage_file(name)) return *std::move(made);
  return find(name, "file");
}

std::optional<Planner::Found> Planner::find_stage_file(const std::string& reference) const {
  const auto found = find_reference(recipe_.stages, reference);
  const auto made = found ? outputs_.find(stage_name(*found->stage)) : outputs_.end();
  if (made == outputs_.end()) return std::nullopt;
  const StageOutput& output = made->second;
  if (found->output) return output.named.at(*found->output);
  if (output.file.empty()) return refuse("stage '{}' makes objects, not a file; link them first", reference);
  return output.file;
}

void Planner::add_prefix_maps(std::vector<std::string>& command) const {
  command.insert(command.end(), prefix_maps_.begin(), prefix_maps_.end());
}

Planner::Added Planner::add(const AssembleStage& stage) {
  return add(CompileStage{stage.name, stage.sources, stage.include, stage.flags});
}

Planner::Added Planner::add(const CompileStage& stage) {
  StageOutput output;
  std::vector<std::string> includes;
  for (const std::string& folder : stage.include) {
    BOOTRIG_TRY(const std::string found, find(folder, "include folder", fs::file_type::directory));
    includes.push_back("-I" + found);
  }
  const std::string folder =
      fmt::format("{}-objects/{}-{}", recipe_.name, stage.name, stage_key(recipe_, stage).substr(0, 12));
  for (const std::string& source : stage.sources) {
    BOOTRIG_TRY(const std::string file, find(source, "source"));
    BuildEdge edge;
    edge.description = (source.ends_with(".s") ? "assemble " : "compile ") + relative_to_project(file, plan_.project);
    edge.output = folder + "/" + object_name(source);
    edge.depfile = edge.output + ".d";
    edge.inputs = {file};
    constexpr std::size_t kOwnWords = 12;
    edge.command.reserve(kOwnWords + includes.size() + stage.flags.size());
    edge.command.push_back(recipe_.toolchain + "gcc");
    for (const char* word : {"-c", "-g", "-o"}) edge.command.emplace_back(word);
    edge.command.push_back(edge.output);
    // Without the preprocessor the assembler itself tells what it read.
    const std::vector<std::string> dependencies =
        source.ends_with(".s") ? std::vector<std::string>{"-Xassembler", "--MD", "-Xassembler", edge.depfile}
                               : std::vector<std::string>{"-MD", "-MF", edge.depfile};
    edge.command.insert(edge.command.end(), dependencies.begin(), dependencies.end());
    add_prefix_maps(edge.command);
    edge.command.insert(edge.command.end(), includes.begin(), includes.end());
    edge.command.insert(edge.command.end(), stage.flags.begin(), stage.flags.end());
    edge.command.push_back(file);
    output.objects.push_back(edge.output);
    plan_.edges.push_back(std::move(edge));
  }
  return output;
}

Planner::Added Planner::add(const LinkStage& stage) {
  BOOTRIG_TRY(const std::string script, find(stage.script, "linker script"));
  BuildEdge edge;
  edge.output = fmt::format("{}/{}.elf", out_, stage.name);
  edge.side_outputs = {fmt::format("{}/{}.map", out_, stage.name)};
  edge.description = fmt::format("link {}/{}.elf", recipe_.name, stage.name);
  for (const std::string& input : stage.inputs) {
    const auto found = outputs_.find(input);
    if (found == outputs_.end()) return refuse("there is no stage '{}' above this one", printable(input));
    const StageOutput& made = found->second;
    edge.inputs.insert(edge.inputs.end(), made.objects.begin(), made.objects.end());
    if (made.objects.empty()) edge.inputs.push_back(made.file);
  }
  // -Xlinker, because -Wl would split a path at its commas.
  edge.command = {
      recipe_.toolchain + "gcc", "-o", edge.output, "-T", script, "-Xlinker", "-Map=" + edge.side_outputs[0],
      "-Wl,--build-id=none"};
  edge.command.insert(edge.command.end(), edge.inputs.begin(), edge.inputs.end());
  edge.command.insert(edge.command.end(), stage.flags.begin(), stage.flags.end());
  edge.inputs.push_back(script);
  return keep(std::move(edge), /*elf=*/true);
}

Planner::StageOutput Planner::keep(BuildEdge edge, bool elf) {
  StageOutput output{.file = edge.output, .elf = elf};
  plan_.edges.push_back(std::move(edge));
  return output;
}

Planner::StageOutput Planner::keep_named(BuildEdge edge) {
  std::vector<std::string> named{edge.output};
  named.insert(named.end(), edge.side_outputs.begin(), edge.side_outputs.end());
  StageOutput output = keep(std::move(edge));
  output.named = std::move(named);
  return output;
}

BuildEdge Planner::native_edge(const std::string& stage, const std::string& output) const {
  BuildEdge edge;
  edge.description = fmt::format("{} {}", stage, recipe_.name + output.substr(out_.size()));
  edge.output = output;
  edge.command = {places_.program.string(), "stage", stage};
  edge.kept_words = edge.command.size();
  edge.command.insert(edge.command.end(), {"--output", output});
  return edge;
}

Planner::Added Planner::add(const CpioStage& stage) {
  BuildEdge edge = native_edge("cpio", fmt::format("{}/{}.cpio", out_, stage.name));
  if (!stage.truncate.empty()) {
    const auto size = parse_size(stage.truncate);
    if (!size) return refuse("truncate: {}", size.error().message);
    edge.command.insert(edge.command.end(), {"--truncate", stage.truncate});
  }
  for (const auto& [name, file] : stage.files) {
    if (name.empty() || name.find('=') != std::string::npos || name.front() == '-' || name.front() == '@') {
      return refuse("'{}' cannot be a name in an archive", printable(name));
    }
    BOOTRIG_TRY(const std::string input, find_input(file));
    edge.command.push_back(name + "=" + input);
    edge.inputs.push_back(input);
  }
  return keep(std::move(edge));
}

Planner::Added Planner::add(const EmbedStage& stage) {
  BOOTRIG_TRY(const std::string input, find_input(stage.input));
  return embed(stage, input);
}

Planner::StageOutput Planner::embed(const EmbedStage& stage, const std::string& input) {
  BuildEdge source = native_edge("embed", fmt::format("{}/{}.S", out_, stage.name));
  source.command.insert(source.command.end(), {"--symbol", stage.symbol, "--section", stage.section, "--align",
                                               fmt::format("{}", stage.alignment), input});
  source.inputs = {input};
  BuildEdge object;
  object.output = fmt::format("{}/{}.o", out_, stage.name);
  object.description = fmt::format("assemble {}/{}.o", recipe_.name, stage.name);
  object.command = {recipe_.toolchain + "gcc", "-c", "-o", object.output, source.output};
  // gcc's list of headers knows nothing of .incbin.
  object.inputs = {source.output, input};
  StageOutput output{.objects = {object.output}};
  plan_.edges.push_back(std::move(source));
  plan_.edges.push_back(std::move(object));
  return output;
}

Planner::Added Planner::add(const PrebuiltStage& stage) {
  const Found found = find(stage.file, "file");
  if (!found && !stage.missing.empty()) {
    return std::unexpected(
        ImageFailure{.kind = ImageFailure::Kind::kSkipped,
                     .error = {"", fmt::format("{} (no file {})", printable(stage.missing), printable(stage.file))}});
  }
  BOOTRIG_TRY(const std::string file, found);
  if (!stage.sha256) return StageOutput{.file = file};
  const auto hash = sha256_file(file);
  if (!hash) return std::unexpected(ImageFailure{.kind = ImageFailure::Kind::kBadSpec, .error = hash.error()});
  if (*hash != *stage.sha256) {
    return refuse("'{}' is not the file that the recipe means: its SHA-256 is {}, the recipe says {}",
                  printable(stage.file), *hash, printable(*stage.sha256));
  }
  return StageOutput{.file = file};
}

// Ninja refuses a whole build.ninja in which two commands write one file.
Planner::Checked Planner::check_outputs() {
  place_.clear();
  std::unordered_set<std::string_view> seen;
  const auto check = [&](const std::string& output) -> Checked {
    if (!is_plain_path(output)) {
      return refuse("recipe '{}' has a stage whose name cannot be a file's: {}", recipe_.name, printable(output));
    }
    if (!seen.insert(output).second) {
      return refuse("two commands of recipe '{}' make the same file: {}", recipe_.name, printable(output));
    }
    return {};
  };
  for (const BuildEdge& edge : plan_.edges) {
    for (const std::string& output : edge.side_outputs) BOOTRIG_TRY_VOID(check(output));
    BOOTRIG_TRY_VOID(check(edge.output));
  }
  return {};
}

Planner::Found Planner::boot_output(const std::string& stage) const {
  auto found = find_stage_file(stage);
  if (!found) {
    return bad_spec("",
                    fmt::format("recipe '{}' boots the stage '{}', which it has not", recipe_.name, printable(stage)));
  }
  if (!*found) {
    return bad_spec("", fmt::format("recipe '{}': stage '{}' makes objects, not a file to boot", recipe_.name, stage));
  }
  return *std::move(found);
}

std::expected<std::uint64_t, ImageFailure> Planner::find_load_address() const {
  if (recipe_.boot.load_address) return *recipe_.boot.load_address;
  if (recipe_.boot.load_from.empty()) {
    return bad_spec("", fmt::format("recipe '{}' boots raw bytes without 'load', the address", recipe_.name));
  }
  BOOTRIG_TRY(const std::string file, boot_output(recipe_.boot.load_from));
  const auto bytes = read_file(places_.folder / file);
  if (!bytes) return bad_spec(bytes.error().place, bytes.error().message);
  const auto elf = parse_elf(file, *bytes);
  if (!elf) return bad_spec(elf.error().place, elf.error().message);
  return elf->entry;
}

Planner::Checked Planner::add_boot_arguments() {
  place_ = (recipe_folder_ / "recipe.json").string() + ":/boot/arguments";
  BuildEdge named;  // takes note of the files
  for (const std::string& argument : recipe_.boot.arguments) {
    BOOTRIG_TRY(std::string filled, fill_references(argument, named));
    plan_.arguments.push_back(std::move(filled));
  }
  for (const std::string& file : named.inputs) {
    plan_.files.push_back(places_.folder / file);
    if (plan_.files.back().string().find(',') == std::string::npos) continue;
    return refuse("'{}' has a comma in its path, at which QEMU would end an option's value",
                  plan_.files.back().string());
  }
  return {};
}

// A raw image of an ELF file that was made here is the bytes that its segments load.
Planner::Checked Planner::add_boot_file() {
  BOOTRIG_TRY(std::string file, boot_output(recipe_.boot.stage));
  const bool raw = recipe_.boot.format == BootFormat::kRaw;
  if (raw) {
    BOOTRIG_TRY(plan_.load_address, find_load_address());
  }
  const auto booted = outputs_.find(recipe_.boot.stage);
  if (raw && booted != outputs_.end() && booted->second.elf) {
    BuildEdge edge;
    edge.output = fmt::format("{}/{}.bin", out_, recipe_.boot.stage);
    edge.description = fmt::format("objcopy {}/{}.bin", recipe_.name, recipe_.boot.stage);
    edge.command = {recipe_.toolchain + "objcopy", "-O", "binary", file, edge.output};
    edge.inputs = {file};
    file = edge.output;
    plan_.edges.push_back(std::move(edge));
  }
  plan_.boot_file = places_.folder / file;
  if (!recipe_.boot.initrd.empty()) {
    BOOTRIG_TRY(const std::string initrd, boot_output(recipe_.boot.initrd));
    plan_.initrd = places_.folder / initrd;
  }
  BOOTRIG_TRY_VOID(add_boot_arguments());
  for (const std::string& stage : recipe_.boot.symbols) {
    BOOTRIG_TRY(const std::string symbols, boot_output(stage));
    plan_.symbols.push_back(places_.folder / symbols);
  }
  return {};
}

std::expected<BuildPlan, ImageFailure> plan_build(const ResolvedRecipe& resolved, const BuildPlaces& places) {
  return Planner(resolved, places).plan();
}

std::string relative_to_project(std::string text, const std::filesystem::path& project) {
  const std::string prefix = project.string() + "/";
  for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at)) {
    text.erase(at, prefix.size());
  }
  return text;
}

}  // namespace bootrig
