#include "aarch64/translation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace bootrig::aarch64 {
namespace {

using Scheme = std::expected<TranslationScheme, SchemeFault>;

// A field of a register, narrow enough for a number.
unsigned field(std::uint64_t value, unsigned high, unsigned low) {
  return static_cast<unsigned>(bits(value, high, low));
}

unsigned granule_bits(const TranslationScheme& scheme) {
  return static_cast<unsigned>(scheme.granule);
}

// Bits of the input that one level resolves.
unsigned stride(const TranslationScheme& scheme) {
  return granule_bits(scheme) - 3;
}

SchemeFault translation_fault(std::string why) {
  return {.why = std::move(why)};
}

// TG0, and TG1 with its own encoding. Reserved values: an implemented size of the implementation's choice.
std::optional<Granule> decode_granule(unsigned encoding, bool upper) {
  constexpr std::array<std::optional<Granule>, 4> kLower = {Granule::k4K, Granule::k64K, Granule::k16K, std::nullopt};
  constexpr std::array<std::optional<Granule>, 4> kUpper = {std::nullopt, Granule::k16K, Granule::k4K, Granule::k64K};
  return (upper ? kUpper : kLower)[encoding & 3];
}

unsigned physical_bits(const TranslationRegisters& registers) {
  return std::clamp(registers.pa_bits, 32u, 52u);
}

// IPS, PS: the size that the field asks for, no larger than the machine and the format allow.
unsigned output_bits(const TranslationScheme& scheme, unsigned encoding, const TranslationRegisters& registers) {
  constexpr std::array<unsigned, 8> kSizes = {32, 36, 40, 42, 44, 48, 52, 52};
  const unsigned format = scheme.wide || scheme.granule == Granule::k64K ? 52 : 48;
  return std::min({kSizes[encoding & 7], format, physical_bits(registers)});
}

// Granule, DS and output size: what stage 1 and stage 2 have in common.
void set_format(TranslationScheme& scheme, std::optional<Granule> granule, std::string_view name, bool wide,
                unsigned physical, const TranslationRegisters& registers) {
  if (!granule) scheme.notes.push_back(fmt::format("{} is reserved: taken as 4K", name));
  scheme.granule = granule.value_or(Granule::k4K);
  scheme.wide = wide && scheme.granule != Granule::k64K;
  scheme.output_bits = output_bits(scheme, physical, registers);
  scheme.has_52_bits = scheme.wide || (scheme.granule == Granule::k64K && physical_bits(registers) == 52);
}

// TxSZ outside of 16..39, or of what FEAT_LVA, FEAT_LPA2 and FEAT_TTST make of it. Whether the machine has these is not
// in the registers that we see: it is noted.
std::optional<SchemeFault> check_size(TranslationScheme& scheme, std::string_view name, unsigned size) {
  const unsigned least = scheme.wide || scheme.granule == Granule::k64K ? 12 : 16;
  const unsigned most = scheme.granule == Granule::k64K ? 47 : 48;
  if (size < least || size > most) {
    return translation_fault(fmt::format("{} {} is out of range: {} to {}", name, size, least, most));
  }
  if (size > 39) scheme.notes.push_back(fmt::format("{} {}: only with FEAT_TTST", name, size));
  if (size < 16 && !scheme.wide) scheme.notes.push_back(fmt::format("{} {}: only with FEAT_LVA", name, size));
  return std::nullopt;
}

// The table of the start level out of TTBR or VTTBR: aligned to its size, which is what the hardware ignores the low
// bits for (DDI 0487, D8.2, "Translation table base address").
std::optional<SchemeFault> set_table(TranslationScheme& scheme, std::uint64_t value) {
  const bool high_bits = scheme.wide || scheme.output_bits == 52;  // [51:48] stand in [5:2]
  const unsigned size = scheme.input_bits - scheme.offset_bits(scheme.start_level) + 3;
  const unsigned alignment = high_bits ? std::max(size, 6u) : size;
  std::uint64_t address = high_bits ? bits(value, 47, 6) << 6 | bits(value, 5, 2) << 48 : bits(value, 47, 1) << 1;
  if (const std::uint64_t ignored = address & ((std::uint64_t{1} << alignment) - 1)) {
    scheme.notes.push_back(fmt::format("{} is not aligned to the table's {} bytes: {:#x} of it is ignored",
                                       scheme.table_register, std::uint64_t{1} << alignment, ignored));
    address -= ignored;
  }
  scheme.table = address;
  if (address >> scheme.output_bits == 0) return std::nullopt;
  return SchemeFault{
      .kind = FaultKind::kAddressSize,
      .why = fmt::format("{} holds {:#x}, more than {} bits", scheme.table_register, address, scheme.output_bits)};
}

int natural_start_level(const TranslationScheme& scheme) {
  return 3 - static_cast<int>((scheme.input_bits - 1 - granule_bits(scheme)) / stride(scheme));
}

Stage1Control two_halves_control(const TranslationRegisters& registers, bool upper) {
  const std::uint64_t tcr = registers.tcr;
  const unsigned half = upper ? 1 : 0;
  return {.upper = upper,
          .size = field(tcr, upper ? 21 : 5, upper ? 16 : 0),
          .granule = field(tcr, upper ? 31 : 15, upper ? 30 : 14),
          .physical = field(tcr, 34, 32),
          .shareability = field(tcr, upper ? 29 : 13, upper ? 28 : 12),
          .no_walk = bit(tcr, upper ? 23 : 7),
          .no_user = bit(tcr, 55 + half),
          .top_byte_ignored = bit(tcr, 37 + half),
          .top_byte_data_only = bit(tcr, 51 + half),
          .no_table_limits = bit(tcr, 41 + half),
          .sets_access_flag = bit(tcr, 39),
          .sets_dirty = bit(tcr, 40),
          .wide = bit(tcr, 59),
          .table = upper ? registers.ttbr1 : registers.ttbr0};
}

// TCR_EL2 without E2H, and TCR_EL3.
Stage1Control one_half_control(const TranslationRegisters& registers) {
  const std::uint64_t tcr = registers.tcr;
  return {.size = field(tcr, 5, 0),
          .granule = field(tcr, 15, 14),
          .physical = field(tcr, 18, 16),
          .shareability = field(tcr, 13, 12),
          .top_byte_ignored = bit(tcr, 20),
          .top_byte_data_only = bit(tcr, 29),
          .no_table_limits = bit(tcr, 24),
          .sets_access_flag = bit(tcr, 21),
          .sets_dirty = bit(tcr, 22),
          .wide = bit(tcr, 32),
          .table = registers.ttbr0};
}

bool has_two_halves(Regime regime) {
  return regime == Regime::kEl10 || regime == Regime::kEl20;
}

// The bits above the input size, up to 63 or, with TBI, 55, are all those of the half.
bool is_in_range(const TranslationScheme& scheme, const Stage1Control& control, std::uint64_t address, bool tagged) {
  const std::uint64_t top = bits(address, tagged ? 55 : 63, scheme.input_bits);
  const std::uint64_t ones = bits(~std::uint64_t{0}, tagged ? 55 : 63, scheme.input_bits);
  return top == (control.upper ? ones : 0);
}

SchemeFault out_of_range(const TranslationScheme& scheme, const Stage1Control& control) {
  const std::uint64_t size = std::uint64_t{1} << scheme.input_bits;
  auto fault = translation_fault(
      control.upper ? fmt::format("the address is below the range of {} (T1SZ {}), which begins at {:#x}",
                                  scheme.table_register, control.size, 0 - size)
                    : fmt::format("the address is above the range of {} (T0SZ {}), which ends at {:#x}",
                                  scheme.table_register, control.size, size - 1));
  fault.out_of_range = true;
  return fault;
}

// SL0 and SL2 (DDI 0487, VTCR_EL2); nullopt: reserved.
std::optional<int> stage2_start_level(const TranslationScheme& scheme, std::uint64_t vtcr) {
  const int sl0 = static_cast<int>(bits(vtcr, 7, 6));
  const bool sl2 = scheme.wide && scheme.granule == Granule::k4K && bit(vtcr, 33);
  if (scheme.granule == Granule::k4K) {
    if (sl2) return sl0 == 0 ? std::optional(-1) : std::nullopt;
    return sl0 == 3 ? 3 : 2 - sl0;
  }
  if (sl0 == 3) return scheme.granule == Granule::k16K && scheme.wide ? std::optional(0) : std::nullopt;
  return 3 - sl0;
}

// Up to 16 tables of the start level may stand side by side; otherwise SL0 and T0SZ must agree.
bool start_level_fits(const TranslationScheme& scheme) {
  const unsigned least = scheme.offset_bits(scheme.start_level) + 1;
  return scheme.input_bits >= least && scheme.input_bits <= least + stride(scheme) - 1 + 4;
}

// The fields that a fault of level 0 may stand in the way of: sizes, start level, table. In the order of what a reader
// should be told first; the hardware reports the same for all but the last.
std::optional<SchemeFault> finish_stage1(TranslationScheme& scheme, const Stage1Control& control, std::uint64_t address,
                                         const Access& access) {
  const std::string size_field = fmt::format("T{:d}SZ", control.upper);
  scheme.notes.insert(scheme.notes.begin(), fmt::format("{}, {} {}, {} granule", scheme.table_register, size_field,
                                                        control.size, to_text(scheme.granule)));
  if (auto fault = check_size(scheme, size_field, control.size)) return fault;
  scheme.input_bits = 64 - control.size;
  scheme.start_level = natural_start_level(scheme);

  const bool tagged = ignores_top_byte(control, access);
  if (tagged) scheme.notes.push_back("TBI: the top byte is ignored");
  if (!is_in_range(scheme, control, address, tagged)) return out_of_range(scheme, control);
  if (control.no_user && access.from_level == 0)
    return translation_fault(fmt::format("E0PD{:d} is set", control.upper));
  if (control.no_walk) return translation_fault(fmt::format("EPD{:d} is set", control.upper));
  return set_table(scheme, control.table);
}

std::optional<SchemeFault> finish_stage2(TranslationScheme& scheme, const TranslationRegisters& registers,
                                         std::uint64_t input) {
  const unsigned size = field(registers.vtcr, 5, 0), sl0 = field(registers.vtcr, 7, 6);
  if (auto fault = check_size(scheme, "VTCR_EL2.T0SZ", size)) return fault;
  scheme.input_bits = 64 - size;
  if (scheme.input_bits > physical_bits(registers)) {
    return translation_fault(fmt::format("VTCR_EL2.T0SZ {} asks for {} bits of IPA, the machine has {}", size,
                                         scheme.input_bits, physical_bits(registers)));
  }
  const std::optional<int> start = stage2_start_level(scheme, registers.vtcr);
  if (!start) return translation_fault(fmt::format("VTCR_EL2.SL0 {} is reserved", sl0));
  scheme.start_level = *start;
  if (!start_level_fits(scheme)) {
    return translation_fault(fmt::format("VTCR_EL2.SL0 {} (start level {}) does not fit T0SZ {}", sl0, *start, size));
  }
  scheme.notes.insert(scheme.notes.begin(), fmt::format("VTTBR_EL2, T0SZ {}, start level {}, {} granule", size, *start,
                                                        to_text(scheme.granule)));
  if (scheme.input_bits > scheme.output_bits) {
    scheme.notes.push_back(fmt::format("VTCR_EL2: {} bits of IPA and {} of PA: an implementation may refuse it",
                                       scheme.input_bits, scheme.output_bits));
  }
  if (input >> scheme.input_bits != 0) {
    return translation_fault(fmt::format("IPA {:#x} has more than {} bits", input, scheme.input_bits));
  }
  return set_table(scheme, registers.vttbr);
}

Scheme ready(TranslationScheme scheme, std::optional<SchemeFault> fault) {
  if (!fault) return scheme;
  fault->notes = std::move(scheme.notes);
  return std::unexpected(std::move(*fault));
}

}  // namespace

