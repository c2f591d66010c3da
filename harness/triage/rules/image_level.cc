#include <fmt/format.h>

#include <cstring>
#include <vector>

#include "inspect/archive.h"
#include "inspect/system_instruction.h"
#include "triage/activity.h"
#include "triage/rules/rules.h"

namespace bootrig {
namespace {

// The first system instruction in the file's code that EL1 does not have.
std::optional<SystemInstruction> above_el1(const LoadedElf& file) {
  for (const ElfSegment& segment : file.elf().segments) {
    if (!segment.executable()) continue;
    const std::string bytes = segment_bytes(file, segment);
    for (std::size_t at = 0; at + 4 <= bytes.size(); at += 4) {
      std::uint32_t word = 0;
      std::memcpy(&word, bytes.data() + at, sizeof word);
      const auto instruction = decode_system_instruction(word);
      if (instruction && instruction->lowest_level() == 2) return instruction;
    }
  }
  return std::nullopt;
}

// DDI 0487, C6.2: mrs Xt, CurrentEL; cmp Xn, #imm; ccmp Xn, #imm; b.cond with cond 1 (ne); b.
constexpr std::uint32_t kReadLevel = 0xd5384240, kReadLevelMask = 0xffffffe0;
constexpr std::uint32_t kCompare = 0xf100001f, kCompareMask = 0xffc0001f;
constexpr std::uint32_t kCompareMore = 0xfa400800, kCompareMoreMask = 0xffe00c10;
constexpr std::uint32_t kBranchIfOther = 0x54000001, kBranchIfOtherMask = 0xff00001f;
constexpr std::uint32_t kBranch = 0x14000000, kBranchMask = 0xfc000000;

// The value of the instruction's bits from `low` on, `count` of them, with their sign.
std::int64_t signed_bits(std::uint32_t word, unsigned low, unsigned count) {
  return static_cast<std::int32_t>(word << (32 - low - count)) >> (32 - count);
}

// The page of an address with its neighbours: start code and the place where it gives up are near to each other.
class NearCode {
 public:
  NearCode(MemoryReader& memory, std::uint64_t address) : first_(address / kPage * kPage - kPage) {
    for (std::size_t i = 0; i < 3; ++i) {
      std::vector<std::uint8_t> page(kPage);
      if (!memory.read(first_ + i * kPage, page)) page.assign(kPage, 0);  // zeros are no instruction that is looked for
      bytes_.insert(bytes_.end(), page.begin(), page.end());
    }
  }
  std::uint64_t first() const { return first_; }
  std::uint64_t end() const { return first_ + bytes_.size(); }
  std::uint32_t word(std::uint64_t address) const {
    std::uint32_t word = 0;
    if (address - first_ <= bytes_.size() - sizeof word)
      std::memcpy(&word, bytes_.data() + (address - first_), sizeof word);
    return word;
  }

