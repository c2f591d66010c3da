#include "qemu/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include "base/text.h"

namespace bootrig {
namespace {

constexpr std::uint64_t kMegabyte = std::uint64_t{1} << 20;

// Within an option, a comma ends a value unless it is doubled.
std::string escape_commas(const std::string& value) {
  std::string escaped;
  for (const char c : value) escaped.append(c == ',' ? 2 : 1, c);
  return escaped;
}

std::string machine_option(const MachineSpec& machine) {
  std::string option = fmt::format("virt,gic-version={}", machine.gic);
  if (machine.level >= 2) option += ",virtualization=on";
  if (machine.level >= 3) option += ",secure=on";
  return option;
}

// Time that QEMU counts in instructions (2^3 ns each, near what TCG does) and skips while all CPUs wait; a clock of that
// time alone, begun at a fixed date; no random seeds in the device tree. "shift=auto" would follow the host's speed.
constexpr const char* kInstructionTime = "shift=3,sleep=off";
constexpr const char* kVirtualClock = "base=2024-01-01T00:00:00,clock=vm";
constexpr const char* kPlainDeviceTree = ",dtb-randomness=off";

// QEMU takes a bare number as megabytes; the unit is always given.
std::string memory_option(std::uint64_t bytes) {
  return bytes % kMegabyte == 0 ? fmt::format("{}M", bytes / kMegabyte) : fmt::format("{}B", bytes);
}

// cpu-num makes the loader set that CPU's PC. A raw image may begin like an ELF and is still raw.
std::string loader_option(const BootImage& image) {
  std::string option = "loader,file=" + escape_commas(image.file.string());
  if (image.load_address) option += fmt::format(",addr={:#x},force-raw=on", *image.load_address);
  return option + ",cpu-num=0";
}

std::string socket_option(const char* id, int descriptor) {
  return fmt::format("socket,id={},fd={}", id, descriptor);
}

// The value of an option that stands in a command line at most once; "" without it.
std::string value_of(const std::vector<std::string>& arguments, std::string_view option) {
  const auto at = std::ranges::find(arguments, option);
  return at == arguments.end() || at + 1 == arguments.end() ? "" : *(at + 1);
}

std::optional<BootImage> booted_linux(const std::vector<std::string>& arguments) {
  const std::string file = value_of(arguments, "-kernel");
  const bool ours = std::ranges::find(arguments, socket_option("gdb", kGdbDescriptor)) != arguments.end();
  if (file.empty() || !ours) return std::nullopt;
  return BootImage{.file = file,
                   .linux_boot = LinuxBoot{value_of(arguments, "-initrd"), value_of(arguments, "-append")}};
}

}  // namespace

std::vector<std::string> qemu_arguments(const MachineSpec& machine, const BootImage& image) {
  const bool kvm = machine.accelerator == Accelerator::kKvm;
  std::vector<std::string> arguments{machine.qemu};
  const auto add = [&arguments](std::initializer_list<std::string> more) { arguments.insert(arguments.end(), more); };
  add({"-nodefaults", "-no-user-config", "-display", "none"});
  add({"-machine", machine_option(machine) + (machine.deterministic ? kPlainDeviceTree : "")});
  add({"-accel", kvm ? "kvm" : "tcg"});
  add({"-cpu", kvm ? "host" : machine.cpu});
  add({"-smp", fmt::format("{}", machine.cpus)});
  add({"-m", memory_option(machine.memory)});
  if (machine.deterministic) add({"-icount", kInstructionTime, "-rtc", kVirtualClock});
  add({"-no-reboot", "-no-shutdown"});
  add({"-S"});  // until QMP's "cont": an event before the QMP handshake would be lost
  add({"-chardev", socket_option("uart", kUartDescriptor), "-serial", "chardev:uart"});
  add({"-chardev", socket_option("qmp", kQmpDescriptor), "-mon", "chardev=qmp,mode=control"});
  add({"-chardev", socket_option("gdb", kGdbDescriptor)});
  if (image.linux_boot) {
    add({"-kernel", image.file.string()});
    if (!image.linux_boot->initrd.empty()) add({"-initrd", image.linux_boot->initrd.string()});
    if (!image.linux_boot->append.empty()) add({"-append", image.linux_boot->append});
  } else {
    add({"-device", loader_option(image)});
  }
  arguments.insert(arguments.end(), image.arguments.begin(), image.arguments.end());
  arguments.insert(arguments.end(), machine.extra_arguments.begin(), machine.extra_arguments.end());
  return arguments;
}

std::vector<std::string> device_tree_arguments(const MachineSpec& machine, const std::filesystem::path& file) {
  const bool kvm = machine.accelerator == Accelerator::kKvm;
  std::vector<std::string> arguments{machine.qemu, "-nodefaults", "-no-user-config", "-display", "none"};
  const auto add = [&arguments](std::initializer_list<std::string> more) { arguments.insert(arguments.end(), more); };
  add({"-machine", machine_option(machine) + kPlainDeviceTree + ",dumpdtb=" + escape_commas(file.string())});
  add({"-accel", "tcg", "-cpu", kvm ? "max" : machine.cpu});
  add({"-smp", fmt::format("{}", machine.cpus), "-m", memory_option(machine.memory)});
  arguments.insert(arguments.end(), machine.extra_arguments.begin(), machine.extra_arguments.end());
  return arguments;
}

std::vector<std::string> map_arguments(const MachineSpec& machine) {
  const bool kvm = machine.accelerator == Accelerator::kKvm;
  std::vector<std::string> arguments{machine.qemu,
                                     "-nodefaults",
                                     "-no-user-config",
                                     "-display",
                                     "none",
                                     "-machine",
                                     machine_option(machine),
                                     "-accel",
                                     "tcg",
                                     "-cpu",
                                     kvm ? "max" : machine.cpu,
                                     "-smp",
                                     fmt::format("{}", machine.cpus),
                                     "-m",
                                     memory_option(machine.memory),
                                     "-S",
                                     "-chardev",
                                     socket_option("monitor", kMonitorDescriptor),
                                     "-mon",
                                     "chardev=monitor,mode=readline"};
  arguments.insert(arguments.end(), machine.extra_arguments.begin(), machine.extra_arguments.end());
  return arguments;
}

std::optional<BootImage> booted_image(const std::vector<std::string>& arguments) {
  constexpr std::string_view kBegin = "loader,file=", kEnd = ",cpu-num=0", kAddress = ",addr=0x",
                             kRaw = ",force-raw=on";
  for (std::string_view option : arguments) {
    if (!option.starts_with(kBegin) || !option.ends_with(kEnd)) continue;
    option.remove_prefix(kBegin.size());
    option.remove_suffix(kEnd.size());
    BootImage image;
    if (option.ends_with(kRaw)) {
      option.remove_suffix(kRaw.size());
      const std::size_t address = option.rfind(kAddress);
      const auto value = address == std::string_view::npos
                             ? Result<std::uint64_t>(fail("no address"))
                             : parse_address(option.substr(address + std::string_view(",addr=").size()));
      if (!value) return std::nullopt;
      image.load_address = *value;
      option = option.substr(0, address);
    }
    std::string file;
    for (std::size_t i = 0; i < option.size(); ++i) {
      file += option[i];
      if (option[i] == ',') ++i;  // a comma in a name is doubled
    }
    image.file = file;
    return image;
  }
  return booted_linux(arguments);
}

}  // namespace bootrig
