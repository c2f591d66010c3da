// Under KVM an access to nothing leaves no abort: the other GIC is told by the image's code and a CPU that waits.
#include "testing/small_elf.h"
#include "testing/test_folder.h"
#include "triage/rules/at_rest_test.h"

namespace bootrig {
namespace {

constexpr std::uint32_t kPointToInterface = 0xd2a10021;  // movz x1, #0x801, lsl #16: 0x08010000
constexpr std::uint32_t kPointToUart = 0xd2a12001;       // movz x1, #0x900, lsl #16: 0x09000000

class OtherGicUnderKvm : public RestRuleTest {
 protected:
  OtherGicUnderKvm() {
    machine_.accelerator = Accelerator::kKvm;
    machine_.gic = 3;
    evidence_.stopped_for = StoppedFor::kTime;
    evidence_.map_of = [](const MachineSpec& other) {
      EXPECT_EQ(other.gic, 2u);
      return std::vector<MemoryRegion>{{0x08000000, 0x08000fff, "gic_dist", false},
                                       {0x08010000, 0x08011fff, "gic_cpu", false}};
    };
    cpu().pstate = 0x345;  // IRQs are taken
    cpu().pc = kTestCode + 8;
    boot({kPointToInterface, kStore, kWfi, kBackToWfi});
  }
  void boot(std::initializer_list<std::uint32_t> words) {
    put_code(kTestCode, words);
    const std::string code = data_.memory[kTestCode].substr(0, 4 * words.size());
    files_.clear();
    auto file = LoadedElf::open(folder_.put("image", small_elf({kTestCode, kTestCode, code}, kTestCode)));
    ASSERT_TRUE(file) << to_text(file.error());
    files_.push_back(std::move(*file));
    evidence_.files = files_;
  }

  TestFolder folder_;
  std::vector<LoadedElf> files_;
};

TEST_F(OtherGicUnderKvm, ItsCodeUsesWhatIsNotThereAndTheCpuWaits) {
  EXPECT_EQ(cause(), "image-for-gicv2");
  EXPECT_NE(what().find("CPU 0 waits at 0x40400008"), std::string::npos) << what();
  EXPECT_NE(what().find("accesses a GICv2"), std::string::npos) << what();
}

TEST_F(OtherGicUnderKvm, NearMisses) {
  machine_.accelerator = Accelerator::kTcg;  // the access would have been an abort
  EXPECT_EQ(cause(), "");
  machine_.accelerator = Accelerator::kKvm;
  CpuState later = cpu();
  later.x[5] = 1;
  later.pc = kTestCode + 0x100;
  data_.later = {{later}, {later}, {later}};  // it goes on
  EXPECT_EQ(cause(), "");
  data_.later.clear();
  boot({kPointToUart, kStore, kWfi, kBackToWfi});  // another reason to wait
  EXPECT_EQ(cause(), "");
}

}  // namespace
}  // namespace bootrig
