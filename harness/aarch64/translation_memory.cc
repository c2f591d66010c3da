#include "aarch64/translation_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace bootrig::aarch64 {
namespace {

using Policy = MemoryType::Policy;
using Cache = MemoryType::Cache;

constexpr unsigned kOuterShareable = 2, kInnerShareable = 3;
constexpr Cache kWriteBack = {Policy::kWriteBack, false, true, true};

// A half of a MAIR byte, other than 0: oooo or iiii.
Cache mair_cache(unsigned nibble) {
  Cache cache;
  if (nibble == 4) return cache;
  cache.policy = nibble & 4 ? Policy::kWriteBack : Policy::kWriteThrough;
  cache.transient = !(nibble & 8);
  cache.read_allocate = nibble & 2;
  cache.write_allocate = nibble & 1;
  return cache;
}

std::string to_text(const Cache& cache) {
  if (cache.policy == Policy::kNonCacheable) return "NC";
  std::string text = cache.policy == Policy::kWriteBack ? "WB" : "WT";
  if (cache.transient) text += " transient";
  if (cache.read_allocate && cache.write_allocate) return text;
  return text + (cache.read_allocate ? " RA" : cache.write_allocate ? " WA" : " no allocation");
}

Cache weaker(const Cache& stage1, const Cache& stage2) {
  Cache cache = stage1;  // its hints hold
  cache.policy = std::min(stage1.policy, stage2.policy);
  return cache.policy == Policy::kNonCacheable ? Cache{} : cache;
}

unsigned wider(unsigned stage1, unsigned stage2) {
  if (stage1 == kOuterShareable || stage2 == kOuterShareable) return kOuterShareable;
  if (stage1 == kInnerShareable || stage2 == kInnerShareable) return kInnerShareable;
  return 0;
}

MemoryType reserved_memory(unsigned encoding) {
  return {.reserved = true, .encoding = encoding};
}

MemoryType device_of_kind(unsigned kind) {
  return {.device = true, .device_kind = kind, .shareability = kOuterShareable};
}

MemoryType normal_memory(const Cache& outer, const Cache& inner, unsigned shareability) {
  MemoryType memory = {.inner = inner, .outer = outer, .shareability = shareability};
  // What nothing caches is seen by all (DDI 0487, D8.6.2, "Shareability").
  const bool uncached = inner.policy == Policy::kNonCacheable && outer.policy == Policy::kNonCacheable;
  if (uncached) memory.shareability = kOuterShareable;
  return memory;
}

}  // namespace

MemoryType device_memory() {
  return device_of_kind(0);
}

MemoryType mair_memory(unsigned encoding, unsigned shareability) {
  const unsigned outer = encoding >> 4 & 15, inner = encoding & 15;
  // FEAT_XS: the same types, without the XS attribute.
  if (encoding == 0x40) return normal_memory({}, {}, shareability);
  if (encoding == 0xa0) {
    const Cache cache = {Policy::kWriteThrough, false, true, false};
    return normal_memory(cache, cache, shareability);
  }
  if (encoding == 0xf0) {  // FEAT_MTE2
    MemoryType memory = normal_memory(kWriteBack, kWriteBack, shareability);
    memory.tagged = true;
    return memory;
  }
  if (outer == 0) return (inner & 2) != 0 ? reserved_memory(encoding) : device_of_kind(inner >> 2);
  if (inner == 0) return reserved_memory(encoding);
  return normal_memory(mair_cache(outer), mair_cache(inner), shareability);
}

MemoryType stage2_memory(unsigned encoding, unsigned shareability) {
  const unsigned outer = encoding >> 2 & 3, inner = encoding & 3;
  if (outer == 0) return device_of_kind(inner);
  if (inner == 0) return reserved_memory(encoding);
  const auto cache = [](unsigned field) {
    return field == 1 ? Cache{} : Cache{field == 2 ? Policy::kWriteThrough : Policy::kWriteBack, false, true, true};
  };
  return normal_memory(cache(outer), cache(inner), shareability);
}

MemoryType combine(const MemoryType& stage1, const MemoryType& stage2) {
  if (stage1.reserved) return stage1;
  if (stage2.reserved) return stage2;
  if (stage1.device && stage2.device) return device_of_kind(std::min(stage1.device_kind, stage2.device_kind));
  if (stage1.device) return stage1;
  if (stage2.device) return stage2;
  MemoryType memory = normal_memory(weaker(stage1.outer, stage2.outer), weaker(stage1.inner, stage2.inner),
                                    wider(stage1.shareability, stage2.shareability));
  memory.tagged = stage1.tagged && memory.outer == kWriteBack && memory.inner == kWriteBack;
  return memory;
}

MemoryType combine_forced(const MemoryType& stage1, unsigned encoding, unsigned shareability) {
  const unsigned field = encoding & 7;
  if (stage1.reserved) return stage1;
  if (field == 4) return reserved_memory(encoding);
  if (field < 4) return combine(stage1, device_of_kind(field));
  if (stage1.device) return stage1;
  const unsigned shared = wider(stage1.shareability, shareability);
  if (field == 5) return normal_memory({}, {}, shared);
  if (field == 6) return normal_memory(kWriteBack, kWriteBack, shared);
  MemoryType memory = normal_memory(stage1.outer, stage1.inner, shared);
  memory.tagged = stage1.tagged;
  return memory;
}

std::string to_text(const MemoryType& memory) {
  if (memory.reserved) return fmt::format("reserved memory type {:#x}", memory.encoding);
  constexpr std::array<const char*, 4> kKinds = {"nGnRnE", "nGnRE", "nGRE", "GRE"};
  if (memory.device) return fmt::format("Device-{}", kKinds[memory.device_kind & 3]);
  constexpr std::array<const char*, 4> kShared = {"non-shareable", "reserved shareability", "outer shareable",
                                                  "inner shareable"};
  const std::string cached = memory.inner == memory.outer
                                 ? to_text(memory.inner)
                                 : fmt::format("inner {} outer {}", to_text(memory.inner), to_text(memory.outer));
  return fmt::format("Normal {}{}, {}", cached, memory.tagged ? " tagged" : "", kShared[memory.shareability & 3]);
}

}  // namespace bootrig::aarch64
