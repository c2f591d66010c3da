// A loader that copies a program to where there is no memory, with nobody to take the exception.
#include "testing/small_elf.h"
#include "triage/rules/at_rest_test.h"

namespace bootrig {
namespace {

class PartOutsideTest : public RestRuleTest {
 protected:
  PartOutsideTest() {
    cpu().pc = 0x200;
    cpu().system["VBAR_EL1"] = 0;
    put_exception(0x02000000, 0x200, 0);
  }
  // In the image, behind the loader's code.
  void put_program(std::uint64_t linked, std::uint64_t physical) {
    const std::string elf = small_elf({linked, physical, "kernel code", 0x1000}, linked);
    data_.memory[kTestCode].replace(0x1000, elf.size(), elf);
  }
  static constexpr std::uint64_t kLinked = 0xffffffffc0000000;
};

TEST_F(PartOutsideTest, TheKernelInTheImage) {
  put_program(kLinked, 0x80000000);
  EXPECT_EQ(cause(), "image-outside-ram");
  EXPECT_EQ(
      what(),
      "the image's loader copies unnamed ELF in the image to 0x80000000..0x80000fff, and at 0x80000000 this machine "
      "has nothing; the CPU is lost in an exception, and nobody has set vectors for it");
}

TEST_F(PartOutsideTest, NearMisses) {
  EXPECT_EQ(cause(), "vectors-not-set");
  put_program(kLinked, 0x40000000);
  EXPECT_EQ(cause(), "vectors-not-set");
  put_program(0x80000000, 0x80000000);  // a user program, which its loader puts elsewhere
  EXPECT_EQ(cause(), "vectors-not-set");
}

// That a flat program's address was meant is told by the abort that came before.
TEST_F(PartOutsideTest, TheLoaderWentToThatAddress) {
  put_program(kLinked, kLinked);
  EXPECT_EQ(cause(), "vectors-not-set");
  cpu().system["FAR_EL1"] = kLinked + 8;
  EXPECT_EQ(cause(), "image-outside-ram");
  cpu().system["FAR_EL1"] = kLinked + 0x3000;  // what is put behind it
  EXPECT_EQ(cause(), "image-outside-ram");
  put_program(0x80000000, 0x80000000);
  cpu().system["FAR_EL1"] = 0x80003000;
  EXPECT_EQ(cause(), "vectors-not-set");
}

}  // namespace
}  // namespace bootrig
