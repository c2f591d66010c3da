#include "image/resolve.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/file.h"
#include "base/text.h"
#include "qemu/arguments.h"

namespace bootrig {
namespace {

using Values = std::map<std::string, std::string>;

// Raised when the same recipe begins to give other outputs: the flags that bootrig adds, or the
// native stages.
constexpr std::string_view kBuildFormat = "bootrig-build-1";

std::unexpected<ImageFailure> bad_spec(std::string place, std::string message) {
  return std::unexpected(
      ImageFailure{.kind = ImageFailure::Kind::kBadSpec, .error = {std::move(place), std::move(message)}});
}

std::vector<std::string> parameter_names(const Recipe& recipe) {
  std::vector<std::string> names;
  for (const RecipeParameter& parameter : recipe.parameters) names.push_back(parameter.name);
  return names;
}

const RecipeParameter* find_parameter(const Recipe& recipe, const std::string& name) {
  const auto found = std::ranges::find(recipe.parameters, name, &RecipeParameter::name);
  return found == recipe.parameters.end() ? nullptr : &*found;
}

struct Found {
  const Recipe* recipe = nullptr;
  const Variant* variant = nullptr;
};

// A recipe's own name goes before another's variant that is spelled the same.
Found find_image(const std::vector<Recipe>& recipes, const std::string& name) {
  for (const Recipe& recipe : recipes) {
    if (recipe.name == name) return {&recipe, nullptr};
  }
  for (const Recipe& recipe : recipes) {
    for (const Variant& variant : recipe.variants) {
      if (recipe.name + "-" + variant.name == name) return {&recipe, &variant};
    }
  }
  return {};
}

std::unexpected<ImageFailure> no_such_image(const std::vector<Recipe>& recipes, const std::string& name) {
  std::vector<std::string> names;
  for (const ImageListing& listing : list_images(recipes)) names.push_back(listing.name);
  const std::string there = names.empty() ? "there is no recipe" : "there are " + one_of(names);
  return bad_spec("", fmt::format("there is no image '{}'; {}{}", printable(name), there, did_you_mean(name, names)));
}

std::unexpected<ImageFailure> no_such_parameter(const Recipe& recipe, const std::string& name) {
  const std::vector<std::string> names = parameter_names(recipe);
  const std::string there = names.empty() ? "it has none" : "it has " + one_of(names);
  return bad_spec("", fmt::format("recipe '{}' has no parameter '{}'; {}{}", recipe.name, printable(name), there,
                                  did_you_mean(name, names)));
}

// What there is to build: a copy without parameters and variants, of which a recipe may have very many.
Recipe to_build(const Recipe& recipe) {
  return {.name = recipe.name,
          .summary = recipe.summary,
          .folder = recipe.folder,
          .toolchain = recipe.toolchain,
          .parameters = {},
          .variants = {},
          .stages = recipe.stages,
          .boot = recipe.boot};
}

const std::string* value_in(const Values& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? nullptr : &found->second;
}

// What the target says, as the parameter has it.
std::expected<std::string, ImageFailure> target_value(const RecipeParameter& parameter, const MachineSpec& machine) {
  const std::string value = machine_value(machine, *parameter.from_target);
  if (parameter.values.empty()) return value;
  if (const std::string* mapped = value_in(parameter.values, value)) return *mapped;
  std::vector<std::string> known;
  for (const auto& [key, mapped] : parameter.values) known.push_back(key);
  return std::unexpected(ImageFailure{
      .kind = ImageFailure::Kind::kSkipped,
      .error = {"",
                fmt::format("parameter '{}' ({}) has no value for a target with {} '{}', only for {}", parameter.name,
                            parameter.summary, *parameter.from_target, printable(value), one_of(known))}});
}

std::expected<std::string, ImageFailure> choose_value(const RecipeParameter& parameter, const Recipe& recipe,
                                                      const Variant* variant, const ImageRequest& request,
                                                      const Values& user) {
  std::string value;
  if (const std::string* set = value_in(request.set, parameter.name)) {
    value = *set;
  } else if (const std::string* given = value_in(user, parameter.name)) {
    value = *given;
  } else if (const std::string* fixed = variant ? value_in(variant->set, parameter.name) : nullptr) {
    value = *fixed;
  } else if (parameter.from_target) {
    BOOTRIG_TRY(value, target_value(parameter, request.machine));
  } else if (parameter.default_value) {
    value = *parameter.default_value;
  } else {
    return std::unexpected(ImageFailure{.kind = ImageFailure::Kind::kSkipped,
                                        .error = {"", fmt::format("parameter '{}' is not given: {} (give --set {}=…)",
                                                                  parameter.name, parameter.summary, parameter.name)}});
  }
  if (!parameter.allowed.empty() && std::ranges::find(parameter.allowed, value) == parameter.allowed.end()) {
    return bad_spec(
        "", fmt::format("parameter '{}' of recipe '{}' cannot be '{}'; allowed: {}{}", parameter.name, recipe.name,
                        printable(value), one_of(parameter.allowed), did_you_mean(value, parameter.allowed)));
  }
  return value;
}

std::expected<Values, ImageFailure> choose_values(const Found& found, const ImageRequest& request, const Values& user) {
  for (const Values* values : {&request.set, found.variant ? &found.variant->set : nullptr}) {
    if (!values) continue;
    for (const auto& [name, value] : *values) {
      if (!find_parameter(*found.recipe, name)) return no_such_parameter(*found.recipe, name);
    }
  }
  Values chosen;
  for (const RecipeParameter& parameter : found.recipe->parameters) {
    BOOTRIG_TRY(chosen[parameter.name], choose_value(parameter, *found.recipe, found.variant, request, user));
  }
  return chosen;
}

// Fills in the strings of one recipe's stages. The first string that cannot be filled in is kept as
// the error.
class Filler {
 public:
  Filler(const Recipe& recipe, const Values& values) : recipe_(recipe), values_(values) {}

