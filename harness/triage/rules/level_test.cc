// Instructions and vectors of another level than the image runs at.
#include "inspect/system_instruction.h"
#include "triage/rules/at_rest_test.h"

namespace bootrig {
namespace {

constexpr std::uint32_t kMsrHcr = 0xd51c1100;     // msr HCR_EL2, x0
constexpr std::uint32_t kMsrVbar3 = 0xd51ec000;   // msr VBAR_EL3, x0
constexpr std::uint32_t kMsrSre1 = 0xd518cca0;    // msr ICC_SRE_EL1, x0
constexpr std::uint32_t kMsrSre2 = 0xd51cc9a0;    // msr ICC_SRE_EL2, x0
constexpr std::uint32_t kMsrVbar1 = 0xd518c000;   // msr VBAR_EL1, x0
constexpr std::uint32_t kTlbiAlle2 = 0xd50c871f;  // tlbi alle2

TEST(SystemInstructionTest, Decodes) {
  EXPECT_EQ(decode_system_instruction(kMsrHcr)->text(), "msr HCR_EL2");
  EXPECT_EQ(decode_system_instruction(kMsrSre1)->text(), "msr ICC_SRE_EL1");
  EXPECT_EQ(decode_system_instruction(0xd53cd0e1)->text(), "mrs S3_4_C13_C0_7");
  EXPECT_TRUE(decode_system_instruction(kMsrSre1)->gic_cpu_interface());
  EXPECT_FALSE(decode_system_instruction(kMsrVbar1)->gic_cpu_interface());
  EXPECT_EQ(decode_system_instruction(kTlbiAlle2)->lowest_level(), 2u);
  EXPECT_EQ(decode_system_instruction(0xd53b4200)->lowest_level(), 0u);  // mrs x0, NZCV
  for (const std::uint32_t other : {0u, 0xd503207fu, 0xd50342dfu, 0xd4000002u, 0xf9400000u}) {
    EXPECT_FALSE(decode_system_instruction(other)) << std::hex << other;
  }
}

TEST_F(RestRuleTest, RegisterOfAHigherLevel) {
  put_code(kTestCode + 0x20, {kMsrHcr, kMsrVbar3, kTlbiAlle2});
  put_exception(kUndefined, kTestCode + 0x20, 0);
  EXPECT_EQ(cause(), "hypervisor-image-below-el2");
  EXPECT_EQ(what(),
            "the instruction at 0x40400020 <start+0x20> is msr HCR_EL2, which is defined at EL2 and above: the image "
            "runs at EL1");
  put_exception(kUndefined, kTestCode + 0x24, 0);
  EXPECT_EQ(cause(), "firmware-image-below-el3");
  put_exception(kUndefined, kTestCode + 0x28, 0);
  EXPECT_EQ(cause(), "hypervisor-image-below-el2");
}

// A register of its own level, user code, or no system instruction at all.
TEST_F(RestRuleTest, NearMissesOfAHigherLevel) {
  put_code(kTestCode + 0x20, {kMsrVbar1, 0xd503201f, kMsrHcr});
  put_exception(kUndefined, kTestCode + 0x20, 0);
  EXPECT_EQ(cause(), "");
  put_exception(kUndefined, kTestCode + 0x24, 0);
  EXPECT_EQ(cause(), "");
  put_exception(kUndefined, kTestCode + 0x28, 0);
  cpu().system["SPSR_EL1"] = 0;  // from EL0
  EXPECT_EQ(cause(), "");
}

// Start code that wants EL2 (or EL2 with a bit more: a second compare) and waits for ever elsewhere.
class LevelCheckTest : public RestRuleTest {
 protected:
  LevelCheckTest() {
    evidence_.stopped_for = StoppedFor::kTime;
    put_check({0xd5384245, 0xf10020bf, 0xfa4918a4, 0x54000081});  // mrs x5, CurrentEL; cmp x5, #8; ccmp x5, #9; b.ne
    put_code(kCheck + 0x1c, {0x14000039});                        // b kRest
    put_code(kRest, {kWfe, kBack});
    cpu().pc = kRest;
  }
  void put_check(std::initializer_list<std::uint32_t> words) { put_code(kCheck, words); }

