#include "aarch64/walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "aarch64/translation_descriptor.h"
#include "aarch64/translation_memory.h"
#include "base/check.h"

namespace bootrig::aarch64 {
namespace {

// The level that takes the aborts of a regime's stage 1.
unsigned abort_level(const TranslationRegisters& registers, Regime regime) {
  if (regime == Regime::kEl3) return 3;
  if (regime != Regime::kEl10 || bit(registers.hcr, kHcrTge)) return 2;
  return 1;
}

// ESR_ELx of an abort (DDI 0487, ESR_ELx): EC, IL, WnR, S1PTW and the status code; ISV and what only an implementation
// knows are 0.
std::uint64_t abort_esr(const Access& access, unsigned to_level, unsigned code, bool stage1_walk) {
  const bool instruction = access.kind == Access::Kind::kExecute;
  const bool same_level = access.from_level >= to_level;
  const std::uint64_t ec = (instruction ? 0x20 : 0x24) + (same_level ? 1 : 0);
  const std::uint64_t write = access.kind == Access::Kind::kWrite;
  return ec << 26 | 1 << 25 | std::uint64_t{stage1_walk} << 7 | write << 6 | code;
}

// Where a table walk ended well.
struct Leaf {
  TranslationScheme scheme;
  TableEntry descriptor;
  TableLimits limits;
  int level = 0;
  unsigned index = 0;
  std::uint64_t output = 0;  // of the input, not of the block
};

// What a stage gave.
struct Mapping {
  std::uint64_t address = 0;
  MemoryType memory;
  std::string rights;
};

class Walker {
 public:
  Walker(const TranslationRegisters& registers, Regime regime, std::uint64_t address, const Access& access,
         MemoryReader& memory)
      : registers_(registers), regime_(regime), address_(address), access_(access), memory_(memory) {}

  WalkResult run();

 private:
  // Each gives nothing when the walk ended there: result_ then says why.
  std::optional<Mapping> stage1();
  std::optional<Mapping> stage1_off();
  std::optional<Mapping> stage2(const Mapping& from, const Access& access, bool stage1_walk);
  std::optional<Leaf> descend(const TranslationScheme& scheme, std::uint64_t input, bool stage1_walk);
  std::optional<std::uint64_t> read_descriptor(const TranslationScheme& scheme, std::uint64_t address);
  bool check_leaf(const Leaf& leaf, bool stage1_walk);

  std::string describe(const TranslationScheme& scheme, const TableEntry& descriptor, int level,
                       const TableLimits& limits) const;
  std::string attributes(const TranslationScheme& scheme, const TableEntry& descriptor,
                         const TableLimits& limits) const;
  MemoryType stage1_memory(const TranslationScheme& scheme, std::uint64_t descriptor) const;
  MemoryType both_memories(const MemoryType& stage1, const Leaf& leaf) const;

  void add_notes(const std::vector<std::string>& notes);
  void note_leaf(const Leaf& leaf);
  void fail_at(int stage, FaultKind kind, int level, std::string why, bool stage1_walk = false);
  void note(std::string text);

