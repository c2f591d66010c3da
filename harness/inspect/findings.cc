#include "inspect/findings.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace bootrig {
namespace {

using Severity = Finding::Severity;

std::string range_text(const ImageRegion& region) {
  return fmt::format("{} at {:#x}..{:#x}", region.name, region.address, region.end());
}

// Each against the one before it that reaches furthest: enough to tell that there are overlaps, and linear.
void check_overlaps(std::vector<ImageRegion> regions, bool by_table, std::vector<Finding>& findings) {
  std::erase_if(regions, [](const ImageRegion& region) { return region.size == 0; });
  std::ranges::stable_sort(regions, {}, &ImageRegion::address);
  const ImageRegion* furthest = nullptr;
  for (const ImageRegion& region : regions) {
    if (furthest != nullptr && furthest->contains(region.address)) {
      // A loader may put a program elsewhere than its ELF says; what its table says, it does.
      const bool certain = by_table || (region.kind == furthest->kind && region.kind == ImageRegion::Kind::kLoaded);
      findings.push_back({"overlap",
                          certain ? Severity::kError : Severity::kWarning,
                          fmt::format("{} and {} overlap in memory", furthest->name, region.name),
                          {range_text(*furthest), range_text(region)},
                          "link or load one of them elsewhere"});
    }
    if (furthest == nullptr || region.end() > furthest->end()) furthest = &region;
  }
}

// Raw bytes at QEMU virt's first flash are firmware: the CPU begins there. An ELF file for address 0 is another matter.
bool is_firmware(const ImageContents& contents) {
  constexpr std::uint64_t kFlashSize = 64 << 20;  // of virt's flash0, at 0
  return contents.form == ImageContents::Form::kRaw && !contents.loader && contents.entry == 0u &&
         contents.size <= kFlashSize;
}

void check_memory(const std::vector<ImageRegion>& regions, const TargetPlace& target, std::vector<Finding>& findings) {
  for (const ImageRegion& region : regions) {
    const std::uint64_t into = region.address - target.memory;
    if (region.size == 0 || (into < target.memory_size && target.memory_size - into >= region.size)) continue;
    findings.push_back(
        {"outside-memory",
         Severity::kError,
         fmt::format("{} lies outside the memory of {}", region.name, target.name),
         {range_text(region), fmt::format("memory at {:#x}..{:#x}", target.memory, target.memory + target.memory_size)},
         "link the image for this target's memory, or give the target more of it"});
  }
}

// A name that leads out of the folder that the archive is unpacked to.
bool leads_out(std::string_view name) {
  const auto parts = split(name, '/');
  return name.starts_with('/') || std::ranges::find(parts, "..") != parts.end();
}

// A member whose name says what it is, and whose first bytes say otherwise.
void check_member(const ArchiveMember& member, std::string_view bytes, std::vector<Finding>& findings) {
  constexpr std::string_view kTreeMagic = "\xd0\x0d\xfe\xed";
  const std::string_view data = bytes.substr(std::min<std::size_t>(member.first, bytes.size()), member.size);
  const bool program = member.name.ends_with(".elf") && !looks_like_elf(data);
  const bool tree = member.name.ends_with(".dtb") && !data.starts_with(kTreeMagic);
  if (!program && !tree) return;
  findings.push_back({program ? "broken-program" : "broken-tree",
                      Severity::kWarning,
                      fmt::format("{} in the image is no {}", member.name, program ? "ELF file" : "device tree"),
                      {fmt::format("{} bytes at byte {:#x} of the file", member.size, member.first)},
                      "build it again"});
}

void check_archives(const ImageContents& contents, std::string_view bytes, std::vector<Finding>& findings) {
  for (const Archive& archive : contents.archives) {
    for (const ArchiveMember& part : archive.members) check_member(part, bytes, findings);
    const auto member = std::ranges::find_if(archive.members, leads_out, &ArchiveMember::name);
    if (member != archive.members.end()) {
      findings.push_back({"archive-name",
                          Severity::kWarning,
                          fmt::format("the CPIO archive in the image has a member named '{}'", member->name),
                          {fmt::format("in the archive at byte {:#x} of the file", archive.first)},
                          "name members without '..' and a leading '/'"});
    }
    if (!archive.damage) continue;
    findings.push_back({"truncated-archive",
                        Severity::kError,
                        "the CPIO archive in the image is not whole",
                        {fmt::format("at byte {:#x} of the file: {}", archive.first, damage_text(archive))},
                        "build the archive again and link all of it"});
  }
}

void check_loader(const ImageContents& contents, const std::optional<TargetPlace>& target,
                  std::vector<Finding>& findings) {
  const LoaderHeader& loader = *contents.loader;
  if (loader.there < loader.size) {
    findings.push_back({"truncated-image",
                        Severity::kError,
                        fmt::format("the image is cut off: its loader would copy {} bytes that are not there",
                                    loader.size - loader.there),
                        {fmt::format("the loader's table at byte {:#x} promises {} bytes, the file has {}",
                                     loader.offset, loader.size, loader.there)},
                        "transfer or build the image again"});
  }
  if (loader.for_hypervisor && target && target->level < 2) {
    findings.push_back({"wrong-level",
                        Severity::kError,
                        fmt::format("its kernel needs EL2, and {} enters at EL{}", target->name, target->level),
                        {fmt::format("the loader's table at byte {:#x} has the hypervisor flag", loader.offset)},
                        "choose a target that enters at EL2, or build the kernel without hypervisor support"});
  }
}

// Code that is executed first must be there, and executable.
void check_entry(const ImageContents& contents, std::vector<Finding>& findings) {
  if (!contents.entry || contents.regions.empty()) return;
  const ImageRegion* region = contents.loaded_at(*contents.entry);
  const std::string entry = fmt::format("entry {:#x}", *contents.entry);
  if (region == nullptr) {
    findings.push_back({"entry-outside",
                        Severity::kError,
                        "the image is entered where it has nothing",
                        {entry, range_text(contents.regions.front())},
                        "set the entry to the address of the first instruction"});
  } else if (*contents.entry - region->address >= region->file_size) {
    findings.push_back({"entry-outside",
                        Severity::kError,
                        "the image is entered in memory that the file leaves zero",
                        {entry, range_text(*region)},
                        "set the entry to the address of the first instruction"});
  } else if (!region->executable) {
    findings.push_back({"entry-not-executable",
                        Severity::kWarning,
                        "the image is entered in a segment that is not executable",
                        {entry, range_text(*region)},
                        "give the segment PF_X"});
  }
}

// Raw bytes are entered at their start. The ELF file that they were made of says where they should be.
void check_raw_entry(const ImageContents& contents, const SymbolTable& symbols, std::vector<Finding>& findings) {
  if (contents.form != ImageContents::Form::kRaw || !contents.entry) return;
  const auto start = std::ranges::find(symbols.symbols(), std::string_view("_start"), &Symbol::name);
  if (start == symbols.symbols().end() || start->address == *contents.entry) return;
  if (contents.loaded_at(start->address) == nullptr) return;
  findings.push_back({"entry-not-first",
                      Severity::kError,
                      "the raw image is entered at its first byte, and its code begins elsewhere",
                      {fmt::format("entered at {:#x}; _start is at {:#x}", *contents.entry, start->address)},
                      "place _start first in the linker script, or boot the ELF"});
}

// Hashes that do not match, and why else a uImage or a FIT would not be booted.
void check_packed(const ImageContents& contents, std::vector<Finding>& findings) {
  bool damaged = false;
  for (const PackedImage& image : contents.packed ? contents.packed->images : std::vector<PackedImage>()) {
    for (const PackedHash& hash : image.hashes) {
      if (hash.state != PackedHash::State::kBad) continue;
      damaged = true;
      findings.push_back(
          {"bad-hash",
           Severity::kError,
           fmt::format("a {} in the {} is not that of the bytes that are there", hash.algorithm, form_text(contents)),
           {fmt::format("image '{}', {} bytes at byte {:#x}", image.name, image.size, image.offset)},
           "pack it again, or copy it again: it was changed behind mkimage"});
    }
  }
  if (!contents.not_unpacked || damaged) return;
  findings.push_back({"not-bootable-as-packed",
                      Severity::kError,
                      fmt::format("what the {} packs is not booted", form_text(contents)),
                      {*contents.not_unpacked},
                      "pack it otherwise, or give the kernel by itself"});
}

// What is no code at its first byte, or not where its header says that it must lie.
void check_form(const ImageContents& contents, std::vector<Finding>& findings) {
  using Form = ImageContents::Form;
  if (contents.form == Form::kTree) {
    findings.push_back({"not-code",
                        Severity::kError,
                        "the image is a device tree, not code that can be entered",
                        {"it begins with the magic of a flattened device tree, 0xd00dfeed"},
                        "boot the program that wants this device tree"});
  }
  if (!contents.linux) return;
  constexpr std::uint64_t kAlignment = std::uint64_t{2} << 20;
  const LinuxHeader& header = *contents.linux;
  if (header.big_endian) {
    findings.push_back({"linux-big-endian",
                        Severity::kWarning,
                        "the Linux Image is big-endian",
                        {"bit 0 of the flags in its header is set"},
                        "choose a kernel without CONFIG_CPU_BIG_ENDIAN, unless the CPU has big-endian data at EL1"});
  }
  if (contents.entry && (*contents.entry - header.text_offset) % kAlignment != 0) {
    findings.push_back({"linux-misplaced",
                        Severity::kError,
                        "the Linux Image is not loaded to where its header says",
                        {fmt::format("loaded to {:#x}; its text_offset is {:#x}", *contents.entry, header.text_offset)},
                        fmt::format("load it to {:#x} behind a multiple of 2 MiB", header.text_offset)});
  }
}

void check_broken(const ImageContents& contents, std::vector<Finding>& findings) {
  for (const BrokenPart& part : contents.broken) {
    const bool program = part.kind == BrokenPart::Kind::kProgram;
    const bool all_of_it = contents.form == ImageContents::Form::kTree;
    findings.push_back({program ? "broken-program" : "broken-tree",
                        all_of_it ? Severity::kError : Severity::kWarning,
                        fmt::format("{} in the image cannot be read: it {}", part.name, part.why),
                        {fmt::format("at byte {:#x} of the file", part.offset)},
                        "build it again"});
  }
}

void check_rights(const ImageContents& contents, std::vector<Finding>& findings) {
  if (contents.form != ImageContents::Form::kElf) return;
  for (const ImageRegion& region : contents.regions) {
    if (region.kind != ImageRegion::Kind::kLoaded || !region.writable || !region.executable) continue;
    findings.push_back({"writable-code",
                        Severity::kNote,
                        fmt::format("{} is writable and executable", region.name),
                        {range_text(region)},
                        ""});
  }
}

}  // namespace

