// What only KVM shows: an access to a device that the host cannot emulate.
#include "triage/rules/at_rest_test.h"

namespace bootrig {
namespace {

constexpr std::uint64_t kExternalAbort = 0x96000010;  // EC 0x25, DFSC 0x10, as KVM gives it back
constexpr std::uint64_t kUart = 0x09000000;
constexpr std::uint32_t kStoreAndMove = 0xb8004422;  // str w2, [x1], #4
constexpr std::uint32_t kStorePair = 0x29000c22;     // stp w2, w3, [x1]

class KvmCannotEmulate : public RestRuleTest {
 protected:
  KvmCannotEmulate() { machine_.accelerator = Accelerator::kKvm; }
  std::string cause_of(std::uint32_t instruction, std::uint64_t address) {
    put_code(kTestCode + 0x10, {instruction});
    put_exception(kExternalAbort, kTestCode + 0x10, address);
    return cause();
  }
};

TEST_F(KvmCannotEmulate, WriteBackAndPairs) {
  EXPECT_EQ(cause_of(kStoreAndMove, kUart), "kvm-cannot-emulate");
  EXPECT_EQ(
      what(),
      "the instruction at 0x40400010 <start+0x10>, str w2, [x1], #4, accesses pl011 at physical 0x9000000; KVM "
      "emulates that device and is not told by the trap which register and how many bytes such an instruction moves");
  EXPECT_EQ(cause_of(kStorePair, kUart), "kvm-cannot-emulate");
}

TEST_F(KvmCannotEmulate, NearMisses) {
  EXPECT_EQ(cause_of(kStore, kUart), "");  // KVM is told all of it: the device refuses
  EXPECT_EQ(cause_of(kStoreAndMove, 0x0b000000), "nothing-at-address");
  EXPECT_EQ(cause_of(kStoreAndMove, kTestCode + 0x1000), "");  // memory
  machine_.accelerator = Accelerator::kTcg;
  EXPECT_EQ(cause_of(kStoreAndMove, kUart), "");
}

}  // namespace
}  // namespace bootrig