  void fill(Stage& stage) {
    place_ = stage.place;
    std::visit([this](auto& what) { fill(what); }, stage.what);
  }
  void fill(BootFile& boot, const std::filesystem::path& folder) {
    place_ = (folder / "recipe.json").string() + ":/boot/append";
    fill(boot.append);
    place_ = (folder / "recipe.json").string() + ":/boot/arguments";
    keep_references_ = true;
    for (std::string& argument : boot.arguments) fill(argument);
    keep_references_ = false;
    if (boot.load.empty()) return;
    place_.clear();
    fill(boot.load);
    const auto address = parse_address(boot.load);
    if (!address) return refuse(fmt::format("load: {}", address.error().message));
    boot.load_address = *address;
  }
  const std::optional<ImageFailure>& failure() const { return failure_; }
  std::vector<std::string> take_user_files() { return std::move(user_files_); }

 private:
  void fill(CompileStage& stage) {
    for (std::string& source : stage.sources) fill_file(source);
    for (std::string& folder : stage.include) fill_file(folder);
    for (std::string& flag : stage.flags) fill(flag);
  }
  void fill(LinkStage& stage) {
    fill_file(stage.script);
    for (std::string& flag : stage.flags) fill(flag);
  }
  void fill(CpioStage& stage) {
    std::map<std::string, std::string> files;
    for (const auto& [template_name, template_file] : stage.files) {
      std::string name = template_name, file = template_file;
      fill(name);
      fill_file(file);
      if (!files.emplace(name, file).second) refuse(fmt::format("'{}' is twice in the archive", printable(name)));
    }
    stage.files = std::move(files);
    fill(stage.truncate);
  }
  void fill(EmbedStage& stage) {
    fill_file(stage.input);
    fill(stage.symbol);
    fill(stage.section);
  }
  void fill(PrebuiltStage& stage) {
    fill_file(stage.file);
    fill(stage.missing);
  }
  void fill(ObjcopyStage& stage) {
    fill_file(stage.input);
    for (std::string& flag : stage.flags) fill(flag);
  }
  void fill(StripStage& stage) {
    fill_file(stage.input);
    for (std::string& flag : stage.flags) fill(flag);
  }
  void fill(ToolStage& stage) {
    keep_references_ = true;
    for (std::string& word : stage.command) fill(word);
    for (auto& [name, value] : stage.environment) fill(value);
    keep_references_ = false;
    for (std::string& input : stage.inputs) fill_file(input);
    for (std::string& output : stage.outputs) fill(output);
  }
  void fill(CmakeStage& stage) {
    fill_file(stage.source);
    if (!stage.toolchain_file.empty()) fill_file(stage.toolchain_file);
    keep_references_ = true;
    for (auto& [name, value] : stage.definitions) fill(value);
    for (auto& [name, value] : stage.environment) fill(value);
    keep_references_ = false;
    fill(stage.more_definitions);
    for (std::string& target : stage.targets) fill(target);
    for (CmakeAssertion& assertion : stage.assertions) fill(assertion.value);
  }
  void fill(ElfloaderStage& stage) {
    fill_file(stage.source);
    fill_file(stage.libraries);
    fill_file(stage.rootserver);
    for (std::string& flag : stage.flags) fill(flag);
  }
  void fill(AssembleStage& stage) {
    for (std::string& source : stage.sources) fill_file(source);
    for (std::string& folder : stage.include) fill_file(folder);
    for (std::string& flag : stage.flags) fill(flag);
  }
  void fill(DebianPackageStage& stage) {
    fill(stage.package), fill(stage.architecture), fill(stage.follow);
    for (std::string& file : stage.files) fill(file);
  }
  void fill(MakeStage& stage) {
    fill_file(stage.folder);
    for (std::string& target : stage.targets) fill(target);
    for (auto& [name, value] : stage.variables) fill(value);
    for (std::string& output : stage.outputs) fill(output);
  }
  void fill(CheckStage& stage) {
    fill_file(stage.input);
    for (std::string& symbol : stage.symbols) fill(symbol);
    fill(stage.entry), fill(stage.size_at_most);
  }
  void fill(DeviceTreeOverlayStage& stage) {
    fill_file(stage.input);
    for (std::string& overlay : stage.overlays) fill_file(overlay);
  }
  void fill(DeviceTreeDumpStage&) {}
  void fill(DeviceTreeCompileStage& stage) {
    fill_file(stage.input);
    for (std::string& flag : stage.flags) fill(flag);
  }
  void fill(DeviceTreeDecompileStage& stage) {
    fill_file(stage.input);
    for (std::string& flag : stage.flags) fill(flag);
  }

