#include "image/elfloader_tree.h"

#include <fmt/format.h>
#include <libfdt.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/text.h"

namespace bootrig {
namespace {

constexpr std::size_t kDevicesMax = 64;

// "a\0b\0" as texts; what has no end is left out.
std::vector<std::string> texts(const void* tree, int node, const char* name) {
  int size = 0;
  const auto* bytes = static_cast<const char*>(fdt_getprop(tree, node, name, &size));
  std::vector<std::string> list;
  std::string_view rest(bytes == nullptr || size < 0 ? "" : bytes,
                        bytes == nullptr || size < 0 ? 0 : static_cast<std::size_t>(size));
  for (std::size_t end = rest.find('\0'); end != std::string_view::npos; end = rest.find('\0')) {
    list.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  return list;
}

std::string first_text(const void* tree, int node, const char* name) {
  const auto list = texts(tree, node, name);
  return list.empty() ? "" : list.front();
}

// A number of one or two cells.
std::optional<std::uint64_t> number(const void* tree, int node, const char* name) {
  int size = 0;
  const auto* bytes = static_cast<const std::uint8_t*>(fdt_getprop(tree, node, name, &size));
  if (bytes == nullptr || (size != 4 && size != 8)) return std::nullopt;
  std::uint64_t value = 0;
  for (int i = 0; i < size; ++i) value = value << 8 | bytes[i];
  return value;
}

Result<std::vector<ElfloaderDevice>> read_devices(std::string_view name, const void* fdt, const DeviceTree& tree) {
  const int chosen = fdt_path_offset(fdt, "/chosen");
  const auto paths = chosen < 0 ? std::vector<std::string>{} : texts(fdt, chosen, "seL4,elfloader-devices");
  if (paths.size() > kDevicesMax) return fail(std::string(name), "names too many devices for the elfloader");
  std::vector<ElfloaderDevice> devices;
  for (const std::string& path : paths) {
    // An alias is not followed: libfdt 1.6 follows one that names itself until the stack ends.
    const int node = path.starts_with('/') ? fdt_path_offset(fdt, path.c_str()) : -1;
    const auto known = std::ranges::find(tree.devices, path, &DeviceTree::Device::path);
    if (node < 0 || known == tree.devices.end()) {
      return fail(std::string(name), fmt::format("names '{}' for the elfloader (seL4,elfloader-devices in /chosen), "
                                                 "and has no such device",
                                                 printable(path)));
    }
    ElfloaderDevice& device = devices.emplace_back(path, texts(fdt, node, "compatible"), std::vector<std::uint64_t>{});
    for (const DeviceTree::Range& range : known->ranges) device.bases.push_back(range.base);
  }
  return devices;
}

std::vector<ElfloaderCpu> read_cpus(const void* fdt) {
  std::vector<ElfloaderCpu> cpus;
  const int parent = fdt_path_offset(fdt, "/cpus");
  if (parent < 0) return cpus;
  for (int node = fdt_first_subnode(fdt, parent); node >= 0; node = fdt_next_subnode(fdt, node)) {
    if (first_text(fdt, node, "device_type") != "cpu") continue;
    int size = 0;
    const char* name = fdt_get_name(fdt, node, &size);
    cpus.push_back({.path = "/cpus/" + std::string(name == nullptr ? "" : name),
                    .compatible = first_text(fdt, node, "compatible"),
                    .enable_method = first_text(fdt, node, "enable-method"),
                    .id = number(fdt, node, "reg").value_or(cpus.size()),
                    .release_address = number(fdt, node, "cpu-release-addr").value_or(0)});
  }
  std::ranges::stable_sort(cpus, {}, &ElfloaderCpu::id);
  return cpus;
}

// Between the quotes of a C string; a device tree may hold anything.
std::string c_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("\\{:03o}", byte);
    }
  }
  return out;
}

std::string cpu_method(const ElfloaderCpu& cpu, const DeviceTree& tree) {
  if (cpu.enable_method == "psci" && !tree.psci_method.empty()) {
    return tree.psci_method == "smc" ? "PSCI_METHOD_SMC" : "PSCI_METHOD_HVC";
  }
  return fmt::format("{:#x}", cpu.enable_method == "spin-table" ? cpu.release_address : 0);
}

}  // namespace

Result<ElfloaderTree> read_elfloader_tree(std::string_view name, std::span<const std::uint8_t> bytes) {
  BOOTRIG_TRY(DeviceTree tree, parse_device_tree(name, bytes));
  // libfdt wants it aligned; it is sound, or it would not have been parsed.
  bytes = bytes.first(std::min(bytes.size(), kDeviceTreeSizeMax));
  std::vector<std::uint64_t> aligned(bytes.size() / 8 + 1);
  if (!bytes.empty()) std::memcpy(aligned.data(), bytes.data(), bytes.size());
  ElfloaderTree read;
  BOOTRIG_TRY(read.devices, read_devices(name, aligned.data(), tree));
  read.cpus = read_cpus(aligned.data());
  read.tree = std::move(tree);
  return read;
}

std::string elfloader_devices_header(const ElfloaderTree& tree,
                                     const std::function<bool(std::string_view)>& has_driver) {
  std::size_t regions = 1;
  for (const ElfloaderDevice& device : tree.devices) regions = std::max(regions, device.bases.size());
  const bool psci = std::ranges::find(tree.cpus, "psci", &ElfloaderCpu::enable_method) != tree.cpus.end();
  std::string text = fmt::format(
      "#pragma once\n#include <types.h>\n{}#define MAX_NUM_REGIONS {}\n"
      "struct elfloader_driver;\n"
      "struct elfloader_device {{ const char *compat; volatile void *region_bases[MAX_NUM_REGIONS]; "
      "struct elfloader_driver *drv; }};\n"
      "struct elfloader_cpu {{ const char *compat; const char *enable_method; word_t cpu_id; word_t extra_data; }};\n"
      "#ifdef DRIVER_COMMON\nstruct elfloader_device elfloader_devices[] = {{\n",
      psci ? "#include <psci.h>\n" : "", regions);
  for (const ElfloaderDevice& device : tree.devices) {
    const auto driven = std::ranges::find_if(device.compatible, has_driver);
    const std::string compatible = driven != device.compatible.end() ? *driven
                                   : device.compatible.empty()       ? ""
                                                                     : device.compatible.front();
    text += fmt::format("    {{ .compat = \"{}\", .region_bases = {{", c_text(compatible));
    for (const std::uint64_t base : device.bases) text += fmt::format(" (void *){:#x},", base);
    text += device.bases.empty() ? " 0 } },\n" : " } },\n";
  }
  if (tree.devices.empty()) text += "    { .compat = \"\" },\n";
  text += "};\nstruct elfloader_cpu elfloader_cpus[] = {\n";
  for (const ElfloaderCpu& cpu : tree.cpus) {
    const std::string method = cpu.enable_method.empty() ? "0" : fmt::format("\"{}\"", c_text(cpu.enable_method));
    text += fmt::format("    {{ .compat = \"{}\", .enable_method = {}, .cpu_id = {:#x}, .extra_data = {} }},\n",
                        c_text(cpu.compatible), method, cpu.id, cpu_method(cpu, tree.tree));
  }
  return text +
         "    { .compat = 0 },\n};\n#else\nextern struct elfloader_device elfloader_devices[];\n"
         "extern struct elfloader_cpu elfloader_cpus[];\n#endif\n";
}

}  // namespace bootrig