 private:
  std::uint64_t first_;
  std::vector<std::uint8_t> bytes_;
};

// Code that reads CurrentEL at `at`, compares it with a level, and otherwise goes to `rest` and nowhere else.
std::optional<unsigned> level_demanded(const NearCode& code, std::uint64_t at, std::uint64_t rest) {
  if ((code.word(at) & kReadLevelMask) != kReadLevel) return std::nullopt;
  const std::uint32_t level_register = code.word(at) & 31, compare = code.word(at + 4);
  if ((compare & kCompareMask) != kCompare || (compare >> 5 & 31) != level_register) return std::nullopt;
  std::uint64_t branch = at + 8;
  if ((code.word(branch) & kCompareMoreMask) == kCompareMore) branch += 4;  // another value that would do as well
  if ((code.word(branch) & kBranchIfOtherMask) != kBranchIfOther) return std::nullopt;
  std::uint64_t to = branch + 4 * signed_bits(code.word(branch), 5, 19);
  if (to != rest && (code.word(to) & kBranchMask) == kBranch) to += 4 * signed_bits(code.word(to), 0, 26);
  if (to != rest) return std::nullopt;
  return compare >> 12 & 3;  // CurrentEL.EL is bits 3:2
}

}  // namespace

// The check of its level that start code makes, with the MMU off, and the CPU at rest where that ends at another one.
std::optional<RootCause> level_refused(const Facts& facts) {
  if (facts.cpus.empty() || facts.memory == nullptr || facts.syndrome || facts.record) return std::nullopt;
  const CpuFacts& cpu = facts.cpus.front();
  const Activity activity = activity_of(facts, 0);
  if (!activity.loop || (activity.doing != Doing::kHalted && activity.doing != Doing::kSpins)) return std::nullopt;
  const auto control = system_register(cpu.state, "SCTLR", cpu.level);
  if (!control || (*control & 1) != 0) return std::nullopt;  // DDI 0487, SCTLR_ELx.M
  const std::uint64_t rest = activity.loop->first;
  const NearCode code(*facts.memory, rest);
  for (std::uint64_t at = code.first(); at != code.end(); at += 4) {
    const auto level = level_demanded(code, at, rest);
    if (!level || *level <= cpu.level) continue;
    return RootCause{
        *level == 2 ? "hypervisor-image-below-el2" : "firmware-image-below-el3",
        fmt::format("CPU {} has come to rest at {}, where the code at {} sends it that finds it at another "
                    "level than EL{}; it is at EL{}",
                    cpu.state.index, code_symbol(facts, rest), code_symbol(facts, at), *level, cpu.level),
        fmt::format("boot it on a target that enters it at EL{}", *level)};
  }
  return std::nullopt;
}

// EL2 has one half of the address space alone, the lower. A program that is linked there and lies elsewhere, that has
// EL2's instructions and that cannot be entered at EL1, is not for EL1, whatever its loader has put into tables.
std::optional<RootCause> hypervisor_program(const Facts& facts) {
  constexpr std::uint64_t kUpperBit = std::uint64_t{1} << 55;  // DDI 0487, D8.1: it selects TTBR1_EL1's half
  if (facts.suspect == nullptr || facts.taken_to != 1) return std::nullopt;
  const std::uint64_t entry = facts.suspect->elf().entry;
  const ElfSegment* segment = facts.suspect->segment_at_virtual(entry);
  if (segment == nullptr || segment->virtual_address == segment->physical_address) return std::nullopt;  // flat
  if ((entry & kUpperBit) != 0) return std::nullopt;
  const auto instruction = above_el1(*facts.suspect);
  if (!instruction) return std::nullopt;
  return RootCause{"hypervisor-image-below-el2",
                   fmt::format("{} is linked for EL2 (its entry {:#x} is in the lower half, its code has {}), but the "
                               "CPU is at EL1, where no table maps that entry",
                               facts.suspect->path().filename().string(), entry, instruction->text()),
                   "boot it on a target that enters it at EL2, or build it without hypervisor support"};
}

// EL2's regime has no upper half (DDI 0487, D8.1), so a kernel that is linked there runs at EL1.
std::optional<RootCause> kernel_program_at_el2(const Facts& facts) {
  if (facts.suspect == nullptr || facts.taken_to != 2 || facts.regime != aarch64::Regime::kEl2) return std::nullopt;
  const std::uint64_t entry = facts.suspect->elf().entry;
  if ((entry & kUpperHalf) != kUpperHalf) return std::nullopt;
  return RootCause{
      "image-entered-at-el2",
      fmt::format("{} is linked for EL1 (its entry {:#x} is in the upper half), but the CPU is at EL2, which "
                  "has no upper half",
                  facts.suspect->path().filename().string(), entry),
      "leave EL2 before it is entered (an eret with SPSR_EL2.M 0x5, EL1h), or build it with hypervisor "
      "support"};
}

// An instruction is undefined below the lowest level that may execute it. User code that tries is another defect.
std::optional<RootCause> image_for_higher_level(const Facts& facts) {
  const bool undefined = facts.syndrome && facts.syndrome->ec == 0;  // ESR_ELx.EC, unknown reason
  if (!undefined || !facts.instruction || facts.taken_from == 0) return std::nullopt;
  const auto instruction = decode_system_instruction(*facts.instruction);
  if (!instruction || instruction->lowest_level() <= facts.taken_from) return std::nullopt;
  const unsigned level = instruction->lowest_level();
  return RootCause{
      level == 2 ? "hypervisor-image-below-el2" : "firmware-image-below-el3",
      fmt::format("the instruction at {} is {}, which is defined at EL{} and above: the image runs at EL{}",
                  code_of_exception(facts), instruction->text(), level, facts.taken_from),
      fmt::format("boot it on a target that enters it at EL{}, or build it without {}", level,
                  level == 2 ? "hypervisor support" : "EL3's work")};
}

}  // namespace bootrig