  static constexpr std::uint32_t kBack = 0x17ffffff;
  static constexpr std::uint64_t kCheck = kTestCode + 0x20, kRest = kTestCode + 0x120;
};

TEST_F(LevelCheckTest, WantsEl2) {
  EXPECT_EQ(cause(), "hypervisor-image-below-el2");
  EXPECT_EQ(
      what(),
      "CPU 0 has come to rest at 0x40400120 <start+0x120>, where the code at 0x40400020 <start+0x20> sends it that "
      "finds it at another level than EL2; it is at EL1");
  put_check({0xd5384245, 0xf10020bf, 0x540007c1});  // b.ne kRest, at once
  EXPECT_EQ(cause(), "hypervisor-image-below-el2");
  cpu().pc = kRest + 4;
  EXPECT_EQ(cause(), "hypervisor-image-below-el2");
  cpu().pc = kRest;
  put_code(kRest, {0x14000000});  // it spins there
  EXPECT_EQ(cause(), "hypervisor-image-below-el2");
}

TEST_F(LevelCheckTest, WantsEl3) {
  put_check({0xd5384245, 0xf10030bf, kNop});
  EXPECT_EQ(cause(), "");
  put_check({0xd5384245, 0xf10030bf, 0x540007c1});
  EXPECT_EQ(cause(), "firmware-image-below-el3");
}

TEST_F(LevelCheckTest, NearMisses) {
  put_check({0xd5384245, 0xf10010bf});  // cmp x5, #4: EL1 is what it wants
  EXPECT_EQ(cause(), "");
  put_check({0xd5384245, 0xf10020df});  // another register is compared
  EXPECT_EQ(cause(), "");
  put_check({0xd5384245, 0xf10020bf, 0x54000080});  // b.eq: it rests where it wants to be
  EXPECT_EQ(cause(), "");
  put_check({0xd5384245, 0xf10020bf, 0x54000061});  // b.ne elsewhere
  EXPECT_EQ(cause(), "");
  put_check({0xd5384265, 0xf10020bf, 0x540007c1});  // another register is read
  EXPECT_EQ(cause(), "");
}

// It was let past the check, and rests in the same place for another reason.
TEST_F(LevelCheckTest, AtTheLevelThatItWants) {
  cpu().pstate = 0x3c9;  // EL2h
  for (const char* name : {"SCTLR_EL2", "TCR_EL2", "TTBR0_EL2", "HCR_EL2", "ESR_EL2"}) cpu().system[name] = 0;
  EXPECT_EQ(cause(), "");
}

TEST_F(RestRuleTest, RegisterOfAGicv3) {
  put_code(kTestCode + 0x20, {kMsrSre1, kMsrSre2});
  put_exception(kUndefined, kTestCode + 0x20, 0);
  EXPECT_EQ(cause(), "image-for-gicv3");
  put_exception(kUndefined, kTestCode + 0x24, 0);  // at EL1 no GIC would help
  EXPECT_EQ(cause(), "hypervisor-image-below-el2");
  machine_.gic = 3;
  put_exception(kUndefined, kTestCode + 0x20, 0);
  EXPECT_EQ(cause(), "");
}

TEST_F(RestRuleTest, VectorsThatFault) {
  cpu().pc = kTestCode + 0xa00;
  put_code(kTestCode + 0xa00, {0xa9bf07e0});                         // stp x0, x1, [sp, #-16]!
  put_exception(0x96000044, kTestCode + 0xa00, 0xfffffffffffffff0);  // at the vector itself
  EXPECT_EQ(cause(), "vector-recursion");
  EXPECT_NE(what().find("0x40400a00 <vectors+0x200>"), std::string::npos) << what();
}

// The vector saves nothing and branches; what it branches to has no stack.
TEST_F(RestRuleTest, AHandlerThatFaults) {
  constexpr std::uint64_t kHandler = kTestCode + 0x400;
  cpu().pc = kTestCode + 0xa04;
  put_code(kTestCode + 0xa00, {kNop, 0x97fffe7f});  // bl kHandler
  put_code(kHandler, {kNop, 0xa9bf7bfd});           // stp x29, x30, [sp, #-16]!
  put_exception(0x96000045, kHandler + 4, 0xffffffffbffffff0);
  EXPECT_EQ(cause(), "vector-recursion");
  EXPECT_TRUE(what().starts_with("CPU 0 takes exceptions in the handler of its own exceptions (VBAR_EL1 ")) << what();
  EXPECT_TRUE(what().ends_with(", FAR 0xffffffffbffffff0")) << what();
  put_exception(0x96000045, kHandler + 0x80, 0xffffffffbffffff0);  // deep in it: it may have been about to end well
  EXPECT_EQ(cause(), "");
  put_exception(0x96000045, kHandler + 4, 0xffffffffbffffff0);
  put_code(kTestCode + 0xa00, {kNop, kNop});
  EXPECT_EQ(cause(), "");
}

// A handler may well stay in its vectors: what brought it there is elsewhere.
TEST_F(RestRuleTest, VectorsThatWait) {
  cpu().pc = kTestCode + 0xa00;
  put_code(kTestCode + 0xa00, {0x14000000});
  put_exception(0x96000044, kTestCode + 0x20, 0xfffffffffffffff0);
  EXPECT_EQ(cause(), "");
}

class LevelTest : public RestRuleTest {
 protected:
  // At a vector of this level that nobody has set, after an undefined instruction there.
  void lose_exception(unsigned level) {
    cpu().pstate = 0x3c1 | level << 2;
    cpu().pc = 0x200;
    const std::string el = fmt::format("_EL{}", level);
    for (const char* name : {"SCTLR", "TCR", "TTBR0", "FAR", "VBAR", "SCR", "HCR"}) cpu().system[name + el] = 0;
    cpu().system["ESR" + el] = kUndefined;
    cpu().system["ELR" + el] = 0x200;
    cpu().system["SPSR" + el] = 0x3c1 | level << 2;
  }
};

TEST_F(LevelTest, VectorsOfALowerLevelAreSet) {
  lose_exception(3);
  EXPECT_EQ(cause(), "image-entered-at-el3");
  EXPECT_NE(what().find("VBAR_EL1 (0x40400800 <vectors>)"), std::string::npos) << what();
  lose_exception(2);
  EXPECT_EQ(cause(), "image-entered-at-el2");
}

// It left the level by itself, or no vectors are set at all.
TEST_F(LevelTest, NearMissesOfALowerLevel) {
  lose_exception(3);
  cpu().system["SCR_EL3"] = 0x431;
  EXPECT_EQ(cause(), "vectors-not-set");
  lose_exception(2);
  cpu().system["VBAR_EL1"] = 0;
  EXPECT_EQ(cause(), "vectors-not-set");
  cpu().pc = kTestCode;  // out of the vectors: something handles it
  EXPECT_EQ(cause(), "");
}

}  // namespace
}  // namespace bootrig
