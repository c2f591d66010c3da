// TCR_EL1, TCR_EL2 and MAIR_ELx.
#include <fmt/format.h>

#include <array>

#include "aarch64/registers.h"

namespace bootrig::aarch64 {
namespace {

// Input addresses of 64 - TxSZ bits. Below 16 they need FEAT_LVA or LPA2, above 39 FEAT_TTST.
std::string_view input_size(std::uint64_t size) {
  static const std::array<std::string, 64> texts = [] {
    std::array<std::string, 64> made;
    for (unsigned i = 0; i < 64; ++i) {
      made[i] = i < 12 || i > 48 ? "reserved size" : fmt::format("input addresses of {} bits", 64 - i);
    }
    return made;
  }();
  return texts[size & 0x3f];
}

constexpr Describe kCacheability = words<"Non-cacheable", "Write-Back, Read-Allocate, Write-Allocate", "Write-Through",
                                         "Write-Back, Read-Allocate, no Write-Allocate">;
// The two fields of granule sizes have codes of their own.
constexpr Describe kGranule0 = words<"4K", "64K", "16K", "reserved value">;
constexpr Describe kGranule1 = words<"reserved value", "16K", "4K", "64K">;
constexpr Describe kOutputSize = words<"32 bits, 4G", "36 bits, 64G", "40 bits, 1T", "42 bits, 4T", "44 bits, 16T",
                                       "48 bits, 256T", "52 bits, 4P", "56 bits, 64P">;
constexpr Describe kIgnoreTop = words<"", "the top byte of an address is ignored">;
constexpr Describe kHardwareAccess = words<"", "hardware sets the access flag">;
constexpr Describe kHardwareDirty = words<"", "hardware manages the dirty state">;
constexpr Describe kNoHierarchy = words<"", "permissions of table descriptors are ignored">;
constexpr Describe kWide = words<"", "52-bit descriptors">;

constexpr FieldSpec kTcrEl1[] = {
    {"RES0", 63, 62},
    {"MTX1", 61, 61},
    {"MTX0", 60, 60},
    {"DS", 59, 59, kWide},
    {"TCMA1", 58, 58},
    {"TCMA0", 57, 57},
    {"E0PD1", 56, 56},
    {"E0PD0", 55, 55},
    {"NFD1", 54, 54},
    {"NFD0", 53, 53},
    {"TBID1", 52, 52},
    {"TBID0", 51, 51},
    {"HWU162", 50, 50},
    {"HWU161", 49, 49},
    {"HWU160", 48, 48},
    {"HWU159", 47, 47},
    {"HWU062", 46, 46},
    {"HWU061", 45, 45},
    {"HWU060", 44, 44},
    {"HWU059", 43, 43},
    {"HPD1", 42, 42, kNoHierarchy},
    {"HPD0", 41, 41, kNoHierarchy},
    {"HD", 40, 40, kHardwareDirty},
    {"HA", 39, 39, kHardwareAccess},
    {"TBI1", 38, 38, kIgnoreTop},
    {"TBI0", 37, 37, kIgnoreTop},
    {"AS", 36, 36, words<"8-bit ASID", "16-bit ASID">},
    {"RES0", 35, 35},
    {"IPS", 34, 32, kOutputSize},
    {"TG1", 31, 30, kGranule1},
    {"SH1", 29, 28, kShareability},
    {"ORGN1", 27, 26, kCacheability},
    {"IRGN1", 25, 24, kCacheability},
    {"EPD1", 23, 23, words<"walks with TTBR1", "no walks with TTBR1: each miss is a level 0 translation fault">},
    {"A1", 22, 22, words<"the ASID is in TTBR0", "the ASID is in TTBR1">},
    {"T1SZ", 21, 16, input_size},
    {"TG0", 15, 14, kGranule0},
    {"SH0", 13, 12, kShareability},
    {"ORGN0", 11, 10, kCacheability},
    {"IRGN0", 9, 8, kCacheability},
    {"EPD0", 7, 7, words<"walks with TTBR0", "no walks with TTBR0: each miss is a level 0 translation fault">},
    {"RES0", 6, 6},
    {"T0SZ", 5, 0, input_size},
};

constexpr FieldSpec kTcrEl2[] = {
    {"RES0", 63, 34},
    {"MTX", 33, 33},
    {"DS", 32, 32, kWide},
    {"RES1", 31, 31},
    {"TCMA", 30, 30},
    {"TBID", 29, 29},
    {"HWU62", 28, 28},
    {"HWU61", 27, 27},
    {"HWU60", 26, 26},
    {"HWU59", 25, 25},
    {"HPD", 24, 24, kNoHierarchy},
    {"RES1", 23, 23},
    {"HD", 22, 22, kHardwareDirty},
    {"HA", 21, 21, kHardwareAccess},
    {"TBI", 20, 20, kIgnoreTop},
    {"RES0", 19, 19},
    {"PS", 18, 16, kOutputSize},
    {"TG0", 15, 14, kGranule0},
    {"SH0", 13, 12, kShareability},
    {"ORGN0", 11, 10, kCacheability},
    {"IRGN0", 9, 8, kCacheability},
    {"RES0", 7, 6},
    {"T0SZ", 5, 0, input_size},
};

constexpr FieldSpec kMair[] = {
    {"Attr7", 63, 56, memory_attribute}, {"Attr6", 55, 48, memory_attribute}, {"Attr5", 47, 40, memory_attribute},
    {"Attr4", 39, 32, memory_attribute}, {"Attr3", 31, 24, memory_attribute}, {"Attr2", 23, 16, memory_attribute},
    {"Attr1", 15, 8, memory_attribute},  {"Attr0", 7, 0, memory_attribute},
};
static_assert(tiles(kTcrEl1, 63, 0) && tiles(kTcrEl2, 63, 0) && tiles(kMair, 63, 0));

// Four bits of a Normal attribute: the policy, and whether it is transient; without R and W there is no allocation.
std::string cache_policy(unsigned nibble) {
  if (nibble == 0b0100) return "Non-cacheable";
  const bool transient = (nibble & 0b1000) == 0;
  std::string text = (nibble & 0b0100) != 0 ? "Write-Back" : "Write-Through";
  if (transient) text += " Transient";
  const bool read = (nibble & 0b10) != 0, write = (nibble & 0b01) != 0;
  return text + (read && write ? "" : read ? ", no Write-Allocate" : write ? ", no Read-Allocate" : ", no allocation");
}

std::string attribute_text(unsigned attribute) {
  static constexpr const char* kDevices[] = {"Device-nGnRnE", "Device-nGnRE", "Device-nGRE", "Device-GRE"};
  switch (attribute) {
    case 0x40:
      return "Normal, Non-cacheable, XS 0";
    case 0xa0:
      return "Normal, Write-Through, no Write-Allocate, XS 0";
    case 0xe0:
      return "Normal, Tagged, Write-Back, NoTagAccess";
    case 0xf0:
      return "Normal, Tagged, Write-Back";
    default:
      break;
  }
  if (attribute >> 4 == 0) {
    if ((attribute & 0b10) != 0) return "reserved attribute";
    return std::string(kDevices[attribute >> 2]) + ((attribute & 1) != 0 ? ", XS 0" : "");
  }
  if ((attribute & 0xf) == 0) return "reserved attribute";
  const std::string outer = cache_policy(attribute >> 4), inner = cache_policy(attribute & 0xf);
  if (outer == inner) return "Normal, " + inner;
  return fmt::format("Normal, inner {}, outer {}", inner, outer);
}

}  // namespace

std::string_view memory_attribute(std::uint64_t attribute) {
  static const std::array<std::string, 256> texts = [] {
    std::array<std::string, 256> made;
    for (unsigned i = 0; i < 256; ++i) made[i] = attribute_text(i);
    return made;
  }();
  return texts[attribute & 0xff];
}

Field decode_tcr_el1(std::uint64_t value) {
  return decode_register("TCR_EL1", kTcrEl1, value);
}

Field decode_tcr_el2(std::uint64_t value) {
  return decode_register("TCR_EL2", kTcrEl2, value);
}

Field decode_mair(std::uint64_t value) {
  return decode_register("MAIR_ELx", kMair, value);
}

}  // namespace bootrig::aarch64
