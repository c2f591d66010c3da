// bootrig inspect: what an image is, and what is wrong with it, before it boots.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>

#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "inspect/findings.h"
#include "json/members.h"
#include "json/value.h"
#include "run/preflight.h"
#include "run/result_json.h"

namespace bootrig {
namespace {

struct InspectOptions {
  std::string image;
  std::string target;
  std::string load;
  std::string initrd, device_tree;
  std::vector<std::string> symbols;
  std::string project;
  bool json = false;
};

struct Inspected {
  ImageContents contents;
  std::vector<Finding> findings;
};

Result<std::optional<TargetPlace>> place_of(const InspectOptions& options, MachineTrees& trees) {
  if (options.target.empty()) return std::nullopt;
  BOOTRIG_TRY(const Project project, open_project(options.project));
  BOOTRIG_TRY(const TargetProfile target, open_target(project, options.target));
  return target_place(options.target, target.machine, trees);
}

bool begins_like_elf(const std::string& path) {
  std::string magic(4, '\0');
  std::ifstream(path, std::ios::binary).read(magic.data(), static_cast<std::streamsize>(magic.size()));
  return looks_like_elf(magic);
}

// The files that the machine would be given beside it.
Result<void> inspect_given(const InspectOptions& options, const std::optional<TargetPlace>& target,
                           std::vector<Finding>& findings) {
  if (!options.device_tree.empty()) {
    BOOTRIG_TRY(const std::string bytes, read_file(options.device_tree));
    std::ranges::move(find_tree_problems(options.device_tree, bytes, target), std::back_inserter(findings));
  }
  if (!options.initrd.empty()) {
    BOOTRIG_TRY(const std::string bytes, read_file(options.initrd));
    std::ranges::move(find_initrd_problems(options.initrd, bytes), std::back_inserter(findings));
  }
  std::ranges::stable_sort(findings, {}, &Finding::severity);
  return {};
}

Result<Inspected> inspect(const InspectOptions& options) {
  std::optional<std::uint64_t> load;
  if (!options.load.empty()) {
    const auto address = parse_address(options.load);
    if (!address) return fail("--load", address.error().message);
    load = *address;
  }
  ForkingLauncher launcher;
  MachineTrees trees(launcher);
  BOOTRIG_TRY(const std::optional<TargetPlace> target, place_of(options, trees));
  // Before the bytes are read: it holds a copy of a file for as long as it looks at it.
  SymbolTable symbols;
  for (const std::string& file : options.symbols) BOOTRIG_TRY_VOID(symbols.add(file));
  if (begins_like_elf(options.image)) (void)symbols.add(options.image);
  BOOTRIG_TRY(const std::string bytes, read_file(options.image));
  Inspected inspected;
  BOOTRIG_TRY(inspected.contents, read_contents(options.image, bytes, load));
  inspected.findings = find_problems(inspected.contents, bytes, symbols, target);
  BOOTRIG_TRY_VOID(inspect_given(options, target, inspected.findings));
  return inspected;
}

std::string hex(std::uint64_t value) {
  return fmt::format("{:#x}", value);
}

std::string rights_text(const ImageContents& contents, const ImageRegion& region) {
  if (region.kind == ImageRegion::Kind::kCopied) return "copied by the loader";
  if (contents.form != ImageContents::Form::kElf) return "loaded";
  return fmt::format("loaded, {}{}", region.writable ? "writable" : "read-only",
                     region.executable ? ", executable" : "");
}

std::string hashes_text(const PackedImage& image) {
  std::string text;
  for (const PackedHash& hash : image.hashes) {
    text += fmt::format(", {} {}", printable(hash.algorithm), to_text(hash.state));
  }
  return text;
}

void print_packed(const PackedImages& packed) {
  for (const PackedConfiguration& configuration : packed.configurations) {
    std::string parts = configuration.kernel.empty() ? "no kernel" : "kernel " + configuration.kernel;
    for (const std::string& tree : configuration.trees) parts += ", fdt " + tree;
    if (!configuration.ramdisk.empty()) parts += ", ramdisk " + configuration.ramdisk;
    for (const std::string& other : configuration.others) parts += ", loadable " + other;
    const bool is_default = configuration.name == packed.default_configuration;
    fmt::print("  configuration {}{}: {}\n", printable(configuration.name), is_default ? " (default)" : "",
               printable(parts));
  }
  for (const PackedImage& image : packed.images) {
    std::string place = image.load ? ", loaded at " + hex(*image.load) : "";
    if (image.entry) place += ", entered at " + hex(*image.entry);
    fmt::print("  packed     {}: {}, {}, compression {}, {} bytes at byte {:#x}{}{}\n", printable(image.name),
               printable(image.kind), image.architecture.empty() ? "any architecture" : printable(image.architecture),
               printable(image.compression), image.size, image.offset, place, hashes_text(image));
  }
}

std::string entry_text(const ImageContents& contents) {
  if (contents.entry) return fmt::format(", entered at {:#x}", *contents.entry);
  return contents.form == ImageContents::Form::kFit || contents.packed ? "" : ", load address unknown (--load)";
}

void print_contents(const InspectOptions& options, const ImageContents& contents) {
  fmt::print("{}: {}, {} bytes{}\n", printable(options.image), form_text(contents), contents.size,
             entry_text(contents));
  if (contents.packed) print_packed(*contents.packed);
  for (const ImageRegion& region : contents.regions) {
    fmt::print("  {:<10} {:#x}..{:#x}  {}\n", region.name, region.address, region.end(), rights_text(contents, region));
  }
  if (contents.loader) fmt::print("  kernel     entered at {:#x}\n", contents.loader->kernel_entry);
  for (const Archive& archive : contents.archives) {
    fmt::print("  archive    at byte {:#x}, {} bytes, {} member{}\n", archive.first, archive.size,
               archive.members.size(), archive.members.size() == 1 ? "" : "s");
  }
  for (const EmbeddedProgram& program : contents.programs) {
    fmt::print("  program    {} at byte {:#x}, entry {:#x}\n", printable(program.name), program.offset,
               program.elf.entry);
  }
  for (const EmbeddedTree& tree : contents.trees) {
    fmt::print("  tree       at byte {:#x}, {} CPU{}, PSCI by {}\n", tree.offset, tree.tree.cpus,
               tree.tree.cpus == 1 ? "" : "s", tree.tree.psci_method.empty() ? "none" : tree.tree.psci_method);
  }
}

void print_findings(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    fmt::print("\n{}: {} [{}]\n", to_text(finding.severity), printable(finding.what), finding.name);
    for (const std::string& line : finding.evidence) fmt::print("    {}\n", printable(line));
    if (!finding.change.empty()) fmt::print("  CHANGE  {}\n", printable(finding.change));
  }
}

JsonValue to_json(const ImageRegion& region) {
  return JsonValue::Object{{"name", region.name},
                           {"kind", region.kind == ImageRegion::Kind::kLoaded ? "loaded" : "copied"},
                           {"address", hex(region.address)},
                           {"size", region.size},
                           {"file-offset", region.file_offset},
                           {"file-size", region.file_size}};
}

JsonValue to_json(const PackedImage& image) {
  JsonValue::Array hashes;
  for (const PackedHash& hash : image.hashes) {
    hashes.push_back(JsonValue::Object{{"algorithm", hash.algorithm}, {"state", to_text(hash.state)}});
  }
  JsonValue::Object object{{"name", image.name},
                           {"kind", image.kind},
                           {"architecture", image.architecture},
                           {"compression", image.compression},
                           {"offset", image.offset},
                           {"size", image.size},
                           {"hashes", std::move(hashes)}};
  if (image.load) object.emplace_back("load", hex(*image.load));
  if (image.entry) object.emplace_back("entry", hex(*image.entry));
  return object;
}

JsonValue to_json(const PackedImages& packed) {
  JsonValue::Array images, configurations;
  for (const PackedImage& image : packed.images) images.push_back(to_json(image));
  for (const PackedConfiguration& configuration : packed.configurations) {
    configurations.push_back(JsonValue::Object{{"name", configuration.name},
                                               {"kernel", configuration.kernel},
                                               {"trees", texts_to_json(configuration.trees)},
                                               {"ramdisk", configuration.ramdisk},
                                               {"loadables", texts_to_json(configuration.others)}});
  }
  return JsonValue::Object{{"default-configuration", packed.default_configuration},
                           {"configurations", std::move(configurations)},
                           {"images", std::move(images)}};
}

JsonValue to_json(const InspectOptions& options, const Inspected& inspected) {
  const ImageContents& contents = inspected.contents;
  JsonValue::Array regions, archives, programs, trees, findings;
  for (const ImageRegion& region : contents.regions) regions.push_back(to_json(region));
  for (const Archive& archive : contents.archives) {
    JsonValue::Array members;
    for (const ArchiveMember& member : archive.members) members.emplace_back(member.name);
    archives.push_back(
        JsonValue::Object{{"offset", archive.first}, {"size", archive.size}, {"members", std::move(members)}});
  }
  for (const EmbeddedProgram& program : contents.programs) {
    programs.push_back(
        JsonValue::Object{{"name", program.name}, {"offset", program.offset}, {"entry", hex(program.elf.entry)}});
  }
  for (const EmbeddedTree& tree : contents.trees) {
    trees.push_back(
        JsonValue::Object{{"offset", tree.offset}, {"cpus", tree.tree.cpus}, {"psci-method", tree.tree.psci_method}});
  }
  for (const Finding& finding : inspected.findings) findings.push_back(to_json(finding));
  JsonValue::Object object{{"schema", "bootrig-inspect-1"},
                           {"image", options.image},
                           {"form", form_text(contents)},
                           {"size", contents.size}};
  if (contents.entry) object.emplace_back("entry", hex(*contents.entry));
  if (contents.loader) object.emplace_back("kernel-entry", hex(contents.loader->kernel_entry));
  if (contents.packed) object.emplace_back("packed", to_json(*contents.packed));
  object.emplace_back("regions", std::move(regions));
  object.emplace_back("archives", std::move(archives));
  object.emplace_back("programs", std::move(programs));
  object.emplace_back("trees", std::move(trees));
  object.emplace_back("findings", std::move(findings));
  return object;
}

int run(const InspectOptions& options) {
  const auto inspected = inspect(options);
  if (!inspected) return tell(inspected.error());
  if (options.json) {
    fmt::print("{}\n", write_json(to_json(options, *inspected), true));
  } else {
    print_contents(options, inspected->contents);
    print_findings(inspected->findings);
  }
  const bool broken = std::ranges::any_of(
      inspected->findings, [](const Finding& finding) { return finding.severity == Finding::Severity::kError; });
  return broken ? kExitUnexpected : kExitExpected;
}

constexpr const char* kInspectFooter =
    "  bootrig inspect loader.elf --target virt-el2-gicv3\n"
    "  bootrig inspect loader.img --load 0x70000000 --symbols loader.elf\n"
    "  bootrig inspect vmlinuz --initrd init.cpio --dtb board.dtb --target virt\n"
    "\n"
    "Exit status: 0 no error was found, 1 some was, 2 the image or an option cannot be read. The schema of --json is\n"
    "reports/inspect.schema.json.";

}  // namespace

void add_inspect_command(CLI::App& app, int& status) {
  auto options = std::make_shared<InspectOptions>();
  app.add_option("IMAGE", options->image,
                 "An ELF, a Microkit loader image, a Linux Image, a uImage, a FIT or raw bytes")
      ->required();
  app.add_option("--target,-t", options->target, "Hold it against this target: memory, level, GIC, PSCI, device tree");
  app.add_option("--load", options->load, "Address at which a raw image is loaded and entered: 0x40400000");
  app.add_option("--initrd", options->initrd, "The initramfs that Linux would be given with it");
  app.add_option("--dtb", options->device_tree, "The device tree that the guest would be given with it");
  app.add_option("--symbols", options->symbols, "ELF with the symbols of the image's own code; repeatable")
      ->allow_extra_args(false);
  app.add_option("--project", options->project, "Folder with targets/ of your own");
  app.add_flag("--json", options->json, "For programs");
  app.footer(kInspectFooter);
  app.callback([options, &status] { status = run(*options); });
}

}  // namespace bootrig
