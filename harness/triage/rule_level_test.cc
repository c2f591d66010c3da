// Instructions and vectors of another level than the image runs at.
#include "inspect/system_instruction.h"
#include "triage/rest_rule_test.h"

namespace bootrig {
namespace {

constexpr std::uint64_t kUndefined = 0x02000000;  // EC 0
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
