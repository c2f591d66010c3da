// The stage that builds seL4's elfloader around a kernel and a rootserver, without the CMake, Python and shell that its
// own build would take.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "image/planner.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

// What is compiled, of elfloader-tool/CMakeLists.txt, for AArch64.
constexpr std::array<const char*, 12> kSourceFolders{"src",
                                                     "src/drivers",
                                                     "src/drivers/smp",
                                                     "src/drivers/uart",
                                                     "src/drivers/timer",
                                                     "src/utils",
                                                     "src/arch-arm",
                                                     "src/arch-arm/drivers",
                                                     "src/binaries/elf",
                                                     "src/arch-arm/64",
                                                     "src/arch-arm/armv/armv8-a/64",
                                                     "src/plat/PLATFORM"};
constexpr std::array<const char*, 6> kIncludeFolders{"include",
                                                     "include/arch-arm",
                                                     "include/arch-arm/64",
                                                     "include/arch-arm/armv/armv8-a",
                                                     "include/arch-arm/armv/armv8-a/64",
                                                     "include/plat/PLATFORM"};
// No floating point is set up, and before the MMU is on an unaligned access is a fault.
constexpr std::array<const char*, 11> kFlags{
    "-std=gnu99", "-O2",      "-ffreestanding",       "-mgeneral-regs-only", "-mstrict-align", "-fno-common",
    "-fno-pic",   "-fno-pie", "-fno-stack-protector", "-D_XOPEN_SOURCE=700", "-D__KERNEL_64__"};
constexpr std::array<const char*, 4> kHeaders{"devices_gen.h", "elfloader/gen_config.h", "image_start_addr.h",
                                              "platform_info.h"};
// Below the kernel's build folder.
constexpr const char* kTree = "kernel.dtb";
constexpr const char* kPlatform = "gen_headers/plat/machine/platform_gen.yaml";

fs::path with_platform(std::string path, const std::string& platform) {
  const std::size_t at = path.find("PLATFORM");
  return at == std::string::npos ? path : path.replace(at, std::string_view("PLATFORM").size(), platform);
}

// The C and assembler files of a folder, sorted; none when there is no such folder.
std::vector<fs::path> sources_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const fs::path extension = entry.path().extension();
    if (extension == ".c" || extension == ".S") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

// What the edges of one elfloader have in common. Paths as ninja has them.
struct Planner::Elfloader {
  std::string folder;                 // the stage's
  fs::path source, libcpio;           // elfloader-tool/ and libcpio/
  std::string build;                  // the kernel's build folder
  std::string platform;               // "qemu-arm-virt"
  std::string kernel, rootserver;     // without their symbols
  std::string archive;                // cpio
  std::vector<std::string> headers;   // written by us
  std::vector<std::string> includes;  // "-I…"
  std::vector<std::string> objects;
};

std::expected<Planner::Elfloader, ImageFailure> Planner::open_elfloader(const ElfloaderStage& stage) const {
  Elfloader loader{.folder = fmt::format("{}/{}", out_, stage.name)};
  const auto open = [&](const std::string& tree, const char* part, const char* file) -> Found {
    BOOTRIG_TRY(const std::string root, find(tree, "source tree", fs::file_type::directory));
    std::error_code ignored;
    if (fs::exists(fs::path(root) / part / file, ignored)) return root + "/" + part;
    return refuse("'{}' is not the source tree that is meant: there is no {}/{} in it", printable(tree), part, file);
  };
  BOOTRIG_TRY(loader.source, open(stage.source, "elfloader-tool", "src/linker.lds"));
  BOOTRIG_TRY(loader.libcpio, open(stage.libraries, "libcpio", "src/cpio.c"));
  for (const Stage& other : recipe_.stages) {
    const auto* project = std::get_if<CmakeStage>(&other.what);
    if (project == nullptr || project->name != stage.kernel) continue;
    for (const char* needed : {kTree, kPlatform}) {
      if (std::ranges::find(project->outputs, needed) != project->outputs.end()) continue;
      return refuse("the elfloader needs '{}', which is not among the outputs of the stage '{}'", needed, stage.kernel);
    }
    const auto platform = project->definitions.find("KernelPlatform");
    loader.platform = platform == project->definitions.end() ? "" : platform->second;
    loader.build = outputs_.at(stage.kernel).folder;
  }
  return loader;
}

