#include "triage/guest_words.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "dump/console_lines.h"

namespace bootrig {
namespace {

using About = GuestWords::About;

struct Form {
  About about;
  std::string_view words;
};
// As the sources print them; a line holds them anywhere, as U-Boot and loaders put nothing before them and Linux may.
constexpr std::array kForms = {
    // Linux: arch/arm64/kernel/setup.c. Xen: arch/arm/setup.c.
    Form{About::kTree, "nvalid device tree blob at physical address "},
    // bootrig's own images: images/reference.
    Form{About::kNoTree, "PANIC no device tree at "},
    Form{About::kTree, "PANIC device tree at "},
    Form{About::kTree, "PANIC device tree in the archive"},
    // U-Boot: boot/image-fdt.c, boot/bootm.c, arch/arm/lib/bootm.c, include/fdt_support.h.
    Form{About::kNoTree, "ERROR: Did not find a cmdline Flattened Device Tree"},
    Form{About::kNoTree, "FDT and ATAGS support not compiled in"},
    Form{About::kTree, "libfdt fdt_check_header(): "},
    Form{About::kTree, "ERROR: image is not a fdt"},
    // seL4's elfloader: src/common.c.
    Form{About::kTree, "ERROR: Invalid device tree blob supplied"},
    // Linux: init/initramfs.c, init/do_mounts_rd.c.
    Form{About::kNoMethod, "Initramfs unpacking failed: compression method "},
    Form{About::kInitrd, "Initramfs unpacking failed: "},
    Form{About::kInitrd, "rootfs image is not initramfs ("},
    Form{About::kInitrd, "RAMDISK: image too big!"},
    Form{About::kInitrd, "RAMDISK: Couldn't find valid RAM disk image"},
    Form{About::kInitrd, "RAMDISK: EOF while reading compressed data"},
    Form{About::kInitrd, "RAMDISK: error while reading compressed data"},
    Form{About::kInitrd, "RAMDISK: incomplete write"},
    // U-Boot: boot/image.c, boot/image-board.c.
    Form{About::kInitrd, "Wrong Ramdisk Image Format"},
    Form{About::kInitrd, "Ramdisk image is corrupt or invalid"},
    Form{About::kInitrd, "ERROR: RD image overlaps OS image"},
    Form{About::kInitrd, "PANIC initrd "},
    // Linux: init/do_mounts.c, init/main.c.
    Form{About::kNoRoot, "VFS: Unable to mount root fs on"},
    Form{About::kNoRoot, "No working init found."},
    // U-Boot: arch/arm/lib/image.c, boot/bootm.c.
    Form{About::kKernel, "Bad Linux ARM64 Image magic!"},
    Form{About::kKernel, "Wrong Image Format for "},
    Form{About::kKernel, "Bad Data CRC"},
    Form{About::kKernel, "Bad Header Checksum"},
    // seL4's elfloader: src/common.c.
    Form{About::kKernel, "ERROR: Kernel image not a valid ELF file"},
    Form{About::kKernel, "ERROR: Could not load kernel ELF"},
    Form{About::kKernel, "ERROR: Could not load user image ELF"},
    Form{About::kKernel, "ERROR: Invalid ELF file"},
    // Microkit: loader/src/loader.c.
    Form{About::kKernel, "LDR|ERROR: mismatch on loader data structure magic number"},
    // bootrig's own loader, of a program in its archive.
    Form{About::kKernel, ".elf: is no ELF file"},
    Form{About::kKernel, ".elf: is no AArch64 ELF file"},
    Form{About::kKernel, ".elf: its program headers lie outside the file"},
    Form{About::kKernel, ".elf: segment "},
    // Linux: drivers/firmware/psci/psci.c, arch/arm64/kernel/psci.c, smp.c. bootrig's own kernel.
    Form{About::kCpu, "psci: failed to boot CPU"},
    Form{About::kCpu, "PANIC cpu "},
    // Linux: drivers/irqchip/irqchip.c, irq.c of arm64.
    Form{About::kNoGic, "No interrupt controller found"},
};

std::optional<std::uint64_t> number_in(std::string_view text, int base) {
  if (base == 16) {
    const std::size_t at = text.find("0x");
    if (at == text.npos) return std::nullopt;
    text.remove_prefix(at + 2);
  } else {
    const std::size_t at = text.find_first_of("0123456789");
    if (at == text.npos) return std::nullopt;
    text.remove_prefix(at);
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

void look_for(std::string_view line, bool in_memory, std::vector<GuestWords>& found) {
  constexpr std::size_t kLineMax = 160;
  for (const Form& form : kForms) {
    const std::size_t at = line.find(form.words);
    if (at == line.npos) continue;
    if (said(found, form.about) != nullptr) return;
    const std::string_view behind = line.substr(at + form.words.size());
    found.push_back({form.about, printable(trim(line).substr(0, kLineMax)), in_memory, number_in(behind, 16),
                     number_in(behind, 10)});
    return;
  }
}

}  // namespace

std::vector<GuestWords> find_words(std::string_view transcript, std::string_view log) {
  std::vector<GuestWords> found;
  dump::ConsoleLines lines(transcript);
  while (const auto line = lines.next()) look_for(line->text, false, found);
  for (const std::string_view line : split_lines(log)) look_for(line, true, found);
  return found;
}

const GuestWords* said(const std::vector<GuestWords>& words, GuestWords::About about) {
  const auto at = std::ranges::find(words, about, &GuestWords::about);
  return at == words.end() ? nullptr : &*at;
}

}  // namespace bootrig
