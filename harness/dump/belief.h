// What of a dump may be believed whatever its dialect: rules of the architecture (DDI 0487, ESR_ELx and FAR_ELx) over a
// record whose values are filled in. Each change is said in `corrections`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dump/exception_record.h"

namespace bootrig::dump {

// ESR: drops a sign extension. FAR and HPFAR: dropped when ESR says that they hold nothing, or when there is no ESR to
// say it.
void keep_what_holds(ExceptionRecord& record);

// An interrupt writes neither ESR nor FAR: what is printed is older. `type` is "IRQ" or "FIQ"; others change nothing.
void drop_syndrome_of_interrupt(ExceptionRecord& record, const std::string& type);

// The parts of ESR as a dump prints them beside it, or instead of it.
struct SyndromeParts {
  std::optional<std::uint64_t> ec, il, iss;
};
// Says when they are not those of record.esr. `iss_bits`: so many bits of ISS the dialect prints.
void compare_parts(ExceptionRecord& record, const SyndromeParts& parts, unsigned iss_bits);

}  // namespace bootrig::dump