std::string_view to_text(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kNote:
      break;
  }
  return "note";
}

std::string to_line(const Finding& finding) {
  return fmt::format("{}: {} [{}]{}", to_text(finding.severity), finding.what, finding.name,
                     finding.evidence.empty() ? "" : ": " + finding.evidence.front());
}

std::vector<Finding> find_problems(const ImageContents& contents, std::string_view bytes, const SymbolTable& symbols,
                                   const std::optional<TargetPlace>& target) {
  std::vector<Finding> findings;
  const std::vector<ImageRegion> regions = all_regions(contents);
  if (contents.loader) check_loader(contents, target, findings);
  check_archives(contents, bytes, findings);
  check_entry(contents, findings);
  check_raw_entry(contents, symbols, findings);
  check_form(contents, findings);
  check_packed(contents, findings);
  check_broken(contents, findings);
  check_overlaps(regions, contents.loader.has_value(), findings);
  if (target && !is_firmware(contents)) check_memory(regions, *target, findings);
  check_kernel_entry(contents, bytes, symbols, findings);
  if (target) {
    const bool calls_firmware = check_code(contents, bytes, symbols, *target, findings);
    check_trees(contents, calls_firmware, *target, findings);
  }
  check_rights(contents, findings);
  std::ranges::stable_sort(findings, {}, &Finding::severity);
  return findings;
}

}  // namespace bootrig
