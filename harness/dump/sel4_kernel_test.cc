#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dump/fixture_test.h"

namespace bootrig {
namespace {

using dump::only_dump;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Sel4KernelDump, DataAbort) {
  const ExceptionRecord record = only_dump(
      "\r\n\r\nKERNEL DATA ABORT!\r\n"
      "Faulting instruction: 0xffffff8040012345\r\n"
      "FAR: 0x10 ESR (DFSR): 0x96000006\r\n"
      "halting...\r\n"
      "Kernel entry via VM Fault, fault type: 1\r\n");
  EXPECT_EQ(record.dialect, "sel4-kernel");
  EXPECT_EQ(record.first_line, 3u);
  EXPECT_EQ(record.last_line, 7u);
  EXPECT_EQ(record.elr, 0xffffff8040012345u);
  EXPECT_EQ(record.far, 0x10u);
  EXPECT_EQ(record.esr, 0x96000006u);
  EXPECT_EQ(record.extra.at("entry"), "VM Fault, fault type: 1");
  EXPECT_FALSE(record.cut_off);
  EXPECT_THAT(record.corrections, IsEmpty());
}

TEST(Sel4KernelDump, PrefetchAbortHasNoFar) {
  const ExceptionRecord record = only_dump(
      "KERNEL PREFETCH ABORT!\nFaulting instruction: 0xffffff8040012344\nESR (IFSR): 0x86000004\nhalting...\n");
  EXPECT_EQ(record.elr, 0xffffff8040012344u);
  EXPECT_EQ(record.esr, 0x86000004u);
  EXPECT_EQ(record.far, std::nullopt);
  EXPECT_FALSE(record.cut_off);
  EXPECT_THAT(record.corrections, ElementsAre("The kernel prints no FAR for a prefetch abort: the faulting instruction "
                                              "(ELR) is what could not be fetched."));
}

TEST(Sel4KernelDump, InvalidVectorEntry) {
  const ExceptionRecord record = only_dump(
      "KERNEL INVALID VECTOR ENTRY!\n"
      "Vector: 0x380 (SError EL1h/EL2h)\n"
      "Fault attributed to program counter: 0xffffff8040012344\n"
      "ESR: 0xbe000011 FAR: 0xffffff8040000000\n");
  EXPECT_EQ(record.extra.at("vector"), "0x380 (SError EL1h/EL2h)");
  EXPECT_EQ(record.esr, 0xbe000011u);
  EXPECT_EQ(record.far, std::nullopt);
  EXPECT_FALSE(record.cut_off);
  EXPECT_THAT(record.corrections,
              ElementsAre("FAR is printed as 0xffffff8040000000 but holds nothing for this exception "
                          "(EC 0x2f): not believed."));
}

TEST(Sel4KernelDump, AFaultThatNoHandlerTakes) {
  const ExceptionRecord record = only_dump(
      "Caught cap fault in send phase at address 0\n"
      "while trying to handle:\n"
      "vm fault on data at address 0 with status 0x92000046\n"
      "in thread 0xffffff807fb2e400 \"rootserver\" at address 0x401234\n"
      "With stack:\n"
      "0x7ffff0: 0x401000\n"
      "0x7ffff8: INVALID\n");
  EXPECT_EQ(record.headline, "Caught cap fault in send phase at address 0");
  EXPECT_EQ(record.esr, 0x92000046u);
  EXPECT_EQ(record.far, 0u);
  EXPECT_EQ(record.elr, 0x401234u);
  EXPECT_EQ(record.sp, 0x7ffff0u);
  EXPECT_EQ(record.extra.at("thread"), "rootserver");
  EXPECT_EQ(record.extra.at("tcb"), "0xffffff807fb2e400");
  EXPECT_EQ(record.extra.at("second-fault"), "cap fault in send phase at address 0");
  EXPECT_EQ(record.extra.at("fault"), "vm fault on data at address 0 with status 0x92000046");
  EXPECT_EQ(record.last_line, 7u);
  EXPECT_FALSE(record.cut_off);
  EXPECT_THAT(record.corrections, ElementsAre("The printed status is the low 32 bits of ESR: ISS2 is not visible."));
}

TEST(Sel4KernelDump, AThreadWithoutAFaultHandlerUnderMcs) {
  const ExceptionRecord record = only_dump(
      "Found thread has no fault handler while trying to handle:\n"
      "vm fault on code at address 0x1000 with status 0x82000006\n"
      "in thread 0x80 \"a \" at address 0x7\" at address 0x1000\n");
  EXPECT_EQ(record.esr, 0x82000006u);
  EXPECT_EQ(record.far, 0x1000u);
  EXPECT_EQ(record.elr, 0x1000u);
  EXPECT_EQ(record.extra.at("thread"), "a \" at address 0x7");
  EXPECT_FALSE(record.cut_off);
}

TEST(Sel4KernelDump, WithoutADebugBuildThePcStandsBehindTheFault) {
  const ExceptionRecord record = only_dump(
      "Found thread has no fault handler while trying to handle:\n"
      "vm fault on data at address 0x10 with status 0x92000006at address 0x401234\n");
  EXPECT_EQ(record.esr, 0x92000006u);
  EXPECT_EQ(record.far, 0x10u);
  EXPECT_EQ(record.elr, 0x401234u);
}

TEST(Sel4KernelDump, AUserExceptionsNumberIsItsSyndrome) {
  const ExceptionRecord record = only_dump(
      "Found thread has no fault handler while trying to handle:\n"
      "user exception 0x2000000 code 0\n"
      "in thread 0x80 \"init\" at address 0x400\n");
  EXPECT_EQ(record.esr, 0x2000000u);
  EXPECT_EQ(record.far, std::nullopt);
}

TEST(Sel4KernelDump, OtherFaultsHaveNoSyndrome) {
  const ExceptionRecord record = only_dump(
      "Caught cap fault in send phase at address 0\n"
      "while trying to handle:\n"
      "unknown syscall 0x7\n"
      "in thread 0x80 \"init\" at address 0x400\n");
  EXPECT_EQ(record.esr, std::nullopt);
  EXPECT_EQ(record.elr, 0x400u);
  EXPECT_THAT(record.corrections, ElementsAre("The kernel prints no ESR for this kind of fault."));
}

TEST(Sel4KernelDump, InterruptsAtAnInvalidVectorWriteNoSyndrome) {
  for (const std::string type : {"IRQ", "FIQ"}) {
    const ExceptionRecord record = only_dump(
        "KERNEL INVALID VECTOR ENTRY!\nVector: 0x80 (" + type +
        " EL1t/EL2t)\nFault attributed to address: 0xffffff8040012344\nESR: 0x56000000 FAR: 0x10\nhalting...\n");
    EXPECT_EQ(record.elr, 0xffffff8040012344u);
    EXPECT_EQ(record.esr, std::nullopt);
    EXPECT_EQ(record.far, std::nullopt);
  }
}

TEST(Sel4KernelDump, ADoubleFaultWhoseStackIsNotAligned) {
  const ExceptionRecord record = only_dump(
      "Caught vm fault on data at address 0x8 with status 0x92000006\nwhile trying to handle:\n"
      "cap fault in receive phase at address 0x1f\nin thread 0x80 \"init\" at address 0x400\nWith stack:\n"
      "SP not aligned\n");
  EXPECT_EQ(record.extra.at("cap-address"), "0x000000000000001f");
  EXPECT_EQ(record.extra.at("second-fault"), "vm fault on data at address 0x8 with status 0x92000006");
  EXPECT_EQ(record.esr, std::nullopt);  // the second fault's is not the first's
  EXPECT_EQ(record.sp, std::nullopt);
  EXPECT_EQ(record.last_line, 6u);
}

TEST(Sel4KernelDump, AnAssertionThatFails) {
  const ExceptionRecord record = only_dump(
      "\r\nseL4 failed assertion 'isSchedulable(candidate)' at /host/kernel/src/kernel/thread.c:371 in function "
      "schedule\r\n"
      "halting...\r\nKernel entry via Interrupt, irq 0\r\n");
  EXPECT_EQ(record.extra.at("assertion"), "isSchedulable(candidate)");
  EXPECT_EQ(record.extra.at("place"), "/host/kernel/src/kernel/thread.c:371");
  EXPECT_EQ(record.extra.at("function"), "schedule");
  EXPECT_EQ(record.extra.at("entry"), "Interrupt, irq 0");
  EXPECT_EQ(record.last_line, 4u);
  EXPECT_FALSE(record.cut_off);
  EXPECT_FALSE(may_have_syndrome(record));
}

TEST(Sel4KernelDump, AFailWithWordsOfItsOwn) {
  const ExceptionRecord record = only_dump(
      "seL4 called fail at src/arch/arm/64/kernel/vspace.c:77 in function map_it_frame_cap, saying \"no \"table\"\"\n");
  EXPECT_EQ(record.extra.at("assertion"), "no \"table\"");
  EXPECT_EQ(record.extra.at("place"), "src/arch/arm/64/kernel/vspace.c:77");
  EXPECT_EQ(record.extra.at("function"), "map_it_frame_cap");
}

TEST(Sel4KernelDump, OrdinaryLinesAreNoDump) {
  EXPECT_THAT(find_dumps("Bootstrapping kernel\nCaught up with the log\nhalting...\nin thread 0x80 \"init\"\n"),
              IsEmpty());
}

}  // namespace
}  // namespace bootrig
