// What a second boot looks for: the exception that the first one failed with, and how a CPU that has just taken one is
// compared with it. The boot itself is run/rerun.h's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bootrig {

struct Facts;

// An exception as the CPU's own registers have it, at the first instruction of its handler.
struct TakenException {
  unsigned cpu = 0;
  unsigned level = 1;        // that it was taken to
  std::uint64_t vector = 0;  // where the CPU stands
  std::uint64_t esr = 0, far = 0, elr = 0, spsr = 0;
};

struct SoughtException {
  unsigned taken_to = 1;
  // Virtual addresses of the handlers that may take it, for breakpoints.
  std::vector<std::uint64_t> vectors;
  // What is known of it. None: not known, or not to be believed.
  std::optional<std::uint64_t> esr, far, elr;
  std::optional<unsigned> told_level;  // that a dump says it was taken to
  // Somebody has printed it. Otherwise registers have it, which may hold a later one that the handler itself has met:
  // the first fault of that level's own is as good.
  bool told = false;
};

// None: nothing tells of an exception, or where it is taken to.
std::optional<SoughtException> sought_exception(const Facts& facts);

enum class Resemblance {
  kOther,
  kPartial,  // two values are those that were told, and one is not: a dump may be wrong
  kSame,
};
Resemblance compare(const SoughtException& sought, const TakenException& taken);

// What was told and is not so: "the guest printed ESR 0x..., the CPU had 0x..."; empty: nothing.
std::vector<std::string> disagreements(const SoughtException& told, const TakenException& taken);

}  // namespace bootrig
