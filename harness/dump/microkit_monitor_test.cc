#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dump/fixture_test.h"

namespace bootrig {
namespace {

using dump::fixture;
using dump::only_dump;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kNoIss2 = "fsr is the low 32 bits of ESR: ISS2 is not visible.";

const std::string kMessage =
    "MON|ERROR: received message 0x00000006  badge: 0x0000000000000002  tcb cap: 0x000000000000000b\n"
    "MON|ERROR: faulting PD: serial_virt_tx\n";

// microkit PR 423: a domain reads address 0.
TEST(MicrokitMonitorDump, ReadsTheDumpOfPullRequest423) {
  const ExceptionRecord record = only_dump(fixture("microkit-monitor-423"));
  EXPECT_EQ(record.dialect, "microkit-monitor");
  EXPECT_EQ(record.headline,
            "MON|ERROR: received message 0x00000006  badge: 0x0000000000000002  tcb cap: "
            "0x000000000000000b");
  EXPECT_EQ(record.first_line, 1u);
  EXPECT_EQ(record.last_line, 42u);
  EXPECT_EQ(record.esr, 0x92000006u);
  EXPECT_EQ(record.far, 0u);
  EXPECT_EQ(record.elr, 0x204ce0u);
  EXPECT_EQ(record.sp, 0x7ffffffffd40u);
  EXPECT_EQ(record.spsr, 0x20000040u);
  EXPECT_EQ(record.x[3], 0xffffffffffffffffu);
  EXPECT_EQ(record.x[4], 0x201fc4u);
  EXPECT_EQ(record.x[22], 0x20b2a0u);
  EXPECT_EQ(record.x[28], 0u);
  EXPECT_EQ(record.x[30], 0x204e7cu);
  EXPECT_EQ(record.level, std::nullopt);
  EXPECT_EQ(record.extra.at("pd"), "serial_virt_tx");
  EXPECT_EQ(record.extra.at("badge"), "0x2");
  EXPECT_EQ(record.extra.at("message"), "0x6");
  EXPECT_EQ(record.extra.at("fault"), "VMFault");
  EXPECT_FALSE(record.extra.contains("sel4-error"));  // a read
  EXPECT_FALSE(record.cut_off);
  EXPECT_THAT(record.corrections, ElementsAre(kNoIss2));
}

TEST(MicrokitMonitorDump, AWriteToASmallAddressIsAnSel4Error) {
  const ExceptionRecord record = only_dump(
      kMessage +
      "MON|ERROR: VMFault: ip=0x0000000000204ce0  fault_addr=0x000000000000000a  fsr=0x0000000092000046  (data fault)\n"
      "MON|ERROR:   ec: 0x00000024  Data Abort from a lower Exception level   il: 1   iss: 0x00000046\n"
      "MON|ERROR:   dfsc = translation fault, level 2 (0x00000006) -- write not read\n"
      "MON|ERROR: potential stack overflow, fault address within one page outside of stack region\n");
  EXPECT_EQ(record.far, 10u);
  EXPECT_EQ(record.extra.at("sel4-error"), "10 NotEnoughMemory");
  EXPECT_EQ(record.extra.at("stack-overflow"), "potential");
  EXPECT_EQ(record.last_line, 6u);
  EXPECT_FALSE(record.cut_off);
}

TEST(MicrokitMonitorDump, AnInstructionFaultHasNoLineForItsStatus) {
  const ExceptionRecord record = only_dump(
      kMessage +
      "MON|ERROR: VMFault: ip=0x0000000000000000  fault_addr=0x0000000000000000  fsr=0x0000000082000006  (instruction "
      "fault)\nMON|ERROR:   ec: 0x00000020  Instruction Abort from a lower Exception level   il: 1   iss: "
      "0x00000006\n");
  EXPECT_EQ(record.esr, 0x82000006u);
  EXPECT_EQ(record.elr, 0u);
  EXPECT_FALSE(record.extra.contains("sel4-error"));
  EXPECT_FALSE(record.cut_off);
}

TEST(MicrokitMonitorDump, AVcpuFaultThatIsNoneOfUbsans) {
  const ExceptionRecord record = only_dump(
      kMessage + "MON|ERROR: received vCPU fault with ESR: 0x0000000002000000\nMON|ERROR: Unknown vCPU fault\n");
  EXPECT_EQ(record.esr, 0x2000000u);
  EXPECT_EQ(record.extra.at("vcpu-fault"), "Unknown vCPU fault");
  EXPECT_FALSE(record.cut_off);
}

TEST(MicrokitMonitorDump, PartsThatAreNotOfTheFsrAreSaid) {
  const ExceptionRecord record = only_dump(
      kMessage +
      "MON|ERROR: VMFault: ip=0x0000000000204ce0  fault_addr=0x0000000000000010  fsr=0x0000000092000046  (data fault)\n"
      "MON|ERROR:   ec: 0x00000024  Data Abort from a lower Exception level   il: 1   iss: 0x00000047\n");
  EXPECT_THAT(record.corrections,
              ElementsAre(kNoIss2, "The printed ec, il and iss are not those of the printed ESR: ESR is believed."));
}

TEST(MicrokitMonitorDump, CapFaultHasNoEsr) {
  const ExceptionRecord record =
      only_dump(kMessage +
                "pc : 0x0000000000204ce0\n"
                "MON|ERROR: CapFault: ip=0x0000000000204ce0  fault_addr=0x0000000000000005  in_recv_phase=false  "
                "lookup_failure_type=seL4_MissingCapability  bits_left=0x00000004\n");
  EXPECT_EQ(record.elr, 0x204ce0u);
  EXPECT_EQ(record.esr, std::nullopt);
  EXPECT_EQ(record.far, std::nullopt);
  EXPECT_EQ(record.extra.at("cap-address"), "0x0000000000000005");
  EXPECT_EQ(record.extra.at("in-receive-phase"), "no");
  EXPECT_EQ(record.extra.at("lookup-failure"), "seL4_MissingCapability");
  EXPECT_FALSE(record.cut_off);
  EXPECT_THAT(record.corrections, ElementsAre("A CapFault has no ESR, and its fault_addr is the address of a "
                                              "capability, not what FAR holds."));
}

TEST(MicrokitMonitorDump, UserExceptionHasNoNumber) {
  const ExceptionRecord record = only_dump(kMessage + "pc : 0x0000000000204ce0\nMON|ERROR: UserException\n");
  EXPECT_EQ(record.elr, 0x204ce0u);
  EXPECT_FALSE(record.cut_off);
  EXPECT_THAT(record.corrections,
              ElementsAre("The monitor does not print a UserException's number and code: ESR is not "
                          "known."));
}

TEST(MicrokitMonitorDump, UnknownFaultHasALabel) {
  const ExceptionRecord record = only_dump(kMessage + "MON|ERROR: Unknown fault\n0x0000000000000009\n");
  EXPECT_EQ(record.extra.at("label"), "0x9");
  EXPECT_FALSE(record.cut_off);
}

TEST(MicrokitMonitorDump, VcpuFaultIsTakenToEl2) {
  const ExceptionRecord record = only_dump(
      "MON|ERROR: received vCPU fault with ESR: 0x00000000f2005512\n"
      "MON|ERROR: potential undefined behaviour detected by UBSAN for: 'shift out of bounds'\n");
  EXPECT_EQ(record.level, 2u);
  EXPECT_EQ(record.esr, 0xf2005512u);
  EXPECT_EQ(record.extra.at("vcpu-fault"),
            "potential undefined behaviour detected by UBSAN for: 'shift out of bounds'");
  EXPECT_FALSE(record.cut_off);
}

TEST(MicrokitMonitorDump, Microkit130PutsItsNameBeforeEveryRegister) {
  const ExceptionRecord record = only_dump(kMessage +
                                           "MON|ERROR: Registers: \n"
                                           "MON|ERROR: pc : 0x0000000000204ce0\n"
                                           "MON|ERROR: spsr : 0x0000000020000040\n"
                                           "MON|ERROR: x7 : 0x0000000000000777\n");
  EXPECT_EQ(record.elr, 0x204ce0u);
  EXPECT_EQ(record.spsr, 0x20000040u);
  EXPECT_EQ(record.x[7], 0x777u);
  EXPECT_TRUE(record.cut_off);
}

TEST(MicrokitMonitorDump, ItsOrdinaryLogIsNoDump) {
  EXPECT_THAT(find_dumps("MON|INFO: Microkit Monitor started!\nMON|INFO: PD 'a' is now passive!\n"), IsEmpty());
}

}  // namespace
}  // namespace bootrig