  void fill_file(std::string& text) {
    const bool user = text.starts_with("${");
    fill(text);
    if (user) user_files_.push_back(text);
  }

  void fill(std::string& text) {
    std::string out;
    std::size_t at = 0;
    for (std::size_t start = text.find("${"); start != std::string::npos; start = text.find("${", at)) {
      const std::size_t end = text.find('}', start);
      if (end == std::string::npos) return refuse(fmt::format("'{}': a '${{' is not closed", printable(text)));
      const std::string name = text.substr(start + 2, end - start - 2);
      if (keep_references_ && (name.starts_with("stage:") || name.starts_with("file:"))) {
        out.append(text, at, end + 1 - at);
        at = end + 1;
        continue;
      }
      const std::string* value = value_in(values_, name);
      if (!value) return refuse(no_such_parameter(recipe_, name).error().error.message);
      out.append(text, at, start - at).append(*value);
      at = end + 1;
    }
    text = out.append(text, at);
    // A line break would end the line of build.ninja; no path and no flag has use for the others.
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (std::ranges::any_of(text, control)) refuse(fmt::format("'{}' has a control character", printable(text)));
  }

  void refuse(std::string message) {
    if (!failure_) failure_ = bad_spec(place_, std::move(message)).error();
  }

  const Recipe& recipe_;
  const Values& values_;
  std::string place_;
  bool keep_references_ = false;  // "${stage:NAME}" and "${file:PATH}" are the planner's to fill in
  std::optional<ImageFailure> failure_;
  std::vector<std::string> user_files_;
};

// The canonical text behind a key: every string with its length before it, so that no two recipes
// share one text.
class KeyText {
 public:
  explicit KeyText(const MachineSpec& machine = {}) : machine_(machine) {}

