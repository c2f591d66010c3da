// The instruction specific syndromes: which fields bits 24..0 and 55..32 of ESR_ELx have for each exception class.
// A new layout is one iss_<family>.cc, its declaration here and its row in the table of syndrome_classes.cc.
#pragma once

#include <cstdint>
#include <string_view>

#include "aarch64/field.h"

namespace bootrig::aarch64 {

// The layout for these bits 24..0: some fields change the place or the meaning of others.
using IssLayout = Layout (*)(std::uint64_t iss);

// One value of ESR_ELx.EC.
struct ExceptionClass {
  std::string_view name;     // as in DDI 0487: "Data Abort from a lower Exception level"
  std::string_view brief;    // for one line: "Data Abort, lower EL"
  IssLayout iss = nullptr;   // nullptr: RES0
  IssLayout iss2 = nullptr;  // of bits 55..32, as bits 23..0; nullptr: RES0
  bool far = false;          // FAR_ELx is written (FnV may still take it back)
};
const ExceptionClass& exception_class(unsigned ec);  // 6 bits; "reserved exception class" where DDI 0487 has none

// iss_abort.cc
Layout instruction_abort_iss(std::uint64_t iss);
Layout data_abort_iss(std::uint64_t iss);
Layout instruction_abort_iss2(std::uint64_t iss);
Layout data_abort_iss2(std::uint64_t iss);
Layout granule_check_iss(std::uint64_t iss);
// iss_debug.cc
Layout breakpoint_iss(std::uint64_t iss);
Layout software_step_iss(std::uint64_t iss);
Layout watchpoint_iss(std::uint64_t iss);
Layout breakpoint_instruction_iss(std::uint64_t iss);
// iss_serror.cc
Layout serror_iss(std::uint64_t iss);
// iss_call.cc: SVC, HVC, SMC
Layout call_iss(std::uint64_t iss);
Layout smc32_iss(std::uint64_t iss);
// iss_system.cc: trapped accesses to system registers and coprocessors
Layout wfi_iss(std::uint64_t iss);
Layout mcr_iss(std::uint64_t iss);
Layout mcrr_iss(std::uint64_t iss);
Layout ldc_iss(std::uint64_t iss);
Layout msr_iss(std::uint64_t iss);
Layout msrr_iss(std::uint64_t iss);
// iss_feature.cc: trapped or failed use of an extension
Layout simd_iss(std::uint64_t iss);
Layout ls64_iss(std::uint64_t iss);
Layout bti_iss(std::uint64_t iss);
Layout eret_iss(std::uint64_t iss);
Layout tstart_iss(std::uint64_t iss);
Layout pac_fail_iss(std::uint64_t iss);
Layout sme_iss(std::uint64_t iss);
Layout mops_iss(std::uint64_t iss);
Layout gcs_iss(std::uint64_t iss);
Layout floating_point_iss(std::uint64_t iss);
Layout implementation_defined_iss(std::uint64_t iss);

}  // namespace bootrig::aarch64
