// Device trees that a guest cannot read: not given, overwritten, too large, damaged. Each begins with the guest's own
// words; which of them it is, memory at the address that they name decides, or the file.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "image/device_tree.h"
#include "inspect/container.h"
#include "triage/rules/rules.h"
#include "triage/written_over.h"

namespace bootrig {
namespace {

using About = GuestWords::About;

constexpr std::uint32_t kMagic = 0xd00dfeed;
constexpr std::uint64_t kHeaderSize = 40, kSizeAt = 4;

// A guest's words on a tree that it was given the address of, and what memory has there.
struct ToldTree {
  const GuestWords* words = nullptr;
  std::uint64_t at = 0;
  std::string header;       // 40 bytes of memory; empty: it cannot be read
  std::uint32_t magic = 0;  // its first word
  std::uint64_t size = 0;   // as the header has it
};

std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

bool read_memory(const Facts& facts, std::uint64_t at, std::string& out) {
  return facts.memory != nullptr &&
         facts.memory->read(at, {reinterpret_cast<std::uint8_t*>(out.data()), out.size()}).has_value();
}

std::optional<ToldTree> told_tree(const Facts& facts) {
  const GuestWords* words = said(facts.words, About::kTree);
  if (words == nullptr || !words->address || facts.evidence.at_rest == nullptr) return std::nullopt;
  ToldTree told{.words = words, .at = *words->address, .header = std::string(kHeaderSize, '\0')};
  if (!read_memory(facts, told.at, told.header)) {
    told.header.clear();
    return told;
  }
  told.magic = big_endian(told.header, 0);
  told.size = big_endian(told.header, kSizeAt);
  return told;
}

std::string quoted(const GuestWords& words) {
  return fmt::format("the guest says '{}'{}", words.line, words.in_memory ? " (in its log in memory)" : "");
}

// The file that the machine was given in place of its own tree, when it is sound: what memory should hold.
bool given_is_sound(const Facts& facts) {
  if (facts.evidence.given == nullptr || facts.evidence.given->tree.bytes.empty()) return true;
  const std::string& bytes = facts.evidence.given->tree.bytes;
  return !device_tree_damage({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

}  // namespace

// At the address that the guest was given there is no tree, and what lies there instead is known.
std::optional<RootCause> device_tree_overwritten(const Facts& facts) {
  const auto told = told_tree(facts);
  if (!told || told->at == 0 || told->header.empty() || told->magic == kMagic) return std::nullopt;
  const std::string who = who_lies_at(facts, told->at, nullptr);
  if (who.empty()) return std::nullopt;
  return RootCause{"device-tree-overwritten",
                   fmt::format("the device tree that the guest was told of at {:#x} is overwritten: {}; {}", told->at,
                               who, quoted(*told->words)),
                   fmt::format("put the device tree where nothing is loaded or cleared, or copy it before {:#x} is "
                               "written",
                               told->at)};
}

std::optional<RootCause> device_tree_not_given(const Facts& facts) {
  const bool went_on = facts.record || facts.evidence.transcript.contains("Linux version ");
  if (const GuestWords* none = said(facts.words, About::kNoTree); none != nullptr && !went_on) {
    return RootCause{"device-tree-not-given", fmt::format("the guest was given no device tree: {}", quoted(*none)),
                     "give it one where it looks: by the boot command's argument, in a register, or in its archive"};
  }
  const auto told = told_tree(facts);
  if (!told || (told->at != 0 && (told->header.empty() || told->magic == kMagic))) return std::nullopt;
  const bool raw = facts.evidence.given != nullptr && facts.evidence.given->image_at.has_value();
  std::string change = "pass the physical address of a device tree in the register that the boot protocol names";
  if (raw) change = "boot it by its own protocol, not as raw bytes: then x0 holds the device tree's address";
  if (told->at == 0) {
    return RootCause{
        "device-tree-not-given",
        fmt::format("the guest was entered with the address 0 for its device tree: {}", quoted(*told->words)), change};
  }
  return RootCause{"device-tree-not-given",
                   fmt::format("at {:#x}, where the guest looks for its device tree, memory holds {:#010x} and not the "
                               "magic 0xd00dfeed: {}",
                               told->at, told->magic, quoted(*told->words)),
                   change};
}

// A kernel that has its tables on uses the address that its loader has passed.
std::optional<RootCause> device_tree_not_mapped(const Facts& facts) {
  constexpr std::uint64_t kAlignment = 8;
  const bool read = facts.syndrome && facts.syndrome->abort && !facts.syndrome->instruction && !facts.syndrome->write &&
                    facts.far && walk_confirms(facts, aarch64::FaultKind::kTranslation) && !facts.from_files;
  if (!read || facts.suspect != nullptr) return std::nullopt;
  const std::uint64_t at = *facts.far - *facts.far % kAlignment;
  const MemoryRegion* there = find_region(facts.map, at);
  std::string header(kHeaderSize, '\0');
  if (there == nullptr || !there->memory || !read_memory(facts, at, header) || big_endian(header, 0) != kMagic) {
    return std::nullopt;
  }
  const std::uint64_t size = big_endian(header, kSizeAt);
  return RootCause{
      "device-tree-not-mapped",
      fmt::format("{} at {} reads the device tree at its physical address, {:#x}, which no table maps",
                  code_at_fault(facts), code_of_exception(facts), *facts.far),
      fmt::format("map {:#x}..{:#x} before the tree is read, and use the address at which it is mapped; or read it "
                  "while the MMU is off",
                  at, at + std::max<std::uint64_t>(size, 1) - 1)};
}

// Linux maps 2 MiB for it, and a loader copies it to where it has room.
std::optional<RootCause> device_tree_too_large(const Facts& facts) {
  const auto told = told_tree(facts);
  if (!told || told->magic != kMagic || told->size <= kDeviceTreeSizeMax) return std::nullopt;
  return RootCause{"device-tree-too-large",
                   fmt::format("the device tree at {:#x} has {} KiB by its header (totalsize), and at most {} KiB are "
                               "taken: {}",
                               told->at, told->size >> 10, kDeviceTreeSizeMax >> 10, quoted(*told->words)),
                   "pack it without the room behind it (dtc -O dtb, fdt_pack), or leave parts out"};
}

namespace {

std::optional<RootCause> damaged_in_memory(const Facts& facts) {
  constexpr std::uint64_t kAlignment = 8;
  const auto told = told_tree(facts);
  if (!told || told->magic != kMagic || told->size > kDeviceTreeSizeMax) return std::nullopt;
  if (told->at % kAlignment != 0 && told->words->line.contains("8-byte aligned")) {
    return RootCause{"damaged-device-tree",
                     fmt::format("the device tree is at {:#x}, no multiple of 8: {}", told->at, quoted(*told->words)),
                     "put it at a multiple of 8"};
  }
  std::string bytes(std::max(told->size, kHeaderSize), '\0');
  if (!read_memory(facts, told->at, bytes)) return std::nullopt;
  const auto damage = device_tree_damage({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  if (!damage) return std::nullopt;
  return RootCause{"damaged-device-tree",
                   fmt::format("the device tree at {:#x} {}: {}", told->at, *damage, quoted(*told->words)),
                   given_is_sound(facts) ? "look for what changes it in memory, or build it again"
                                         : fmt::format("build {} again", facts.evidence.given->tree.name)};
}

// A tree in the image that cannot be read, of which the guest says so.
std::optional<RootCause> damaged_in_image(const Facts& facts) {
  const GuestWords* words = said(facts.words, About::kTree);
  if (words == nullptr || facts.evidence.given == nullptr || facts.evidence.given->image.bytes.empty())
    return std::nullopt;
  const GivenFile& image = facts.evidence.given->image;
  const auto contents = read_contents(image.name, image.bytes, facts.evidence.given->image_at);
  if (!contents) return std::nullopt;
  const auto part = std::ranges::find(contents->broken, BrokenPart::Kind::kTree, &BrokenPart::kind);
  if (part == contents->broken.end()) return std::nullopt;
  return RootCause{
      "damaged-device-tree",
      fmt::format("the device tree at byte {:#x} of {} {}: {}", part->offset, image.name, part->why, quoted(*words)),
      "build the device tree again, and check that all of it is put into the image"};
}

}  // namespace

std::optional<RootCause> damaged_device_tree(const Facts& facts) {
  if (auto cause = damaged_in_memory(facts)) return cause;
  return damaged_in_image(facts);
}

}  // namespace bootrig
