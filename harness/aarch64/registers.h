// System registers as trees of fields (DDI 0487, chapter D24; Arm v9.4). Pure decoding: any value decodes. Printing is
// field_text.h's work, walking the tables is walk.h's.
#pragma once

#include <cstdint>
#include <string>

#include "aarch64/field.h"

namespace bootrig::aarch64 {

Field decode_spsr(std::uint64_t value);       // SPSR_ELx and PSTATE as dumps print it; AArch32's layout when M[4] is 1
Field decode_tcr_el1(std::uint64_t value);    // also TCR_EL2 when HCR_EL2.E2H is 1
Field decode_tcr_el2(std::uint64_t value);    // HCR_EL2.E2H is 0
Field decode_sctlr_el1(std::uint64_t value);  // also SCTLR_EL2 when HCR_EL2.E2H is 1
Field decode_sctlr_el2(std::uint64_t value);  // HCR_EL2.E2H is 0
Field decode_hcr_el2(std::uint64_t value);
Field decode_mair(std::uint64_t value);  // MAIR_ELx: what the indexes in descriptors mean
Field decode_mpidr(std::uint64_t value);

// SH of descriptors, TCR_ELx and VTCR_EL2.
inline constexpr Describe kShareability =
    words<"Non-shareable", "reserved value", "Outer Shareable", "Inner Shareable">;

// One attribute of MAIR_ELx in words: "Normal, Write-Back"; "reserved attribute" where the manual has none.
std::string_view memory_attribute(std::uint64_t attribute);  // 8 bits

// Where a translation table descriptor stands: without it, its bits say nothing.
struct DescriptorPlace {
  unsigned granule_bits = 12;  // 12, 14 or 16: 4K, 16K, 64K
  int level = 3;               // 0..3; 64K has no level 0
  int stage = 1;               // 1 or 2
};
// A 64-bit descriptor (VMSAv8-64, without the 52-bit formats of TCR_ELx.DS; of 64K, bits 15:12 are address bits 51:48).
struct Descriptor {
  std::string summary;  // "table descriptor: the next table is at 0x7000b000"
  Field root;
};
Descriptor decode_descriptor(std::uint64_t value, const DescriptorPlace& place);

}  // namespace bootrig::aarch64
