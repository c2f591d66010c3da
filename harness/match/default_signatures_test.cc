#include <gtest/gtest.h>

#include <set>

#include "match/expectations.h"
#include "match/matcher.h"

namespace bootrig {
namespace {

std::optional<SignatureHit> hit_of(std::string_view output) {
  Matcher matcher(ExpectationsBuilder().build());
  matcher.feed(output);
  matcher.finish();
  return matcher.hit();
}

struct Case {
  const char* line;
  const char* name;
};

// A line of each dialect, as it stands on a UART.
constexpr Case kCases[] = {
    {"bootrig loader: EXCEPTION synchronous, EL1 with SP_EL1", "bootrig-loader-exception"},
    {"bootrig kernel: EXCEPTION serror", "bootrig-kernel-exception"},
    {"bootrig kernel: USER FAULT synchronous", "bootrig-kernel-exception"},
    {"bootrig loader: PANIC no kernel in the archive", "bootrig-panic"},
    {"bootrig kernel: PANIC out of memory", "bootrig-panic"},
    {"LDR|ERROR: loader trapped exception: Synchronous (Current Exception level with SP_ELx)",
     "microkit-loader-exception"},
    {"LDR|ERROR: loader trapped kernel exception: Synchronous EL1h   ec=Data Abort(0x00000025)   "
     "il=0x1",
     "microkit-loader-exception"},
    {"LDR|ERROR: failed to ensure correct EL", "microkit-loader-error"},
    {"LDR|ERROR|CPU0: seL4 configured as a hypervisor, but not in EL2", "microkit-loader-error"},
    {"MON|ERROR: received message 0x00000006  badge: 0x0000000000000001  tcb cap: "
     "0x000000000000000a",
     "microkit-monitor-fault"},
    {"FAIL: MON|ERROR: unknown/invalid badge", "microkit-monitor-fault"},
    {"ELF-LOADER: Synchronous exception received:", "elfloader-exception"},
    {"ELF-LOADER: Invalid exception received!", "elfloader-exception"},
    {"abort() called.", "elfloader-abort"},
    {"KERNEL DATA ABORT!", "sel4-kernel-data-abort"},
    {"KERNEL PREFETCH ABORT!", "sel4-kernel-prefetch-abort"},
    {"KERNEL INVALID VECTOR ENTRY!", "sel4-kernel-invalid-vector"},
    {"seL4 called fail at src/kernel/boot.c:12 in function init, saying \"no\"", "sel4-fail"},
    {"seL4 failed assertion 'x' at src/kernel/boot.c:12 in function init", "sel4-assert"},
    {"Caught cap fault in send phase at address 0", "sel4-caught-fault"},
    {"Caught vm fault on data at address 0x8010004 with status 0x92000045", "sel4-caught-fault"},
    {"Found thread has no fault handler while trying to handle:", "sel4-caught-fault"},
    {"[    1.407807] Kernel panic - not syncing: sysrq triggered crash", "linux-panic"},
    {"Unable to handle kernel NULL pointer dereference at virtual address 0000000000000000", "linux-oops"},
    {"[    2.000001] Unable to handle kernel access to hypervisor-protected memory at virtual "
     "address ffff000000",
     "linux-oops"},
    {"[    2.000002] Internal error: Oops: 0000000096000004 [#1] PREEMPT SMP", "linux-oops"},
    {"[    2.000002] Internal error: synchronous external abort: 0000000096000010 [#1] SMP", "linux-oops"},
    {"[    0.000000] Unhandled 64-bit el1h sync exception on CPU0, ESR 0x0000000096000004 -- DABT "
     "(current EL)",
     "linux-unhandled-exception"},
    {"Bad mode in Error handler detected on CPU0, code 0xbf000000 -- SError", "linux-unhandled-exception"},
    {"\"Synchronous Abort\" handler, esr 0x96000004", "uboot-synchronous-abort"},
    {"Bad mode in \"Synchronous Abort\" handler, esr 0x96000004, far 0x0", "uboot-synchronous-abort"},
    {"\"Irq\" handler, esr 0x00000000", "uboot-irq"},
    {"\"Fiq\" handler, esr 0x00000000", "uboot-fiq"},
    {"\"Error\" handler, esr 0xbf000002", "uboot-serror"},
    {"### ERROR ### Please RESET the board ###", "uboot-error-reset"},
    {"Synchronous Exception at 0x000000005C3B42D0", "edk2-exception"},
    {"SError Exception at 0x000000005C3B42D0", "edk2-exception"},
    {"ASSERT [DxeCore] Hob.c(41): Length > 0", "edk2-assert"},
    {"ASSERT_EFI_ERROR (Status = Not Found)", "edk2-assert"},
    {"(XEN) Data Abort Trap. Syndrome=0x7", "xen-trap"},
    {"(XEN) Hypervisor Trap. HSR=0x96000004 EC=0x25 IL=1 Syndrome=0x4", "xen-trap"},
    {"(XEN) CPU0: Unexpected Trap: Data Abort", "xen-trap"},
    {"(XEN) Panic on CPU 0:", "xen-panic"},
    {"(XEN) Xen BUG at arch/arm/setup.c:120", "xen-assert"},
    {"(XEN) Assertion 'p != NULL' failed at common/xmalloc.c:70", "xen-assert"},
    {"Unhandled Exception in EL3.", "tfa-unhandled-exception"},
    {"Unhandled Interrupt Exception in EL3.", "tfa-unhandled-exception"},
    {"ERROR:   Unhandled External Abort received on 0x80000000 from EL1", "tfa-unhandled-exception"},
    {"PANIC in EL3.", "tfa-panic"},
    {"PANIC at PC : 0x000000000e0a1234", "tfa-panic"},
    {"ASSERT: File lib/xlat.c Line 00012", "tfa-assert"},
    {"ASSERT: lib/xlat.c:12", "tfa-assert"},
    {"[00:00:00.010,000] <err> os: ELR_ELn: 0x0000000040001234", "zephyr-exception"},
    {"[00:00:00.010,000] <err> os: >>> ZEPHYR FATAL ERROR 4: Kernel panic on CPU 0", "zephyr-fatal"},
    {"ASSERTION FAIL [!arch_is_in_isr()] @ WEST_TOPDIR/zephyr/kernel/mutex.c:100", "zephyr-assert"},
    {"ESR_EL1:         96000004, ec=0x25 (DABT_EL1)", "kvm-unit-tests-exception"},
    {"ESR_ELx:         96000004, ec=0x25 (DABT_EL1)", "kvm-unit-tests-exception"},
    {"lib/arm/mmu.c:120: assert failed: pte_valid(pte)", "kvm-unit-tests-assert"},
};

TEST(DefaultSignatures, EveryDialectIsSeen) {
  for (const Case& c : kCases) {
    for (const char* ending : {"", "\n", "\r\n"}) {
      const auto hit = hit_of(std::string("booting\n") + c.line + ending);
      ASSERT_TRUE(hit) << c.line;
      EXPECT_EQ(hit->name, c.name) << c.line;
      EXPECT_EQ(hit->line.text, c.line);
      EXPECT_EQ(hit->line.number, 2u);
      EXPECT_FALSE(hit->forbidden);
    }
  }
}

TEST(DefaultSignatures, EveryOneHasACaseAndAnOrigin) {
  std::set<std::string> tested;
  for (const Case& c : kCases) tested.insert(c.name);
  for (const SignatureInfo& signature : default_signatures()) {
    EXPECT_EQ(tested.erase(signature.name), 1u) << signature.name;
    EXPECT_FALSE(signature.origin.empty()) << signature.name;
  }
  EXPECT_TRUE(tested.empty());
}

TEST(DefaultSignatures, KindTellsAnExceptionFromAPanic) {
  EXPECT_EQ(hit_of("KERNEL DATA ABORT!\n")->kind, SignatureKind::kException);
  EXPECT_EQ(hit_of("Kernel panic - not syncing: x\n")->kind, SignatureKind::kPanic);
}

// Lines of boots that went well, chosen as they hold the words that dumps are made of.
TEST(DefaultSignatures, NormalBootsHitNothing) {
  for (const char* line : {
           "[    0.000000] Kernel command line: console=ttyAMA0 panic=-1",
           "[    0.467040] iommu: Default domain type: Translated",
           "[    1.764192] fault[78]: unhandled exception: DABT (lower EL), ESR "
           "0x0000000092000046, level 2 "
           "translation fault in fault[400000+7e000]",
           "(XEN)     Exception Levels: EL3:No EL2:64+32 EL1:64+32 EL0:64+32",
           "(XEN) d0v0: vGICD: unhandled word write 0x000000ffffffff to ICACTIVER4",
           "(XEN) Std. Loglevel: Errors, warnings and info",
           "Loading Environment from Flash... *** Warning - bad CRC, using default environment",
           "Command 'load' failed: Error 1",
           "LDR|INFO|CPU0: jumping to kernel",
           "MON|INFO: Microkit Monitor started!",
           "Booting all finished, dropped to user space",
           "ELF-loader started on CPU: ARM Ltd. Cortex-A53 r0p4",
           "bootrig loader: EL1, jumping to the kernel",
           "user said: bootrig loader: EXCEPTION",
       }) {
    EXPECT_FALSE(hit_of(line)) << line;
  }
}

}  // namespace
}  // namespace bootrig
