#include <libfdt.h>

#include "triage/rules/at_rest_test.h"

namespace bootrig {
namespace {

// Of a machine with one PL011, which stdout-path means.
std::string tree_with(const char* arguments) {
  std::string bytes(4096, '\0');
  void* const tree = bytes.data();
  fdt_create(tree, static_cast<int>(bytes.size()));
  fdt_finish_reservemap(tree);
  fdt_begin_node(tree, "");
  fdt_property_u32(tree, "#address-cells", 2);
  fdt_property_u32(tree, "#size-cells", 2);
  fdt_begin_node(tree, "pl011@9000000");
  fdt_property_string(tree, "compatible", "arm,pl011");
  fdt_end_node(tree);
  fdt_begin_node(tree, "chosen");
  fdt_property_string(tree, "bootargs", arguments);
  fdt_property_string(tree, "stdout-path", "/pl011@9000000");
  fdt_end_node(tree);
  fdt_end_node(tree);
  EXPECT_EQ(fdt_finish(tree), 0);
  return bytes;
}

class WrongConsoleTest : public RestRuleTest {
 protected:
  WrongConsoleTest() {
    evidence_.stopped_for = StoppedFor::kTime;
    put_code(kTestCode + 56, {0x644d5241});  // "ARM\x64"
  }
  std::string cause_of(const char* arguments) {
    data_.device_tree = tree_with(arguments);
    return cause();
  }
};

TEST_F(WrongConsoleTest, ADeviceThatTheMachineDoesNotHave) {
  EXPECT_EQ(cause_of("console=ttyS0,115200 panic=-1"), "wrong-console");
  EXPECT_EQ(what(),
            "Linux is told console=ttyS0, and this machine has no such device: of what the kernel says nothing "
            "is seen");
  EXPECT_EQ(last_->cause->change,
            "name the console that the machine has (its device tree's stdout-path is "
            "pl011@9000000), or leave console= out: Linux then takes stdout-path");
  EXPECT_EQ(cause_of("console=ttyAMA1 console=ttyS1"), "wrong-console");
}

TEST_F(WrongConsoleTest, ItMayEvenPowerOff) {
  evidence_.stopped_for = StoppedFor::kGuest;
  EXPECT_EQ(cause_of("console=ttyS0"), "wrong-console");
  evidence_.stopped_for = StoppedFor::kConsole;
  EXPECT_NE(cause_of("console=ttyS0"), "wrong-console");
}

TEST_F(WrongConsoleTest, NearMisses) {
  for (const char* arguments : {"console=ttyAMA0", "console=ttyS0 console=ttyAMA0,115200", "panic=-1", "console=hvc0",
                                "", "console=ttySIF0", "netconsole=ttyS0"}) {
    EXPECT_NE(cause_of(arguments), "wrong-console") << arguments;
  }
  evidence_.transcript = "[    0.000000] Booting Linux on physical CPU 0x0000000000 [0x410fd034]\n";
  EXPECT_NE(cause_of("console=ttyS0"), "wrong-console");
  evidence_.transcript = "";
  put_code(kTestCode + 56, {0});  // no Linux
  EXPECT_NE(cause_of("console=ttyS0"), "wrong-console");
}

TEST_F(WrongConsoleTest, WithoutADeviceTreeNothingIsNamed) {
  EXPECT_NE(cause(), "wrong-console");
  data_.device_tree = "no device tree";
  EXPECT_NE(cause(), "wrong-console");
}

}  // namespace
}  // namespace bootrig