// The elfloader takes the kernel first, the device tree second, and a rootserver for what follows.
Planner::Checked Planner::add_elfloader_archive(const ElfloaderStage& stage, Elfloader& loader) {
  const auto strip = [&](const std::string& input, const char* name) {
    BuildEdge edge;
    edge.output = fmt::format("{}/files/{}", loader.folder, name);
    edge.description = fmt::format("strip {}/{}/{}", recipe_.name, stage.name, name);
    edge.inputs = {input};
    edge.command = {recipe_.toolchain + "strip", "-o", edge.output, input};
    plan_.edges.push_back(edge);
    return edge.output;
  };
  BOOTRIG_TRY(const std::string rootserver, find_input(stage.rootserver));
  loader.kernel = strip(outputs_.at(stage.kernel).file, "kernel.elf");
  loader.rootserver = strip(rootserver, "rootserver");
  const std::string tree = loader.build + "/" + kTree;
  BuildEdge edge = native_edge("cpio", loader.folder + "/archive.cpio");
  edge.command.insert(edge.command.end(), {"--order", "given", "kernel.elf=" + loader.kernel, "kernel.dtb=" + tree,
                                           "rootserver=" + loader.rootserver});
  edge.inputs = {loader.kernel, tree, loader.rootserver};
  loader.archive = edge.output;
  plan_.edges.push_back(std::move(edge));
  return {};
}

BuildEdge Planner::elfloader_edge(const std::string& kind, const std::string& output, const Elfloader& loader) const {
  BuildEdge edge = native_edge(kind, output);
  const std::string tree = loader.build + "/" + kTree, platform = loader.build + "/" + kPlatform;
  edge.command.insert(edge.command.end(), {"--kernel", loader.kernel, "--tree", tree, "--platform", platform,
                                           "--rootserver", loader.rootserver});
  edge.inputs = {loader.kernel, tree, platform, loader.rootserver};
  return edge;
}

void Planner::add_elfloader_headers(Elfloader& loader) {
  const std::string folder = loader.folder + "/include";
  BuildEdge edge = elfloader_edge("elfloader-headers", folder, loader);
  const std::string source = (loader.source / "src").string();
  edge.command.insert(edge.command.end(), {"--archive", loader.archive, "--source", source});
  edge.inputs.push_back(loader.archive);
  for (const char* header : kHeaders) loader.headers.push_back(folder + "/" + header);
  edge.output = loader.headers.front();
  edge.side_outputs.assign(loader.headers.begin() + 1, loader.headers.end());
  plan_.edges.push_back(std::move(edge));
  for (const char* include : kIncludeFolders) {
    loader.includes.push_back("-I" + (loader.source / with_platform(include, loader.platform)).string());
  }
  loader.includes.push_back("-I" + (loader.libcpio / "include").string());
  loader.includes.push_back("-I" + folder);
  for (const char* generated : {"autoconf", "gen_config", "libsel4/gen_config"}) {
    loader.includes.push_back(fmt::format("-I{}/{}", loader.build, generated));
  }
}

