// Calls of firmware and hypervisor (smc, hvc) that this machine does not take, and what only looks like one.
#include <libfdt.h>

#include "triage/rules/at_rest_test.h"

namespace bootrig {
namespace {

constexpr std::uint32_t kSmc = 0xd4000003, kHvc = 0xd4000002, kSvc = 0xd4000001, kBrk = 0xd4200000;

// A machine's device tree with one PSCI node; `method` empty: without one.
std::string tree_with_psci(const char* method) {
  std::string bytes(4096, '\0');
  void* const tree = bytes.data();
  fdt_create(tree, static_cast<int>(bytes.size()));
  fdt_finish_reservemap(tree);
  fdt_begin_node(tree, "");
  fdt_property_u32(tree, "#address-cells", 2);
  fdt_property_u32(tree, "#size-cells", 2);
  if (*method != '\0') {
    fdt_begin_node(tree, "psci");
    fdt_property_string(tree, "compatible", "arm,psci-1.0");
    fdt_property_string(tree, "method", method);
    fdt_end_node(tree);
  }
  fdt_end_node(tree);
  EXPECT_EQ(fdt_finish(tree), 0);
  return bytes;
}

class CallTest : public RestRuleTest {
 protected:
  std::string cause_of(std::uint32_t instruction, const char* method) {
    put_code(kTestCode + 0x20, {instruction});
    put_exception(kUndefined, kTestCode + 0x20, 0);
    data_.device_tree = tree_with_psci(method);
    return cause();
  }
  std::string change() const { return last_ && last_->cause ? last_->cause->change : ""; }
};

TEST_F(CallTest, SmcWhereHvcIsTaken) {
  EXPECT_EQ(cause_of(kSmc, "hvc"), "conduit-mismatch");
  EXPECT_EQ(what(),
            "the instruction at 0x40400020 <start+0x20> is smc #0, which is undefined at EL1 of this machine: it has "
            "no EL3, and no EL2 that takes the call; this machine's PSCI is by hvc");
  EXPECT_EQ(change(), "call by hvc, as the psci node (method) of this machine's device tree says");
}

TEST_F(CallTest, HvcWithoutAnEl2) {
  EXPECT_EQ(cause_of(kHvc, "smc"), "conduit-mismatch");
  EXPECT_EQ(change(), "call by smc, as the psci node (method) of this machine's device tree says");
  EXPECT_EQ(cause_of(kHvc, ""), "conduit-mismatch");
  EXPECT_EQ(change(), "do without PSCI, as this machine's device tree has none, or boot with firmware");
  data_.device_tree.clear();
  EXPECT_EQ(cause(), "conduit-mismatch");
  EXPECT_EQ(change(), "call by smc, as the device tree's psci node (method) says for this target");
}

// Other instructions of the same group, another exception at the call, and a call that user code may never make.
TEST_F(CallTest, NearMisses) {
  EXPECT_EQ(cause_of(kSvc, "hvc"), "");
  EXPECT_EQ(cause_of(kBrk, "hvc"), "");
  EXPECT_EQ(cause_of(0, "hvc"), "");
  EXPECT_EQ(cause_of(kSmc, "hvc"), "conduit-mismatch");
  cpu().system["ESR_EL1"] = 0x5e000000;  // EC 0x17: the call was taken
  EXPECT_EQ(cause(), "");
  put_exception(kUndefined, kTestCode + 0x20, 0);
  cpu().system["SPSR_EL1"] = 0;  // from EL0, where every smc and hvc is undefined
  EXPECT_EQ(cause(), "");
}

}  // namespace
}  // namespace bootrig
