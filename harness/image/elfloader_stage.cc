#include "image/elfloader_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <span>

#include "base/file.h"
#include "base/text.h"
#include "image/elfloader_layout.h"
#include "image/elfloader_tree.h"
#include "image/stage.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

// For what the loader has besides its archive: code, boot tables, and a stack for each CPU.
constexpr std::uint64_t kLoaderRoom = std::uint64_t{1} << 20;

using Options = std::map<std::string, std::string>;

Result<Options> read_options(const std::vector<std::string>& words, const std::vector<std::string>& names) {
  Options options;
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) options[words[i]] = words[i + 1];
  for (const auto& [name, value] : options) {
    if (std::ranges::find(names, name) != names.end()) continue;
    return fail(fmt::format("'{}' is no option of this stage; there are {}", printable(name), one_of(names)));
  }
  for (const std::string& name : names) {
    if (!options.contains(name)) return fail(fmt::format("option {} is missing", name));
  }
  return options;
}

struct ReadParts {
  ElfloaderTree tree;
  ElfloaderParts parts;
};

Result<ReadParts> read_parts(const Options& options) {
  ReadParts read;
  BOOTRIG_TRY(const std::string tree, read_file(options.at("--tree")));
  BOOTRIG_TRY(read.tree, read_elfloader_tree(options.at("--tree"),
                                             {reinterpret_cast<const std::uint8_t*>(tree.data()), tree.size()}));
  BOOTRIG_TRY(const std::string platform, read_file(options.at("--platform")));
  BOOTRIG_TRY(read.parts.kernel_memory, parse_platform_memory(options.at("--platform"), platform));
  BOOTRIG_TRY(read.parts.kernel, open_elf(options.at("--kernel")));
  BOOTRIG_TRY(read.parts.rootserver, open_elf(options.at("--rootserver")));
  read.parts.memory = read.tree.tree.memory;
  read.parts.reserved = read.tree.tree.reserved;
  read.parts.tree_size = tree.size();
  return read;
}

// The texts in quotes of the loader's drivers: one that is a device's "compatible" has a driver for it.
Result<std::set<std::string, std::less<>>> driver_words(const fs::path& source) {
  std::set<std::string, std::less<>> words;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(source, error)) {
    if (entry.path().extension() != ".c") continue;
    BOOTRIG_TRY(const std::string text, read_file(entry.path()));
    const auto parts = split(text, '"');
    for (std::size_t i = 1; i < parts.size(); i += 2) words.emplace(parts[i]);
  }
  if (error) return fail(source.string(), error.message());
  return words;
}

std::string platform_header(const std::vector<MemoryItem>& regions) {
  std::string text = fmt::format(
      "#pragma once\nint num_memory_regions = {0};\nstruct memory_region {{ size_t start; size_t end; }} "
      "memory_region[{0}] = {{\n",
      regions.size());
  for (const MemoryItem& region : regions) {
    text += fmt::format("    {{ .start = {:#x}, .end = {:#x} }},\n", region.start, region.end);
  }
  return text + "};\n";
}

// An ELF file as boot image, no hashes, and the device tree in the archive: the words of elfloader-tool/CMakeLists.txt.
constexpr std::string_view kConfig =
    "#pragma once\n#define CONFIG_IMAGE_ELF 1\n#define CONFIG_HASH_NONE 1\n#define CONFIG_ELFLOADER_INCLUDE_DTB 1\n";

}  // namespace

Result<void> write_elfloader_headers(const std::vector<std::string>& words) {
  BOOTRIG_TRY(const Options options, read_options(words, {"--output", "--kernel", "--tree", "--platform",
                                                          "--rootserver", "--archive", "--source"}));
  BOOTRIG_TRY(const ReadParts read, read_parts(options));
  BOOTRIG_TRY(const std::vector<MemoryItem> items, place_parts(read.parts));
  std::error_code error;
  const std::uint64_t archive = fs::file_size(options.at("--archive"), error);
  if (error) return fail(options.at("--archive"), error.message());
  BOOTRIG_TRY(const MemoryItem loader, place_loader(read.parts, items, archive + kLoaderRoom));
  BOOTRIG_TRY(const auto drivers, driver_words(options.at("--source")));
  const fs::path folder = options.at("--output");
  const auto has_driver = [&](std::string_view compatible) { return drivers.contains(compatible); };
  BOOTRIG_TRY_VOID(make_folders(folder / "elfloader"));
  BOOTRIG_TRY_VOID(write_if_changed(folder / "elfloader/gen_config.h", kConfig));
  BOOTRIG_TRY_VOID(write_if_changed(folder / "image_start_addr.h",
                                    fmt::format("#pragma once\n#define IMAGE_START_ADDR {:#x}\n", loader.start)));
  BOOTRIG_TRY_VOID(write_if_changed(folder / "platform_info.h", platform_header(read.parts.kernel_memory)));
  return write_if_changed(folder / "devices_gen.h", elfloader_devices_header(read.tree, has_driver));
}

Result<void> check_elfloader(const std::vector<std::string>& words) {
  BOOTRIG_TRY(const Options options,
              read_options(words, {"--output", "--kernel", "--tree", "--platform", "--rootserver", "--loader"}));
  BOOTRIG_TRY(const ReadParts read, read_parts(options));
  BOOTRIG_TRY(std::vector<MemoryItem> items, place_parts(read.parts));
  BOOTRIG_TRY(const ElfFile loader, open_elf(options.at("--loader")));
  BOOTRIG_TRY(MemoryItem placed, check_loader(read.parts, items, loader));
  items.push_back(std::move(placed));
  return write_if_changed(options.at("--output"), layout_text(read.parts, std::move(items)));
}

}  // namespace bootrig