void Planner::add_elfloader_objects(const ElfloaderStage& stage, Elfloader& loader) {
  const auto compile = [&](const fs::path& file, const std::string& name) {
    BuildEdge edge;
    edge.description = fmt::format("compile {}", name);
    edge.output = fmt::format("{}/objects/{}.o", loader.folder, name);
    edge.depfile = edge.output + ".d";
    edge.inputs = {file.string()};
    edge.inputs.insert(edge.inputs.end(), loader.headers.begin(), loader.headers.end());
    edge.command = {recipe_.toolchain + "gcc", "-c", "-g", "-MD", "-MF", edge.depfile, "-o", edge.output};
    add_prefix_maps(edge.command);
    edge.command.insert(edge.command.end(), kFlags.begin(), kFlags.end());
    edge.command.insert(edge.command.end(), loader.includes.begin(), loader.includes.end());
    edge.command.insert(edge.command.end(), stage.flags.begin(), stage.flags.end());
    edge.command.push_back(file.string());
    loader.objects.push_back(edge.output);
    plan_.edges.push_back(std::move(edge));
  };
  for (const char* folder : kSourceFolders) {
    const fs::path inside = with_platform(folder, loader.platform);
    for (const fs::path& file : sources_in(loader.source / inside)) {
      compile(file, "elfloader-tool/" + (inside / file.filename()).string());
    }
  }
  for (const fs::path& file : sources_in(loader.libcpio / "src")) {
    compile(file, "libcpio/" + file.filename().string());
  }
}

std::string Planner::add_elfloader_script(const ElfloaderStage& stage, const Elfloader& loader) {
  BuildEdge edge;
  edge.output = loader.folder + "/linker.lds";
  edge.description = fmt::format("preprocess {}/{}/linker.lds", recipe_.name, stage.name);
  edge.depfile = edge.output + ".d";
  const std::string script = (loader.source / "src/linker.lds").string();
  edge.inputs = {script};
  edge.inputs.insert(edge.inputs.end(), loader.headers.begin(), loader.headers.end());
  edge.command = {recipe_.toolchain + "gcc", "-P", "-E", "-x", "c", "-MD", "-MF", edge.depfile, "-MT", edge.output};
  edge.command.insert(edge.command.end(), loader.includes.begin(), loader.includes.end());
  edge.command.insert(edge.command.end(), {"-o", edge.output, script});
  plan_.edges.push_back(edge);
  return edge.output;
}

Planner::Added Planner::add(const ElfloaderStage& stage) {
  BOOTRIG_TRY_VOID(need_tool("gcc", "gcc-aarch64-linux-gnu"));
  BOOTRIG_TRY_VOID(need_tool("strip", "binutils-aarch64-linux-gnu"));
  BOOTRIG_TRY(Elfloader loader, open_elfloader(stage));
  BOOTRIG_TRY_VOID(add_elfloader_archive(stage, loader));
  add_elfloader_headers(loader);
  add_elfloader_objects(stage, loader);
  const EmbedStage archive{.name = stage.name + "/archive",
                           .input = loader.archive,
                           .symbol = "_archive_start",
                           .section = "._archive_cpio"};
  const StageOutput embedded = embed(archive, loader.archive);
  BuildEdge edge;
  edge.output = fmt::format("{}/{}.elf", out_, stage.name);
  edge.side_outputs = {fmt::format("{}/{}.map", out_, stage.name)};
  edge.description = fmt::format("link {}/{}.elf", recipe_.name, stage.name);
  const std::string script = add_elfloader_script(stage, loader);
  edge.inputs = loader.objects;
  edge.inputs.insert(edge.inputs.end(), embedded.objects.begin(), embedded.objects.end());
  edge.command = {recipe_.toolchain + "gcc",
                  "-nostdlib",
                  "-static",
                  "-no-pie",
                  "-o",
                  edge.output,
                  "-T",
                  script,
                  "-Xlinker",
                  "-Map=" + edge.side_outputs[0],
                  "-Wl,--build-id=none,--no-warn-rwx-segments"};
  edge.command.insert(edge.command.end(), edge.inputs.begin(), edge.inputs.end());
  edge.command.push_back("-lgcc");
  edge.inputs.push_back(script);
  BuildEdge check = elfloader_edge("elfloader-check", fmt::format("{}/{}.txt", out_, stage.name), loader);
  check.command.insert(check.command.end(), {"--loader", edge.output});
  check.inputs.push_back(edge.output);
  StageOutput output = keep(std::move(edge), /*elf=*/true);
  plan_.edges.push_back(std::move(check));
  return output;
}

}  // namespace bootrig
