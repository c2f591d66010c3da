#include "triage/sought.h"

#include <fmt/format.h>

#include <array>

#include "aarch64/syndrome.h"
#include "triage/facts.h"

namespace bootrig {
namespace {

// DDI 0487, D1.3.1.5, the vector table: 0x80 bytes an entry, by where it is from and by its kind.
constexpr std::uint64_t kCurrentSp0 = 0x000, kCurrentSpx = 0x200, kLowerAarch64 = 0x400, kLowerAarch32 = 0x600;
constexpr std::uint64_t kSError = 0x180;       // beside the synchronous one
constexpr unsigned kEcSError = 0x2f;           // DDI 0487, ESR_ELx, EC
constexpr std::uint64_t kEsrLow = 0xffffffff;  // what most dumps print; above is ISS2

std::vector<std::uint64_t> origins(const aarch64::Syndrome& syndrome, std::optional<std::uint64_t> spsr,
                                   unsigned taken_to) {
  // DDI 0487, SPSR_ELx: M[4] AArch32, M[3:2] the level, M[0] which SP.
  if (spsr && (*spsr & 0x10) != 0) return {kLowerAarch32};
  if (spsr) {
    if ((*spsr >> 2 & 3) != taken_to) return {kLowerAarch64};
    return {(*spsr & 1) != 0 ? kCurrentSpx : kCurrentSp0};
  }
  if (syndrome.abort && syndrome.same_level) return {kCurrentSp0, kCurrentSpx};
  if (syndrome.abort) return {kLowerAarch64, kLowerAarch32};
  return {kCurrentSp0, kCurrentSpx, kLowerAarch64, kLowerAarch32};
}

// The first of its vectors is the base.
bool in_vectors(const SoughtException& sought, std::uint64_t address) {
  constexpr std::uint64_t kVectorBytes = 0x800;
  return !sought.vectors.empty() && address - (sought.vectors.front() & ~(kVectorBytes - 1)) < kVectorBytes;
}

// Of the last exception: an abort says so, what the vectors raised does where it is from.
bool is_own(const SoughtException& sought) {
  return aarch64::decode_esr(sought.esr.value_or(0)).same_level || (sought.elr && in_vectors(sought, *sought.elr));
}

struct Comparison {
  unsigned equal = 0, different = 0;
};

Comparison count(const SoughtException& sought, const TakenException& taken) {
  Comparison result;
  const auto add = [&](std::optional<std::uint64_t> told, std::uint64_t is, std::uint64_t mask) {
    if (told) ++(((*told ^ is) & mask) == 0 ? result.equal : result.different);
  };
  add(sought.esr, taken.esr, kEsrLow);
  add(sought.far, taken.far, ~std::uint64_t{0});
  add(sought.elr, taken.elr, ~std::uint64_t{0});
  return result;
}

}  // namespace

std::optional<SoughtException> sought_exception(const Facts& facts) {
  if (!facts.cpu || (!facts.record && !facts.last_syndrome)) return std::nullopt;
  SoughtException sought;
  sought.told = facts.record.has_value();
  sought.taken_to = facts.taken_to;
  std::optional<std::uint64_t> spsr;
  if (sought.told) {
    sought.esr = facts.record->esr;
    sought.far = facts.record->far;
    sought.elr = facts.record->elr;
    sought.told_level = facts.record->level;
    spsr = facts.record->spsr;
  } else {
    sought.esr = facts.last_syndrome;
    sought.far = system_register(*facts.cpu, "FAR", facts.taken_to);
    if (!facts.overtaken) sought.elr = system_register(*facts.cpu, "ELR", facts.taken_to);
  }
  const auto base = system_register(*facts.cpu, "VBAR", facts.taken_to);
  if (!base || (!sought.esr && !(sought.far && sought.elr))) return std::nullopt;
  const aarch64::Syndrome syndrome = aarch64::decode_esr(sought.esr.value_or(0));
  if (!syndrome.far_valid) sought.far.reset();
  // Without a dump the first exception may have come from elsewhere than the last.
  for (const std::uint64_t origin : sought.told ? origins(syndrome, spsr, sought.taken_to)
                                                : origins(aarch64::decode_esr(0), std::nullopt, sought.taken_to)) {
    sought.vectors.push_back(*base + origin + (syndrome.ec == kEcSError ? kSError : 0));
  }
  return sought;
}

Resemblance compare(const SoughtException& sought, const TakenException& taken) {
  if (taken.level != sought.taken_to) return Resemblance::kOther;
  const aarch64::Syndrome syndrome = aarch64::decode_esr(taken.esr);
  const Comparison values = count(sought, taken);
  // What the vectors themselves raise has an exception before it.
  if (!sought.told && in_vectors(sought, taken.elr)) return Resemblance::kOther;
  const bool known = sought.esr || (sought.far && sought.elr);
  if (known && values.different == 0 && (sought.esr || is_trouble(syndrome))) return Resemblance::kSame;
  if (!sought.told) {
    const bool own = (taken.spsr >> 4 & 1) == 0 && (taken.spsr >> 2 & 3) == taken.level;
    // The registers tell of a fault of that level's own, be it of its vectors: this is the first.
    return own && is_trouble(syndrome) && is_own(sought) ? Resemblance::kSame : Resemblance::kOther;
  }
  return values.equal >= 2 && is_trouble(syndrome) ? Resemblance::kPartial : Resemblance::kOther;
}

std::vector<std::string> disagreements(const SoughtException& told, const TakenException& taken) {
  std::vector<std::string> lines;
  const auto add = [&](const char* name, std::optional<std::uint64_t> said, std::uint64_t is, std::uint64_t mask) {
    if (!told.told || !said || ((*said ^ is) & mask) == 0) return;
    lines.push_back(fmt::format("the guest printed {} {:#x}, the CPU had {:#x}", name, *said, is));
  };
  add("ESR", told.esr, taken.esr, kEsrLow);
  if (aarch64::decode_esr(taken.esr).far_valid) add("FAR", told.far, taken.far, ~std::uint64_t{0});
  add("ELR", told.elr, taken.elr, ~std::uint64_t{0});
  if (told.told_level && *told.told_level != taken.level) {
    lines.push_back(fmt::format("the guest printed that it was taken to EL{}, the CPU took it to EL{}",
                                *told.told_level, taken.level));
  }
  return lines;
}

}  // namespace bootrig
