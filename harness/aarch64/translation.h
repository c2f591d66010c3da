// What the registers of a regime say of a translation: which table, which granule, from which level, how large an
// address goes in and comes out (DDI 0487, chapter D8; TCR_ELx, TTBR_ELx, VTCR_EL2, VTTBR_EL2). Pure: reading tables is
// the walk's (walk.h).
//
// Left out: permission indirection and overlays (TCR2, S1PIE, S1POE), 128-bit descriptors, realms and Secure state.
// Stage 2 descriptors are little-endian.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aarch64/field.h"
#include "aarch64/syndrome.h"

namespace bootrig::aarch64 {

enum class Regime { kEl10, kEl2, kEl20, kEl3 };  // EL1&0, EL2, EL2&0, EL3
std::string_view to_text(Regime regime);

// The registers that a walk reads. A register that the machine does not have is 0.
struct TranslationRegisters {
  std::uint64_t sctlr = 0, tcr = 0, ttbr0 = 0, ttbr1 = 0, mair = 0;  // of the regime's level
  std::uint64_t hcr = 0, vtcr = 0, vttbr = 0;                        // EL2's, for stage 2 of EL1&0; 0 without EL2
  unsigned pa_bits = 48;                                             // ID_AA64MMFR0_EL1.PARange, in bits
};

struct Access {
  enum class Kind { kRead, kWrite, kExecute };
  Kind kind = Kind::kRead;
  unsigned from_level = 1;  // the exception level that makes it: 0..3
  bool pan = false;         // PSTATE.PAN is set: EL1 may not touch what EL0 may
};

// One bit of a register or descriptor; bits() is field.h's.
constexpr bool bit(std::uint64_t value, unsigned place) {
  return (value >> place) & 1;
}

// The value: how many bits of an address stay untranslated in a page.
enum class Granule : unsigned { k4K = 12, k16K = 14, k64K = 16 };
std::string_view to_text(Granule granule);

// One table and how to walk it.
struct TranslationScheme {
  int stage = 1;
  std::string table_register;  // "TTBR1_EL1", "VTTBR_EL2"
  Granule granule = Granule::k4K;
  unsigned input_bits = 48;  // 64 - TxSZ
  unsigned output_bits = 48;
  int start_level = 0;            // -1..3
  std::uint64_t table = 0;        // at the start level
  bool wide = false;              // DS (LPA2): 52 bits with 4K and 16K granules, another layout of descriptors
  bool has_52_bits = false;       // DS, or 64K on a machine of 52 bits: so are descriptors, and blocks one level higher
  bool two_privileges = true;     // EL1&0, EL2&0: AP[1], UXN and PXN; otherwise there is one XN
  bool table_limits = true;       // APTable, XNTable, PXNTable count (no HPD)
  bool sets_access_flag = false;  // HA: the hardware sets AF
  bool sets_dirty = false;        // HD: a write to a page with DBM makes it writable
  unsigned shareability = 0;      // TCR.SHx: in place of the descriptor's under DS
  std::vector<std::string> notes;

  // How many bits of the input a leaf at `level` leaves as they are.
  unsigned offset_bits(int level) const;
  unsigned index(int level, std::uint64_t input) const;
};

// Why no table is read at all: a fault of level 0.
struct SchemeFault {
  FaultKind kind = FaultKind::kTranslation;
  std::string why;                 // "EPD1 is set", "the address is above the range of TTBR0_EL1 (T0SZ 25), ..."
  std::vector<std::string> notes;  // of the scheme
  bool out_of_range = false;       // no table could map the address
};

// The fields of a TCR for one half of the address space, out of either layout.
struct Stage1Control {
  bool upper = false;     // TTBR1's half
  std::string level;      // "EL1": of the registers
  unsigned size = 0;      // TxSZ
  unsigned granule = 0;   // TGx, raw: TG0 and TG1 are encoded differently
  unsigned physical = 0;  // IPS or PS, raw
  unsigned shareability = 0;
  bool no_walk = false;                                             // EPDx
  bool no_user = false;                                             // E0PDx
  bool top_byte_ignored = false, top_byte_data_only = false;        // TBIx, TBIDx
  bool no_table_limits = false;                                     // HPDx
  bool sets_access_flag = false, sets_dirty = false, wide = false;  // HA, HD, DS
  std::uint64_t table = 0;                                          // TTBRx
};
Stage1Control stage1_control(const TranslationRegisters& registers, Regime regime, std::uint64_t address);

bool ignores_top_byte(const Stage1Control& control, const Access& access);

// Does not look at SCTLR.M.
std::expected<TranslationScheme, SchemeFault> stage1_scheme(const TranslationRegisters& registers, Regime regime,
                                                            std::uint64_t address, const Access& access);
// `input`: the IPA. Does not look at HCR_EL2.VM.
std::expected<TranslationScheme, SchemeFault> stage2_scheme(const TranslationRegisters& registers, std::uint64_t input);

// Is either stage of the regime on? HCR_EL2.DC and TGE count.
bool stage1_enabled(const TranslationRegisters& registers, Regime regime);
bool stage2_enabled(const TranslationRegisters& registers, Regime regime);

// A field of HCR_EL2, SCTLR_ELx.
inline constexpr unsigned kHcrVm = 0, kHcrPtw = 2, kHcrDc = 12, kHcrTge = 27, kHcrE2h = 34, kHcrFwb = 46;
inline constexpr unsigned kSctlrM = 0, kSctlrI = 12, kSctlrWxn = 19, kSctlrSpan = 23, kSctlrEe = 25, kSctlrEpan = 57;

}  // namespace bootrig::aarch64
