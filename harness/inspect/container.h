// ImageContents: what an image is and what it is made of, out of its bytes alone: its form, what lies where in memory,
// what its loader copies to where, and the programs, archives and device trees in it. What of that is wrong is
// findings.h's business. Hostile bytes give an error or less, never a crash.
//
// Forms: ELF (System V gABI); a flattened device tree, and U-Boot's FIT, which is one (doc/usage/fit of U-Boot); Microkit's loader image (tool/microkit/src/loader.rs and loader/src/loader.c of Microkit);
// Linux's Image (Documentation/arch/arm64/booting.rst); U-Boot's uImage (include/image.h of U-Boot).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "elf/elf_file.h"
#include "image/device_tree.h"
#include "image/packed_images.h"
#include "inspect/archive.h"

namespace bootrig {

// Bytes of the image and where in physical memory they come to lie. `size` is in memory; what the file does not have
// of it is zero.
struct ImageRegion {
  enum class Kind {
    kLoaded,  // is there when the image is entered
    kCopied,  // its own loader puts it there
  };
  Kind kind = Kind::kLoaded;
  std::string name;  // "segment 0", "region 1", "the image"
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  std::uint64_t file_offset = 0;
  std::uint64_t file_size = 0;
  bool writable = true, executable = true;  // as far as the image says

  bool contains(std::uint64_t place) const { return place - address < size; }
  std::uint64_t end() const { return address + size; }
};

// The table by which Microkit's loader knows what to copy, and where the kernel is entered.
struct LoaderHeader {
  std::uint64_t offset = 0;  // in the file
  std::uint64_t size = 0;    // of header, table and data, as the header has it
  std::uint64_t there = 0;   // of these bytes, in the file
  std::uint64_t kernel_entry = 0;
  std::uint64_t user_entry = 0;
  bool for_hypervisor = false;  // an older header's flag: the kernel runs at EL2
};

struct EmbeddedProgram {
  std::string name;  // an archive's member; else "unnamed ELF"
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  ElfFile elf;
};

struct EmbeddedTree {
  std::uint64_t offset = 0;
  DeviceTree tree;
};

// What begins like an ELF program or a device tree, and cannot be read as one.
struct BrokenPart {
  enum class Kind { kProgram, kTree };
  Kind kind = Kind::kProgram;
  std::string name;  // an archive's member; else "unnamed ELF", "device tree"
  std::uint64_t offset = 0;
  std::string why;  // "is cut off: segment 0 has ..."
};

// The header of Linux's Image (booting.rst, "Call the kernel image").
struct LinuxHeader {
  std::uint64_t text_offset = 0;  // from a multiple of 2 MiB to where it is to lie
  std::uint64_t memory_size = 0;  // from there on; 0: not told
  bool big_endian = false;
};

struct ImageContents {
  enum class Form { kElf, kUImage, kLinux, kTree, kFit, kRaw };
  Form form = Form::kRaw;
  std::uint64_t size = 0;              // of the file
  std::optional<std::uint64_t> entry;  // physical as far as it can be told; none: a raw image of unknown place
  std::vector<ImageRegion> regions;    // without those of a raw image of unknown place
  std::optional<LoaderHeader> loader;  // it is a Microkit loader image
  std::vector<Archive> archives;
  std::vector<EmbeddedProgram> programs;
  std::vector<EmbeddedTree> trees;
  std::vector<BrokenPart> broken;
  std::optional<LinuxHeader> linux;
  std::optional<PackedImages> packed;       // of a uImage or a FIT
  std::optional<std::string> not_unpacked;  // why it cannot be booted as it is packed

  // The region that is there from the start and holds the address; null: none does.
  const ImageRegion* loaded_at(std::uint64_t address) const;
};
// The program in it whose code runs at other addresses than it is loaded to: a kernel. Null: there is none, or several.
const EmbeddedProgram* embedded_kernel(const ImageContents& contents);
// All that comes to lie in memory: the image, what it copies, and the kernel in it.
std::vector<ImageRegion> all_regions(const ImageContents& contents);
// "ELF", "Microkit loader image", "Microkit loader image in an ELF".
std::string form_text(const ImageContents& contents);

// `load`: where raw bytes are loaded. Without it, a Microkit loader image says itself where it is linked. Errors: empty;
// an ELF that is none for AArch64, or broken; a uImage whose header is cut off; `load` where the image has its own.
Result<ImageContents> read_contents(std::string_view display_name, std::string_view bytes,
                                    std::optional<std::uint64_t> load);

}  // namespace bootrig