std::string_view to_text(Regime regime) {
  switch (regime) {
    case Regime::kEl10:
      return "EL1&0";
    case Regime::kEl2:
      return "EL2";
    case Regime::kEl20:
      return "EL2&0";
    case Regime::kEl3:
      return "EL3";
  }
  return "?";
}

std::string_view to_text(Granule granule) {
  return granule == Granule::k4K ? "4K" : granule == Granule::k16K ? "16K" : "64K";
}

unsigned TranslationScheme::offset_bits(int level) const {
  return granule_bits(*this) + static_cast<unsigned>(3 - level) * stride(*this);
}

unsigned TranslationScheme::index(int level, std::uint64_t input) const {
  const unsigned low = offset_bits(level);
  const unsigned high = level == start_level ? input_bits - 1 : low + stride(*this) - 1;
  return static_cast<unsigned>(bits(input, high, low));
}

Stage1Control stage1_control(const TranslationRegisters& registers, Regime regime, std::uint64_t address) {
  Stage1Control control =
      has_two_halves(regime) ? two_halves_control(registers, bit(address, 55)) : one_half_control(registers);
  control.level = regime == Regime::kEl10 ? "EL1" : regime == Regime::kEl3 ? "EL3" : "EL2";
  return control;
}

bool ignores_top_byte(const Stage1Control& control, const Access& access) {
  return control.top_byte_ignored && !(control.top_byte_data_only && access.kind == Access::Kind::kExecute);
}