  const TranslationRegisters& registers_;
  const Regime regime_;
  const std::uint64_t address_;
  const Access access_;
  MemoryReader& memory_;
  WalkResult result_;
  std::uint64_t ipa_ = 0;  // what stage 2 is asked for
};

// "L0[0x1ff]", "stage 2 L1[0x1]"
std::string place(int stage, int level, unsigned index) {
  return fmt::format("{}L{}[{:#x}]", stage == 2 ? "stage 2 " : "", level, index);
}

std::string place(const Leaf& leaf) {
  return place(leaf.scheme.stage, leaf.level, leaf.index);
}

WalkResult Walker::run() {
  const bool on = stage1_enabled(registers_, regime_);
  auto mapping = on ? stage1() : stage1_off();
  if (mapping && stage2_enabled(registers_, regime_)) mapping = stage2(*mapping, access_, false);
  if (!mapping) return std::move(result_);
  if (access_.kind == Access::Kind::kExecute && mapping->memory.device) {
    note("an instruction fetch from Device memory: the implementation may refuse it");
  }
  result_.address = mapping->address;
  result_.device = mapping->memory.device;
  result_.attributes = to_text(mapping->memory);
  if (!mapping->rights.empty()) result_.attributes += ", " + mapping->rights;
  return std::move(result_);
}

std::optional<Mapping> Walker::stage1() {
  const auto scheme = stage1_scheme(registers_, regime_, address_, access_);
  if (!scheme) {
    add_notes(scheme.error().notes);
    fail_at(1, scheme.error().kind, 0, scheme.error().why);
    result_.fault->out_of_range = scheme.error().out_of_range;
    return std::nullopt;
  }
  add_notes(scheme->notes);
  const auto leaf = descend(*scheme, address_, false);
  if (!leaf || !check_leaf(*leaf, false)) return std::nullopt;
  const Stage1Rights rights = stage1_rights(leaf->scheme, leaf->descriptor.value, leaf->limits);
  if (const auto why = denied_by_stage1(leaf->scheme, rights, access_, registers_.sctlr)) {
    const Stage1Rights own = stage1_rights(leaf->scheme, leaf->descriptor.value, {});
    const bool by_table = denied_by_stage1(leaf->scheme, own, access_, registers_.sctlr) != why;
    fail_at(1, FaultKind::kPermission, leaf->level,
            fmt::format("{}: {}{}", place(*leaf), *why, by_table ? ", by a table above it" : ""));
    return std::nullopt;
  }
  if (rights.user && leaf->scheme.two_privileges && access_.from_level != 0 && !access_.pan &&
      access_.kind != Access::Kind::kExecute) {
    note("EL0 may access this page: with PSTATE.PAN set it would be a permission fault");
  }
  return Mapping{leaf->output, stage1_memory(leaf->scheme, leaf->descriptor.value),
                 attributes(leaf->scheme, leaf->descriptor, leaf->limits)};
}

// Addresses pass as they are; those beyond the machine's size are address size faults (DDI 0487, D8.2.9).
std::optional<Mapping> Walker::stage1_off() {
  const unsigned size = std::clamp(registers_.pa_bits, 32u, 52u);
  const bool tagged = ignores_top_byte(stage1_control(registers_, regime_, address_), access_);
  const bool cached = regime_ == Regime::kEl10 && bit(registers_.hcr, kHcrDc);
  if (bit(registers_.sctlr, kSctlrM)) note(cached ? "HCR_EL2.DC: stage 1 is off" : "HCR_EL2.TGE: stage 1 is off");
  note("MMU off: flat");
  if (bits(address_, tagged ? 55 : 63, size) != 0) {
    fail_at(1, FaultKind::kAddressSize, 0, fmt::format("the MMU is off and the address has more than {} bits", size));
    return std::nullopt;
  }
  MemoryType memory = device_memory();
  if (cached) {
    memory = mair_memory(0xff, 0);
  } else if (access_.kind == Access::Kind::kExecute) {
    memory = mair_memory(bit(registers_.sctlr, kSctlrI) ? 0xaa : 0x44, 2);
  }
  return Mapping{tagged ? bits(address_, 55, 0) : address_, memory, ""};
}

std::optional<Mapping> Walker::stage2(const Mapping& from, const Access& access, bool stage1_walk) {
  ipa_ = from.address;
  const auto scheme = stage2_scheme(registers_, ipa_);
  if (!scheme) {
    add_notes(scheme.error().notes);
    fail_at(2, scheme.error().kind, 0, scheme.error().why, stage1_walk);
    return std::nullopt;
  }
  add_notes(scheme->notes);
  const auto leaf = descend(*scheme, ipa_, stage1_walk);
  if (!leaf || !check_leaf(*leaf, stage1_walk)) return std::nullopt;
  const Stage2Rights rights = stage2_rights(leaf->scheme, leaf->descriptor.value);
  auto why = denied_by_stage2(rights, access);
  if (stage1_walk && bit(registers_.hcr, kHcrPtw) && both_memories(from.memory, *leaf).device) {
    why = "HCR_EL2.PTW: a stage 1 table in Device memory";
  }
  if (why) {
    fail_at(2, FaultKind::kPermission, leaf->level, fmt::format("{}: {}", place(*leaf), *why), stage1_walk);
    return std::nullopt;
  }
  const std::string text = to_text(rights);
  return Mapping{leaf->output, both_memories(from.memory, *leaf),
                 from.rights.empty() ? text : fmt::format("{}; {}", from.rights, text)};
}

// From the first table to a leaf. Each level is read, told and judged in the order of the hardware: validity first,
// then the size of the address.
std::optional<Leaf> Walker::descend(const TranslationScheme& scheme, std::uint64_t input, bool stage1_walk) {
  Leaf leaf{.scheme = scheme};
  std::uint64_t table = scheme.table;
  for (int level = scheme.start_level;; ++level) {
    CHECK(level <= 3);
    const unsigned index = scheme.index(level, input);
    const std::uint64_t address = table + std::uint64_t{index} * 8;
    const auto value = read_descriptor(scheme, address);
    if (!value) return std::nullopt;
    leaf.descriptor = decode_entry(scheme, level, *value);
    leaf.level = level;
    leaf.index = index;
    result_.steps.push_back(
        {scheme.stage, level, index, address, *value, describe(scheme, leaf.descriptor, level, leaf.limits)});

    const std::string where = place(scheme.stage, level, index);
    if (leaf.descriptor.kind == TableEntry::Kind::kInvalid) {
      fail_at(scheme.stage, FaultKind::kTranslation, level, fmt::format("{} is {}", where, leaf.descriptor.problem),
              stage1_walk);
      return std::nullopt;
    }
    if (leaf.descriptor.address >> scheme.output_bits != 0) {
      fail_at(scheme.stage, FaultKind::kAddressSize, level,
              fmt::format("{} holds {:#x}, more than {} bits", where, leaf.descriptor.address, scheme.output_bits),
              stage1_walk);
      return std::nullopt;
    }
    if (leaf.descriptor.is_leaf()) break;
    if (scheme.table_limits) leaf.limits.add(*value);
    table = leaf.descriptor.address;
  }
  leaf.output = leaf.descriptor.address | bits(input, scheme.offset_bits(leaf.level) - 1, 0);
  return leaf;
}

std::optional<std::uint64_t> Walker::read_descriptor(const TranslationScheme& scheme, std::uint64_t address) {
  std::uint64_t physical = address;
  if (scheme.stage == 1 && stage2_enabled(registers_, regime_)) {
    // The address is an IPA. How the walk is cached (IRGN, ORGN) does not matter: it is never Device memory by itself.
    const auto located = stage2({address, mair_memory(0xff, 0), ""}, {Access::Kind::kRead, 1}, true);
    if (!located) return std::nullopt;
    physical = located->address;
  }
  std::array<std::uint8_t, 8> bytes{};
  if (auto read = memory_.read(physical, bytes); !read) {
    result_.unreadable = Error{
        read.error().place, fmt::format("the descriptor at {:#x} cannot be read: {}", physical, read.error().message)};
    return std::nullopt;
  }
  if (scheme.stage == 1 && bit(registers_.sctlr, kSctlrEe)) std::ranges::reverse(bytes);
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

bool Walker::check_leaf(const Leaf& leaf, bool stage1_walk) {
  note_leaf(leaf);
  if (leaf.descriptor.access_flag() || leaf.scheme.sets_access_flag) return true;
  fail_at(leaf.scheme.stage, FaultKind::kAccessFlag, leaf.level,
          fmt::format("{}: the access flag is clear", place(leaf)), stage1_walk);
  return false;
}

void Walker::note_leaf(const Leaf& leaf) {
  const std::string where = place(leaf);
  if (!leaf.descriptor.access_flag() && leaf.scheme.sets_access_flag) {
    note(fmt::format("{}: the access flag is clear, HA lets the hardware set it", where));
  }
  const bool read_only = leaf.scheme.stage == 2 ? !bit(leaf.descriptor.value, 7) : bit(leaf.descriptor.value, 7);
  if (leaf.scheme.sets_dirty && leaf.descriptor.dirty_modifier() && read_only) {
    note(fmt::format("{}: DBM, HD lets the hardware make it writable", where));
  }
}

// What a step says: "table at 0x7000b000", "block, PA 0x40000000, Normal WB, inner shareable, AF, RW".
std::string Walker::describe(const TranslationScheme& scheme, const TableEntry& descriptor, int level,
                             const TableLimits& limits) const {
  if (descriptor.kind == TableEntry::Kind::kInvalid) return descriptor.problem;
  if (descriptor.kind == TableEntry::Kind::kTable) {
    TableLimits own;
    if (scheme.table_limits) own.add(descriptor.value);
    return fmt::format("table at {:#x}{}", descriptor.address, to_text(scheme, own));
  }
  const bool to_ipa = scheme.stage == 1 && stage2_enabled(registers_, regime_);
  const std::string memory = scheme.stage == 1 ? to_text(stage1_memory(scheme, descriptor.value)) + ", " : "";
  return fmt::format("{} of {:#x} bytes, {} {:#x}, {}{}", descriptor.kind == TableEntry::Kind::kPage ? "page" : "block",
                     std::uint64_t{1} << scheme.offset_bits(level), to_ipa ? "IPA" : "PA", descriptor.address, memory,
                     attributes(scheme, descriptor, limits));
}

// All but the memory type: "AF, RO, UXN, nG".
std::string Walker::attributes(const TranslationScheme& scheme, const TableEntry& descriptor,
                               const TableLimits& limits) const {
  std::string text = descriptor.access_flag() ? "AF, " : "no AF, ";
  if (scheme.stage == 2) {
    text += to_text(stage2_rights(scheme, descriptor.value));
  } else {
    text += to_text(scheme, stage1_rights(scheme, descriptor.value, limits));
    if (scheme.two_privileges && bit(descriptor.value, 11)) text += ", nG";
  }
  return descriptor.contiguous() ? text + ", contiguous" : text;
}

MemoryType Walker::stage1_memory(const TranslationScheme& scheme, std::uint64_t descriptor) const {
  const auto place_in_mair = static_cast<unsigned>(bits(descriptor, 4, 2)) * 8;
  return mair_memory(static_cast<unsigned>(bits(registers_.mair, place_in_mair + 7, place_in_mair)),
                     descriptor_shareability(scheme, descriptor));
}

MemoryType Walker::both_memories(const MemoryType& stage1, const Leaf& leaf) const {
  const auto encoding = static_cast<unsigned>(bits(leaf.descriptor.value, 5, 2));
  const unsigned shareability = descriptor_shareability(leaf.scheme, leaf.descriptor.value);
  if (bit(registers_.hcr, kHcrFwb)) return combine_forced(stage1, encoding, shareability);
  return combine(stage1, stage2_memory(encoding, shareability));
}

void Walker::add_notes(const std::vector<std::string>& notes) {
  for (const std::string& text : notes) note(text);
}

// Stage 2 is walked for each table of stage 1: its notes are the same each time.
void Walker::note(std::string text) {
  if (std::ranges::find(result_.notes, text) == result_.notes.end()) result_.notes.push_back(std::move(text));
}

void Walker::fail_at(int stage, FaultKind kind, int level, std::string why, bool stage1_walk) {
  const auto code = fault_code(kind, level);
  CHECK(code);
  WalkResult::Fault fault{.stage = stage, .status = fault_status(*code), .why = std::move(why)};
  const unsigned to_level = stage == 2 ? 2 : abort_level(registers_, regime_);
  fault.esr = abort_esr(access_, to_level, *code, stage1_walk);
  fault.stage1_walk = stage1_walk;
  if (stage == 2) fault.ipa = ipa_;
  result_.fault = std::move(fault);
}

}  // namespace

WalkResult walk(const TranslationRegisters& registers, Regime regime, std::uint64_t address, const Access& access,
                MemoryReader& memory) {
  const bool hosts = regime == Regime::kEl2 && bit(registers.hcr, kHcrE2h);
  return Walker(registers, hosts ? Regime::kEl20 : regime, address, access, memory).run();
}

}  // namespace bootrig::aarch64