  void add(std::string_view text) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), text.size()).ptr;
    text_.append(digits.data(), end).append(1, ':').append(text).append(1, '\n');
  }
  void add(const std::vector<std::string>& list) {
    add(std::to_string(list.size()));
    for (const std::string& text : list) add(text);
  }
  void add(const CompileStage& stage) {
    add("compile"), add(stage.name), add(stage.sources), add(stage.include), add(stage.flags);
  }
  void add(const LinkStage& stage) {
    add("link"), add(stage.name), add(stage.inputs), add(stage.script), add(stage.flags);
  }
  void add(const CpioStage& stage) {
    add("cpio"), add(stage.name), add(fmt::format("{}", stage.files.size()));
    for (const auto& [name, file] : stage.files) add(name), add(file);
    add(stage.truncate);
  }
  void add(const EmbedStage& stage) {
    add("embed"), add(stage.name), add(stage.input), add(stage.symbol), add(stage.section);
    add(fmt::format("{}", stage.alignment));
  }
  void add(const PrebuiltStage& stage) {
    add("prebuilt"), add(stage.name), add(stage.file), add(stage.sha256.value_or(""));
  }
  void add(const ObjcopyStage& stage) {
    add("objcopy"), add(stage.name), add(stage.input), add(stage.binary ? "binary" : "elf"), add(stage.flags);
  }
  void add(const StripStage& stage) { add("strip"), add(stage.name), add(stage.input), add(stage.flags); }
  void add(const ToolStage& stage) {
    add("tool"), add(stage.name), add(stage.command), add(fmt::format("{}", stage.environment.size()));
    for (const auto& [name, value] : stage.environment) add(name), add(value);
    add(stage.inputs), add(stage.outputs);
  }
  void add(const AssembleStage& stage) {
    add("assemble"), add(stage.name), add(stage.sources), add(stage.include), add(stage.flags);
  }
  void add(const DebianPackageStage& stage) {
    add("debian-package"), add(stage.name), add(stage.package), add(stage.architecture), add(stage.follow);
    add(stage.files);
  }
  void add(const MakeStage& stage) {
    add("make"), add(stage.name), add(stage.folder), add(stage.targets), add(fmt::format("{}", stage.variables.size()));
    for (const auto& [name, value] : stage.variables) add(name), add(value);
    add(stage.build_variable), add(stage.outputs);
  }
  void add(const CheckStage& stage) {
    add("check"), add(stage.name), add(stage.input), add(stage.symbols), add(stage.entry), add(stage.size_at_most);
    add(stage.without_sections), add(stage.machine), add(stage.undefined ? "undefined" : "");
    add(stage.undefined.value_or(std::vector<std::string>{}));
  }
  void add(const DeviceTreeOverlayStage& stage) {
    add("device-tree-overlay"), add(stage.name), add(stage.input), add(stage.overlays);
  }
  void add(const DeviceTreeDumpStage& stage) {
    add("device-tree-dump"), add(stage.name), add(device_tree_arguments(machine_, ""));
  }
  void add(const DeviceTreeCompileStage& stage) {
    add("device-tree-compile"), add(stage.name), add(stage.input), add(stage.flags);
  }
  void add(const DeviceTreeDecompileStage& stage) {
    add("device-tree-decompile"), add(stage.name), add(stage.input), add(stage.flags);
  }
  void add(const std::map<std::string, std::string>& values) {
    add(fmt::format("{}", values.size()));
    for (const auto& [name, value] : values) add(name), add(value);
  }
  void add(const CmakeStage& stage) {
    add("cmake"), add(stage.name), add(stage.source), add(stage.toolchain_file), add(stage.definitions);
    add(stage.environment), add(stage.more_definitions), add(stage.targets), add(stage.outputs);
    for (const CmakeAssertion& assertion : stage.assertions) {
      add(assertion.file), add(assertion.entry), add(assertion.value), add(assertion.unless);
    }
  }
  void add(const ElfloaderStage& stage) {
    add("elfloader"), add(stage.name), add(stage.source), add(stage.libraries), add(stage.kernel);
    add(stage.rootserver), add(stage.flags);
  }
  const std::string& text() const { return text_; }

 private:
  MachineSpec machine_;
  std::string text_;
};

