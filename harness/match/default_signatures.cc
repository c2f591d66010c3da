// The default signatures: the first line by which each loader, kernel or firmware says that it has
// crashed. A line may carry a timestamp or "(XEN) " before it, and other CPUs may have written into
// it, so most are not anchored.

#include <array>

#include "match/expectations.h"

namespace bootrig {

std::span<const SignatureInfo> default_signatures() {
  constexpr auto kException = SignatureKind::kException;
  constexpr auto kPanic = SignatureKind::kPanic;
  // Order counts: the first that matches a line names the hit.
  static const auto signatures = std::to_array<SignatureInfo>({
      // bootrig's own images: images/lib.
      {"bootrig-loader-exception", "bootrig loader", kException, R"(^bootrig loader: EXCEPTION)"},
      {"bootrig-kernel-exception", "bootrig kernel", kException, R"(^bootrig kernel: (?:EXCEPTION|USER FAULT))"},
      {"bootrig-panic", "bootrig images", kPanic, R"(^bootrig (?:loader|kernel): PANIC)"},

      // Microkit: loader/src (exceptions.c; "kernel exception" until 2.0.1), monitor/src/main.c.
      {"microkit-loader-exception", "Microkit loader", kException,
       R"(LDR\|ERROR: loader trapped (?:kernel )?exception)"},
      {"microkit-loader-error", "Microkit loader", kPanic, R"(LDR\|ERROR)"},
      {"microkit-monitor-fault", "Microkit monitor", kException, R"(MON\|ERROR: )"},

      // seL4's elfloader: arch-arm/64/debug.c, defaults.c.
      {"elfloader-exception", "elfloader", kException, R"(ELF-LOADER: (?:Synchronous|Invalid) exception received)"},
      {"elfloader-abort", "elfloader", kPanic, R"(^abort\(\) called\.$)"},

      // seL4: arch/arm/64 (vspace.c, c_traps.c), assert.c, faulthandler.c (the second form is that
      // of MCS kernels).
      {"sel4-kernel-data-abort", "seL4", kException, R"(KERNEL DATA ABORT!)"},
      {"sel4-kernel-prefetch-abort", "seL4", kException, R"(KERNEL PREFETCH ABORT!)"},
      {"sel4-kernel-invalid-vector", "seL4", kException, R"(KERNEL INVALID VECTOR ENTRY!)"},
      {"sel4-fail", "seL4", kPanic, R"(seL4 called fail at )"},
      {"sel4-assert", "seL4", kPanic, R"(seL4 failed assertion ')"},
      {"sel4-caught-fault", "seL4", kException,
       R"(Caught (?:null fault|cap fault in |vm fault on |unknown syscall |user exception |Timeout fault |unknown fault))"
       R"(|Found thread has no fault handler while trying to handle)"},

      // Linux: kernel/panic.c, arch/arm64 (mm/fault.c, kernel/traps.c, kernel/entry-common.c; "Bad
      // mode" before 5.12).
      {"linux-panic", "Linux", kPanic, R"(Kernel panic - not syncing)"},
      {"linux-oops", "Linux", kException,
       R"(Unable to handle kernel [A-Za-z -]+ at virtual address|Internal error: .*\[#[0-9]+\])"},
      {"linux-unhandled-exception", "Linux", kException,
       R"(Unhandled .* exception on CPU[0-9]+, ESR|Bad mode in .* handler detected)"},

      // U-Boot: arch/arm/lib/interrupts_64.c, lib/hang.c.
      {"uboot-synchronous-abort", "U-Boot", kException, R"("Synchronous Abort" handler, esr 0x)"},
      {"uboot-irq", "U-Boot", kException, R"("Irq" handler, esr 0x)"},
      {"uboot-fiq", "U-Boot", kException, R"("Fiq" handler, esr 0x)"},
      {"uboot-serror", "U-Boot", kException, R"("Error" handler, esr 0x)"},
      {"uboot-error-reset", "U-Boot", kPanic, R"(### ERROR ### Please RESET the board ###)"},

      // EDK2: CpuExceptionHandlerLib (AArch64), BaseDebugLib.
      {"edk2-exception", "EDK2", kException, R"((?:Synchronous|IRQ|FIQ|SError) Exception at 0x[0-9A-Fa-f]+)"},
      {"edk2-assert", "EDK2", kPanic, R"(ASSERT \[[^\]]*\] .*\([0-9]+\): |ASSERT_EFI_ERROR \()"},

      // Xen: arch/arm/traps.c, common/shutdown.c and drivers/char/console.c.
      {"xen-trap", "Xen", kException,
       R"((?:Data Abort|Instruction Abort|Hypervisor) Trap\. |CPU[0-9]+: Unexpected Trap: )"},
      {"xen-panic", "Xen", kPanic, R"(Panic on CPU [0-9]+:)"},
      {"xen-assert", "Xen", kPanic, R"(Xen BUG at [^ ]+:[0-9]+|Assertion '.+' failed at [^ ]+:[0-9]+)"},

      // Trusted Firmware-A: bl31/aarch64/crash_reporting.S, common/aarch64/debug.S, plat_common.c.
      {"tfa-unhandled-exception", "TF-A", kException,
       R"(Unhandled (?:Interrupt )?Exception in EL3|Unhandled External Abort received on 0x)"},
      {"tfa-panic", "TF-A", kPanic, R"(PANIC in EL3|PANIC at PC : 0x)"},
      {"tfa-assert", "TF-A", kPanic, R"(ASSERT: (?:File .+ Line [0-9]+|[^ ]+:[0-9]+))"},

      // Zephyr: arch/arm64/core/fatal.c, kernel/fatal.c.
      {"zephyr-exception", "Zephyr", kException, R"(E[LS]R_ELn: 0x[0-9a-f]+)"},
      {"zephyr-fatal", "Zephyr", kPanic, R"(>>> ZEPHYR FATAL ERROR [0-9]+)"},
      {"zephyr-assert", "Zephyr", kPanic, R"(ASSERTION FAIL \[.+\] @ [^ ]+:[0-9]+)"},

      // kvm-unit-tests: lib/arm64/processor.c, lib/libcflat.h.
      {"kvm-unit-tests-exception", "kvm-unit-tests", kException, R"(ESR_EL[1x]: +[0-9a-f]{8}, ec=0x[0-9a-f]+ \()"},
      {"kvm-unit-tests-assert", "kvm-unit-tests", kPanic, R"([^ ]+:[0-9]+: assert failed: )"},
  });
  return signatures;
}

}  // namespace bootrig