Scheme stage1_scheme(const TranslationRegisters& registers, Regime regime, std::uint64_t address,
                     const Access& access) {
  const Stage1Control control = stage1_control(registers, regime, address);
  TranslationScheme scheme;
  scheme.table_register = fmt::format("TTBR{:d}_{}", control.upper, control.level);
  scheme.two_privileges = has_two_halves(regime);
  scheme.table_limits = !control.no_table_limits;
  scheme.sets_access_flag = control.sets_access_flag;
  scheme.sets_dirty = control.sets_access_flag && control.sets_dirty;
  scheme.shareability = control.shareability;
  set_format(scheme, decode_granule(control.granule, control.upper),
             fmt::format("TG{:d} {}", control.upper, control.granule), control.wide, control.physical, registers);
  auto fault = finish_stage1(scheme, control, address, access);
  return ready(std::move(scheme), std::move(fault));
}

Scheme stage2_scheme(const TranslationRegisters& registers, std::uint64_t input) {
  const std::uint64_t vtcr = registers.vtcr;
  TranslationScheme scheme;
  scheme.stage = 2;
  scheme.table_register = "VTTBR_EL2";
  scheme.table_limits = false;
  scheme.sets_access_flag = bit(vtcr, 21);
  scheme.sets_dirty = scheme.sets_access_flag && bit(vtcr, 22);
  scheme.shareability = field(vtcr, 13, 12);
  set_format(scheme, decode_granule(field(vtcr, 15, 14), false), fmt::format("VTCR_EL2.TG0 {}", field(vtcr, 15, 14)),
             bit(vtcr, 32), field(vtcr, 18, 16), registers);
  auto fault = finish_stage2(scheme, registers, input);
  return ready(std::move(scheme), std::move(fault));
}

bool stage1_enabled(const TranslationRegisters& registers, Regime regime) {
  if (regime == Regime::kEl10 && (bit(registers.hcr, kHcrDc) || bit(registers.hcr, kHcrTge))) return false;
  return bit(registers.sctlr, kSctlrM);
}

bool stage2_enabled(const TranslationRegisters& registers, Regime regime) {
  if (regime != Regime::kEl10) return false;
  if (bit(registers.hcr, kHcrTge) && bit(registers.hcr, kHcrE2h)) return false;
  return bit(registers.hcr, kHcrVm) || bit(registers.hcr, kHcrDc);
}

}  // namespace bootrig::aarch64