std::string key_of(const Recipe& recipe, const MachineSpec& machine) {
  KeyText key(machine);
  key.add(kBuildFormat);
  key.add(recipe.name);
  key.add(recipe.toolchain);
  for (const Stage& stage : recipe.stages) std::visit([&](const auto& what) { key.add(what); }, stage.what);
  key.add(recipe.boot.stage);
  key.add(fmt::format("{}", static_cast<int>(recipe.boot.format)));
  if (recipe.boot.load_address) key.add(fmt::format("{:#x}", *recipe.boot.load_address));
  if (!recipe.boot.load_from.empty()) key.add(recipe.boot.load_from);
  key.add(recipe.boot.initrd);
  key.add(recipe.boot.append);
  for (const std::string& argument : recipe.boot.arguments) key.add(argument);
  return sha256_hex(key.text());
}

}  // namespace

std::vector<ImageListing> list_images(const std::vector<Recipe>& recipes) {
  std::vector<ImageListing> images;
  for (const Recipe& recipe : recipes) {
    images.push_back({recipe.name, recipe.summary, recipe.name});
    for (const Variant& variant : recipe.variants) {
      images.push_back({recipe.name + "-" + variant.name, variant.summary, recipe.name});
    }
  }
  return images;
}

std::string stage_key(const Recipe& recipe, const CompileStage& stage) {
  KeyText key;
  key.add(kBuildFormat);
  key.add(recipe.name);
  key.add(recipe.toolchain);
  key.add(stage);
  return sha256_hex(key.text());
}

std::string stage_key(const Recipe& recipe, const CmakeStage& stage, const MachineSpec& machine) {
  KeyText key(machine);
  key.add(kBuildFormat);
  key.add(recipe.name);
  key.add(recipe.toolchain);
  for (const Stage& above : recipe.stages) {
    if (stage_name(above) == stage.name) break;
    std::visit([&](const auto& what) { key.add(what); }, above.what);
  }
  key.add(stage);
  return sha256_hex(key.text());
}

ResolveResult resolve_request(const std::vector<Recipe>& recipes, const ImageRequest& request, const Values& user) {
  const Found found = find_image(recipes, request.name);
  if (!found.recipe) return no_such_image(recipes, request.name);
  ResolvedRecipe resolved{.recipe = to_build(*found.recipe)};
  BOOTRIG_TRY(resolved.parameters, choose_values(found, request, user));
  Filler filler(*found.recipe, resolved.parameters);
  for (Stage& stage : resolved.recipe.stages) filler.fill(stage);
  filler.fill(resolved.recipe.boot, found.recipe->folder);
  if (filler.failure()) return std::unexpected(*filler.failure());
  resolved.user_files = filler.take_user_files();
  resolved.machine = request.machine;
  resolved.key = key_of(resolved.recipe, request.machine);
  return resolved;
}

}  // namespace bootrig
