// What memory a translation gives: Device or Normal, how it is cached and shared (DDI 0487, MAIR_ELx; D8.6, "Memory
// region attributes"; stage 2 MemAttr with and without FEAT_S2FWB).
#pragma once

#include <compare>
#include <string>

namespace bootrig::aarch64 {

struct MemoryType {
  enum class Policy { kNonCacheable, kWriteThrough, kWriteBack };  // weaker first: two stages give the weaker
  struct Cache {
    Policy policy = Policy::kNonCacheable;
    bool transient = false, read_allocate = false, write_allocate = false;
    bool operator==(const Cache&) const = default;
  };
  bool reserved = false;  // an encoding without a meaning: `encoding` holds it
  unsigned encoding = 0;
  bool device = false;
  unsigned device_kind = 0;  // of Device: 0 nGnRnE, 1 nGnRE, 2 nGRE, 3 GRE: stricter first
  Cache inner, outer;        // of Normal
  bool tagged = false;
  unsigned shareability = 0;  // SH: 0 none, 1 reserved, 2 outer, 3 inner
};

MemoryType device_memory();  // nGnRnE: what data sees with the MMU off
// `encoding`: a byte of MAIR.
MemoryType mair_memory(unsigned encoding, unsigned shareability);
// `encoding`: MemAttr of a stage 2 descriptor, HCR_EL2.FWB clear.
MemoryType stage2_memory(unsigned encoding, unsigned shareability);
// What both stages give together. `forced`: HCR_EL2.FWB, under which `encoding` decides otherwise.
MemoryType combine(const MemoryType& stage1, const MemoryType& stage2);
MemoryType combine_forced(const MemoryType& stage1, unsigned encoding, unsigned shareability);

// "Normal WB, inner shareable", "Normal inner WT outer NC, outer shareable", "Device-nGnRnE".
std::string to_text(const MemoryType& memory);

}  // namespace bootrig::aarch64
