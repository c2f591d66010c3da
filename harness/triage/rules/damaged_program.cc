// A program in the image (in its archive, behind its loader) that cannot be read as one.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "inspect/container.h"
#include "triage/rules/rules.h"

namespace bootrig {
namespace {

// Of a member that the guest names and that is no ELF file, or of what begins like one: what is wrong with it.
std::string damage_in_image(const GivenFiles& given, const GuestWords& words) {
  const GivenFile& image = given.image;
  const auto contents = read_contents(image.name, image.bytes, given.image_at);
  if (!contents) return "";
  for (const Archive& archive : contents->archives) {
    for (const ArchiveMember& member : archive.members) {
      if (!words.line.contains(member.name) || member.first > image.bytes.size()) continue;
      const auto elf = parse_elf("", std::string_view(image.bytes).substr(member.first, member.size));
      if (!elf) return fmt::format("{} in {} {}", member.name, image.name, elf.error().message);
    }
  }
  const auto part = std::ranges::find(contents->broken, BrokenPart::Kind::kProgram, &BrokenPart::kind);
  if (part == contents->broken.end()) return "";
  return fmt::format("{} at byte {:#x} of {} {}", part->name, part->offset, image.name, part->why);
}

}  // namespace

// Its loader says so in words that mean nothing else; the file, where it is known, says what of it.
std::optional<RootCause> damaged_program(const Facts& facts) {
  const GuestWords* words = said(facts.words, GuestWords::About::kKernel);
  // A boot loader may have gone on with another one: then what came of that is to be explained.
  const bool went_on = facts.record || facts.linux_there;
  if (words == nullptr || went_on) return std::nullopt;
  const std::string damage = facts.evidence.given != nullptr ? damage_in_image(*facts.evidence.given, *words) : "";
  return RootCause{"damaged-program",
                   fmt::format("a program that was to be started cannot be read{}: the guest says '{}'",
                               damage.empty() ? "" : fmt::format(" ({})", damage), words->line),
                   "build it again, copy all of it, and load it to the address that the boot command names"};
}

}  // namespace bootrig
