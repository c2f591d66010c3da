#include "image/elfloader_tree.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "process/launcher.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

constexpr std::string_view kMachine = R"(/dts-v1/;
/ { #address-cells = <2>; #size-cells = <2>;
    memory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 0x40000000>; };
    cpus { #address-cells = <1>; #size-cells = <0>;
        cpu@1 { device_type = "cpu"; compatible = "arm,cortex-a53"; reg = <1>; enable-method = "psci"; };
        cpu@0 { device_type = "cpu"; compatible = "arm,cortex-a53"; reg = <0>; enable-method = "psci"; };
        cpu-map { }; };
    psci { compatible = "arm,psci-1.0", "arm,psci-0.2", "arm,psci"; method = "METHOD"; };
    timer { compatible = "arm,armv8-timer", "arm,armv7-timer"; };
    pl011@9000000 { compatible = "arm,pl011", "arm,primecell"; reg = <0 0x9000000 0 0x1000>; };
    chosen { seL4,elfloader-devices = &{/pl011@9000000}, &{/psci}, &{/timer}; }; };)";

std::string compiled(std::string text, const std::string& method = "hvc") {
  if (const std::size_t at = text.find("METHOD"); at != std::string::npos) text.replace(at, 6, method);
  const TestFolder folder("tree");
  folder.put("t.dts", text);
  ForkingLauncher launcher;
  const auto done = run_command(launcher, {.argv = {"dtc", "-q", "-o", "t.dtb", "t.dts"}, .folder = folder.path()},
                                Deadline::never());
  EXPECT_TRUE(done && done->status.code == 0) << (done ? done->output : "");
  return read_file(folder.path() / "t.dtb").value_or("");
}

Result<ElfloaderTree> read(const std::string& bytes) {
  return read_elfloader_tree("t.dtb", {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

TEST(ElfloaderTree, ReadsDevicesAndCpus) {
  const auto tree = read(compiled(std::string(kMachine)));
  ASSERT_TRUE(tree) << to_text(tree.error());
  ASSERT_EQ(tree->devices.size(), 3u);
  EXPECT_EQ(tree->devices[0].path, "/pl011@9000000");
  EXPECT_EQ(tree->devices[0].compatible, (std::vector<std::string>{"arm,pl011", "arm,primecell"}));
  EXPECT_EQ(tree->devices[0].bases, std::vector<std::uint64_t>{0x9000000});
  EXPECT_TRUE(tree->devices[1].bases.empty());
  ASSERT_EQ(tree->cpus.size(), 2u);
  EXPECT_EQ(tree->cpus[0].path, "/cpus/cpu@0");
  EXPECT_EQ(tree->cpus[1].id, 1u);
}

std::string header(const std::string& bytes) {
  const auto tree = read(bytes);
  if (!tree) return to_text(tree.error());
  return elfloader_devices_header(*tree, [](std::string_view word) { return word == "arm,psci-0.2"; });
}

TEST(ElfloaderTree, TheHeaderNamesADeviceAsItsDriverDoes) {
  const std::string text = header(compiled(std::string(kMachine)));
  EXPECT_NE(text.find("#define MAX_NUM_REGIONS 1\n"), std::string::npos);
  EXPECT_NE(text.find(R"({ .compat = "arm,pl011", .region_bases = { (void *)0x9000000, } },)"), std::string::npos)
      << text;
  EXPECT_NE(text.find(R"({ .compat = "arm,psci-0.2", .region_bases = { 0 } },)"), std::string::npos);
  EXPECT_NE(text.find("#include <psci.h>\n"), std::string::npos);
  EXPECT_NE(text.find(".enable_method = \"psci\", .cpu_id = 0x1, .extra_data = PSCI_METHOD_HVC }"), std::string::npos);
  EXPECT_NE(header(compiled(std::string(kMachine), "smc")).find("PSCI_METHOD_SMC"), std::string::npos);
}

TEST(ElfloaderTree, WithoutMethodsThereIsNoPsci) {
  std::string machine(kMachine);
  for (const std::string method = R"(enable-method = "psci";)"; machine.find(method) != std::string::npos;) {
    machine.erase(machine.find(method), method.size());
  }
  const std::string text = header(compiled(machine));
  EXPECT_EQ(text.find("psci.h"), std::string::npos);
  EXPECT_NE(text.find(".enable_method = 0, .cpu_id = 0x0, .extra_data = 0x0 }"), std::string::npos) << text;
}

TEST(ElfloaderTree, RefusesADeviceThatIsNotThere) {
  std::string machine(kMachine);
  machine.replace(machine.find("&{/psci}"), 8, "\"/pscu\"");
  EXPECT_EQ(header(compiled(machine)),
            "t.dtb: names '/pscu' for the elfloader (seL4,elfloader-devices in /chosen), and has no such device");
}

TEST(ElfloaderTree, HostileTreesGiveAnError) {
  const std::string good = compiled(std::string(kMachine));
  EXPECT_FALSE(read(""));
  EXPECT_FALSE(read(good.substr(0, good.size() / 2)));
  // Whatever a byte becomes, the header stays text that a compiler can take for one.
  for (std::size_t i = 0; i < good.size(); i += 3) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0xff);
    const std::string text = header(bad);
    EXPECT_EQ(text.find('\0'), std::string::npos) << i;
    EXPECT_EQ(text.find("\"\n"), std::string::npos) << i;
  }
}

}  // namespace
}  // namespace bootrig
