// The exception classes: one row for each value of ESR_ELx.EC (DDI 0487, ESR_ELx; names shortened where they only
// repeat that something is trapped).
#include <array>

#include "aarch64/iss.h"

namespace bootrig::aarch64 {
namespace {

struct ClassRow {
  unsigned ec;
  ExceptionClass exception;
};

constexpr bool kFar = true;

constexpr ClassRow kClassRows[] = {
    {0x00, {"Unknown reason", "Unknown reason"}},
    {0x01, {"Trapped WFI, WFE, WFIT or WFET", "trapped WFI or WFE", wfi_iss}},
    {0x03, {"Trapped MCR or MRC access, coproc 0b1111 (AArch32)", "trapped MCR or MRC, cp15", mcr_iss}},
    {0x04, {"Trapped MCRR or MRRC access, coproc 0b1111 (AArch32)", "trapped MCRR or MRRC, cp15", mcrr_iss}},
    {0x05, {"Trapped MCR or MRC access, coproc 0b1110 (AArch32)", "trapped MCR or MRC, cp14", mcr_iss}},
    {0x06, {"Trapped LDC or STC access (AArch32)", "trapped LDC or STC, cp14", ldc_iss}},
    {0x07, {"Trapped access to SVE, Advanced SIMD or floating-point", "trapped SIMD or floating-point", simd_iss}},
    {0x08, {"Trapped VMRS access from an ID group trap (AArch32)", "trapped VMRS", mcr_iss}},
    {0x09, {"Trapped use of Pointer Authentication", "trapped pointer authentication"}},
    {0x0a,
     {"Trapped execution of an LD64B or ST64B* instruction, or of another not named elsewhere",
      "trapped LD64B, ST64B* or other", ls64_iss}},
    {0x0c, {"Trapped MRRC access, coproc 0b1110 (AArch32)", "trapped MRRC, cp14", mcrr_iss}},
    {0x0d, {"Branch Target Exception", "Branch Target Exception", bti_iss}},
    {0x0e, {"Illegal Execution state", "Illegal Execution state"}},
    {0x11, {"SVC instruction execution in AArch32 state", "SVC from AArch32", call_iss}},
    {0x12, {"HVC instruction execution in AArch32 state", "HVC from AArch32", call_iss}},
    {0x13, {"SMC instruction execution in AArch32 state", "SMC from AArch32", smc32_iss}},
    {0x14, {"Trapped MSRR, MRRS or System instruction with a 128-bit operand", "trapped MSRR or MRRS", msrr_iss}},
    {0x15, {"SVC instruction execution in AArch64 state", "SVC from AArch64", call_iss}},
    {0x16, {"HVC instruction execution in AArch64 state", "HVC from AArch64", call_iss}},
    {0x17, {"SMC instruction execution in AArch64 state", "SMC from AArch64", call_iss}},
    {0x18, {"Trapped MSR, MRS or System instruction execution in AArch64 state", "trapped MSR, MRS or SYS", msr_iss}},
    {0x19, {"Trapped access to SVE", "trapped access to SVE"}},
    {0x1a, {"Trapped execution of an ERET, ERETAA or ERETAB instruction", "trapped ERET", eret_iss}},
    {0x1b, {"Exception from an access to a TSTART instruction at EL0", "trapped TSTART", tstart_iss}},
    {0x1c, {"Pointer Authentication failure", "Pointer Authentication failure", pac_fail_iss}},
    {0x1d, {"Trapped access to SME", "trapped access to SME", sme_iss}},
    {0x1e, {"Granule Protection Check exception", "Granule Protection Check", granule_check_iss, nullptr, kFar}},
    {0x1f,
     {"IMPLEMENTATION DEFINED exception to EL3", "implementation defined exception to EL3",
      implementation_defined_iss}},
    {0x20,
     {"Instruction Abort from a lower Exception level", "Instruction Abort, lower EL", instruction_abort_iss,
      instruction_abort_iss2, kFar}},
    {0x21,
     {"Instruction Abort taken without a change in Exception level", "Instruction Abort, same EL",
      instruction_abort_iss, instruction_abort_iss2, kFar}},
    {0x22, {"PC alignment fault exception", "PC alignment fault", nullptr, nullptr, kFar}},
    {0x24, {"Data Abort from a lower Exception level", "Data Abort, lower EL", data_abort_iss, data_abort_iss2, kFar}},
    {0x25,
     {"Data Abort taken without a change in Exception level", "Data Abort, same EL", data_abort_iss, data_abort_iss2,
      kFar}},
    {0x26, {"SP alignment fault exception", "SP alignment fault"}},
    {0x27, {"Memory Operation Exception", "Memory Copy or Memory Set", mops_iss}},
    {0x28,
     {"Trapped floating-point exception from AArch32 state", "floating-point exception, AArch32", floating_point_iss}},
    {0x2c,
     {"Trapped floating-point exception from AArch64 state", "floating-point exception, AArch64", floating_point_iss}},
    {0x2d, {"Guarded Control Stack exception", "Guarded Control Stack", gcs_iss}},
    {0x2f, {"SError exception", "SError", serror_iss}},
    {0x30, {"Breakpoint exception from a lower Exception level", "Breakpoint, lower EL", breakpoint_iss}},
    {0x31, {"Breakpoint exception taken without a change in Exception level", "Breakpoint, same EL", breakpoint_iss}},
    {0x32, {"Software Step exception from a lower Exception level", "Software Step, lower EL", software_step_iss}},
    {0x33,
     {"Software Step exception taken without a change in Exception level", "Software Step, same EL",
      software_step_iss}},
    {0x34,
     {"Watchpoint exception from a lower Exception level", "Watchpoint, lower EL", watchpoint_iss, nullptr, kFar}},
    {0x35,
     {"Watchpoint exception taken without a change in Exception level", "Watchpoint, same EL", watchpoint_iss, nullptr,
      kFar}},
    {0x38, {"BKPT instruction execution in AArch32 state", "BKPT from AArch32", breakpoint_instruction_iss}},
    {0x3a, {"Vector Catch exception from AArch32 state", "Vector Catch", breakpoint_iss}},
    {0x3c, {"BRK instruction execution in AArch64 state", "BRK from AArch64", breakpoint_instruction_iss}},
    {0x3d, {"Profiling exception", "Profiling exception", implementation_defined_iss}},
};

constexpr ExceptionClass kReservedClass{"reserved exception class", "reserved exception class",
                                        [](std::uint64_t) -> Layout {
                                          static constexpr FieldSpec kUnknown[] = {{"UNKNOWN", 24, 0}};
                                          return kUnknown;
                                        }};

constexpr std::array<ExceptionClass, 64> kByClass = [] {
  std::array<ExceptionClass, 64> classes{};
  classes.fill(kReservedClass);
  for (const ClassRow& row : kClassRows) classes[row.ec] = row.exception;
  return classes;
}();

}  // namespace

const ExceptionClass& exception_class(unsigned ec) {
  return kByClass[ec & 0x3f];
}

}  // namespace bootrig::aarch64
