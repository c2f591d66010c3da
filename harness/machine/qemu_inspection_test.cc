// Real QEMUs, looked at: guests of a few instructions that put known values where triage looks.
#include "machine/qemu_inspection.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <csignal>

#include "image/device_tree.h"
#include "machine/qemu_machine.h"
#include "machine/tiny_guest.h"
#include "process/child.h"
#include "testing/manual_clock.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kRam = 0x40000000;
constexpr std::uint64_t kMemory = std::uint64_t{128} << 20;

// movz x5, #value; msr S3_op1_Cn_Cm_op2, x5
Instructions set_register(unsigned op1, unsigned n, unsigned m, unsigned op2, std::uint16_t value) {
  return {0xd2800005u | std::uint32_t{value} << 5, 0xd5180005 | op1 << 16 | n << 12 | m << 8 | op2 << 5};
}

// CPU 1 is turned on by PSCI and given 0x5eed as its x0; it prints a 'B'. Both then wait for ever.
Instructions turn_on_second() {
  return {0xd2800021,   // mov  x1, #1            its MPIDR
          0x10000122,   // adr  x2, second
          0xd28bdda3,   // mov  x3, #0x5eed
          0x52b88000,   // mov  w0, #0xc4000000
          0x72800060,   // movk w0, #3            CPU_ON
          0xd4000002,   // hvc  #0
          0xd503207f,   // wfi
          0x17ffffff,   // b    wfi
          0xd503201f,   // nop
          0xd503201f,   // nop
          0xd2a12001,   // second: mov x1, #0x09000000
          0x52800843,   // mov  w3, #'B'
          0xb9000023,   // str  w3, [x1]
          0xd503207f,   // wfi
          0x17ffffff};  // b    wfi
}

class QemuInspectionTest : public ::testing::Test {
 protected:
  void start(const std::vector<Instructions>& parts, MachineSpec spec = {}, std::string_view until = "up\n") {
    image_ = tiny_guest("up\n", parts);
    spec.memory = kMemory;
    auto machine = start_qemu(launcher_, clock_, interrupt_, {spec, {folder_.put("image", image_), kTinyGuestAddress}});
    ASSERT_TRUE(machine) << machine.error().message;
    machine_ = std::move(*machine);
    run_until_said(until);
  }

  void run_until_said(std::string_view text) {
    for (std::string said; !said.contains(text);) {
      const MachineEvent event = machine_->next_event(Deadline::after(clock_.now(), seconds(60)));
      ASSERT_TRUE(std::holds_alternative<ConsoleOutput>(event)) << event.index() << machine_->facts().errors;
      said += std::get<ConsoleOutput>(event).bytes;
    }
  }

  void inspect() {
    auto inspection = machine_->inspect();
    ASSERT_TRUE(inspection) << to_text(inspection.error());
    inspection_ = std::move(*inspection);
    auto cpus = inspection_->cpus();
    ASSERT_TRUE(cpus) << to_text(cpus.error());
    cpus_ = std::move(*cpus);
  }

  // Of CPU 0.
  std::string system(const std::string& name) const {
    const auto found = cpus_.at(0).system.find(name);
    return found == cpus_[0].system.end() ? "absent" : fmt::format("{:#x}", found->second);
  }

  std::string read(std::uint64_t address, std::size_t size) {
    std::string bytes(size, '?');
    const auto done = inspection_->read(address, {reinterpret_cast<std::uint8_t*>(bytes.data()), size});
    return done ? bytes : to_text(done.error());
  }

  TestFolder folder_;
  SteadyClock clock_;
  Interrupt interrupt_;
  ForkingLauncher launcher_;
  std::string image_;
  std::unique_ptr<Machine> machine_;
  std::unique_ptr<Inspection> inspection_;  // ends before the machine
  std::vector<CpuState> cpus_;
};

TEST_F(QemuInspectionTest, RunningGuestAtEl1) {
  start({set_register(0, 2, 0, 0, 0x1000),
         set_register(0, 2, 0, 1, 0x2000),
         set_register(0, 2, 0, 2, 0x3519),
         set_register(0, 10, 2, 0, 0x4404),
         set_register(0, 12, 0, 0, 0x5800),
         set_register(0, 5, 2, 0, 0x6006),
         set_register(0, 6, 0, 0, 0x7001),
         set_register(0, 4, 0, 1, 0x8004),
         set_register(0, 4, 0, 0, 0x03c5),
         set_register(0, 13, 0, 4, 0x9008),
         set_register(0, 13, 0, 1, 0x000a),
         set_register(0, 4, 1, 0, 0xb000),
         {0xd2980005, 0x910000bf},  // mov x5, #0xc000; mov sp, x5
         print_many(1),
         wait_for_ever()},
        {}, "A");
  inspect();
  EXPECT_EQ(system("TTBR0_EL1"), "0x1000");
  EXPECT_EQ(system("TTBR1_EL1"), "0x2000");
  EXPECT_EQ(system("TCR_EL1"), "0x3519");
  EXPECT_EQ(system("MAIR_EL1"), "0x4404");
  EXPECT_EQ(system("VBAR_EL1"), "0x5800");
  EXPECT_EQ(system("ESR_EL1"), "0x6006");
  EXPECT_EQ(system("FAR_EL1"), "0x7001");
  EXPECT_EQ(system("ELR_EL1"), "0x8004");
  EXPECT_EQ(system("SPSR_EL1"), "0x3c5");
  EXPECT_EQ(system("TPIDR_EL1"), "0x9008");
  EXPECT_EQ(system("CONTEXTIDR_EL1"), "0xa");
  EXPECT_EQ(system("SP_EL0"), "0xb000");
  EXPECT_EQ(system("SP_EL1"), "0xc000");
  EXPECT_NE(system("SCTLR_EL1"), "absent");
  EXPECT_EQ(system("SCTLR"), "absent");
  // The machine has no EL2 or EL3: nothing of them is there, not even as zero.
  for (const auto& [name, value] : cpus_[0].system) {
    EXPECT_FALSE(name.ends_with("_EL2") || name.ends_with("_EL3")) << name;
  }
  EXPECT_EQ(cpus_.size(), 1u);
  EXPECT_EQ(cpus_[0].index, 0u);
  EXPECT_EQ(cpus_[0].x[1], 0x09000000u);
  EXPECT_EQ(cpus_[0].x[3], std::uint64_t{'A'});
  EXPECT_EQ(cpus_[0].sp, 0xc000u);
  EXPECT_EQ(cpus_[0].pstate & 0xf, 5u);  // EL1h
  EXPECT_GE(cpus_[0].pc, kTinyGuestAddress);
  EXPECT_LT(cpus_[0].pc, kTinyGuestAddress + image_.size());
  EXPECT_EQ(read(kTinyGuestAddress, image_.size()), image_);
  EXPECT_EQ(read(kTinyGuestAddress + 5, 3), image_.substr(5, 3));
}

TEST_F(QemuInspectionTest, El2) {
  start({set_register(4, 1, 1, 0, 0x1002), set_register(4, 2, 1, 0, 0x2000), set_register(4, 5, 2, 0, 0x3006),
         set_register(4, 6, 0, 4, 0x4000), set_register(4, 2, 0, 0, 0x5000), set_register(0, 2, 0, 1, 0x6000),
         print_many(1), wait_for_ever()},
        {.gic = 2, .level = 2}, "A");
  inspect();
  EXPECT_EQ(cpus_[0].pstate & 0xf, 9u);  // EL2h
  EXPECT_EQ(system("HCR_EL2"), "0x1002");
  EXPECT_EQ(system("VTTBR_EL2"), "0x2000");
  EXPECT_EQ(system("ESR_EL2"), "0x3006");
  EXPECT_EQ(system("HPFAR_EL2"), "0x4000");
  EXPECT_EQ(system("TTBR0_EL2"), "0x5000");
  EXPECT_EQ(system("TTBR1_EL1"), "0x6000");
  EXPECT_NE(system("VTCR_EL2"), "absent");
  EXPECT_NE(system("SCTLR_EL2"), "absent");
  EXPECT_EQ(system("SCTLR_EL3"), "absent");
}

TEST_F(QemuInspectionTest, El3) {
  start({set_register(6, 5, 2, 0, 0x3006), print_many(1), wait_for_ever()}, {.gic = 3, .level = 3}, "A");
  inspect();
  EXPECT_EQ(cpus_[0].pstate & 0xf, 13u);  // EL3h
  EXPECT_EQ(system("ESR_EL3"), "0x3006");
  EXPECT_NE(system("SCR_EL3"), "absent");
  EXPECT_EQ(system("SP_EL3"), fmt::format("{:#x}", cpus_[0].sp));
}

TEST_F(QemuInspectionTest, TwoCpus) {
  start({turn_on_second()}, {.cpus = 2}, "B");
  inspect();
  ASSERT_EQ(cpus_.size(), 2u);
  EXPECT_EQ(cpus_[1].index, 1u);
  EXPECT_EQ(cpus_[1].x[0], 0x5eedu);
  EXPECT_EQ(cpus_[1].x[3], std::uint64_t{'B'});
  EXPECT_EQ(cpus_[0].x[3], 0x5eedu);
}

TEST_F(QemuInspectionTest, CpuThatIsNotOn) {
  start({wait_for_ever()}, {.cpus = 2});
  inspect();
  ASSERT_EQ(cpus_.size(), 2u);
  EXPECT_EQ(cpus_[1].pc, 0u);
  EXPECT_NE(cpus_[0].pc, 0u);
}

TEST_F(QemuInspectionTest, OtherCpuModels) {
  for (const char* cpu : {"cortex-a76", "max"}) {
    start({set_register(0, 2, 0, 1, 0x2000), print_many(1), wait_for_ever()}, {.cpu = cpu}, "A");
    inspect();
    EXPECT_EQ(system("TTBR1_EL1"), "0x2000") << cpu;
    EXPECT_EQ(system("CONTEXTIDR_EL2"), "absent") << cpu;
    inspection_.reset();
  }
}

TEST_F(QemuInspectionTest, AfterPowerOff) {
  start({power_off()});
  const MachineEvent event = machine_->next_event(Deadline::after(clock_.now(), seconds(60)));
  ASSERT_TRUE(std::holds_alternative<GuestStopped>(event));
  inspect();
  EXPECT_EQ(cpus_[0].x[0], 0x84000008u);  // SYSTEM_OFF
  EXPECT_EQ(read(kTinyGuestAddress, image_.size()), image_);
}

TEST_F(QemuInspectionTest, RunningGuestStandsStill) {
  start({print_for_ever()}, {}, "A");
  inspect();
  EXPECT_EQ(inspection_->monitor("info status").value(), "VM status: paused\r\n");
}

TEST_F(QemuInspectionTest, AgainAfterItWentOn) {
  constexpr std::uint32_t kAdrX6 = 0x100000c6, kAdd = 0x910004a5, kStr = 0xf90000c5, kBack = 0x17fffffe;
  start({{kAdrX6, kAdd, kStr, kBack}, {0, 0, 0, 0}});
  inspect();
  for (int look = 0; look < 3; ++look) {
    const std::uint64_t before = cpus_[0].x[5];
    const std::string stored = read(cpus_[0].x[6], 8);
    inspection_.reset();
    ASSERT_TRUE(machine_->control(MachineControl::kContinue));
    const MachineEvent event = machine_->next_event(Deadline::after(clock_.now(), std::chrono::milliseconds(5)));
    EXPECT_TRUE(std::holds_alternative<DeadlinePassed>(event)) << event.index();
    inspect();
    EXPECT_GT(cpus_[0].x[5], before);
    EXPECT_NE(read(cpus_[0].x[6], 8), stored);
  }
  inspection_.reset();
  ASSERT_TRUE(machine_->serve_gdb(folder_.path() / "gdb"));
  EXPECT_EQ(machine_->inspect().error().message, "a debugger has the machine");
}

// The guest counts in x5 and in memory; each look sees more, and between the looks it stands still.
TEST_F(QemuInspectionTest, LetsItRunForAWhile) {
  constexpr std::uint32_t kAdrX6 = 0x100000c6, kAdd = 0x910004a5, kStr = 0xf90000c5, kBack = 0x17fffffe;
  start({{kAdrX6, kAdd, kStr, kBack}, {0, 0, 0, 0}});
  inspect();
  const std::uint64_t counter = cpus_[0].x[6], before = cpus_[0].x[5];
  const std::string stored = read(counter, 8);
  for (int look = 0; look < 3; ++look) {
    ASSERT_TRUE(inspection_->let_run(milliseconds(5)));
    const auto after = inspection_->cpus();
    ASSERT_TRUE(after) << to_text(after.error());
    EXPECT_GT(after->at(0).x[5], before);
    EXPECT_NE(read(counter, 8), stored);
    EXPECT_EQ(inspection_->monitor("info status").value(), "VM status: paused\r\n");
  }
}

// More than the console's socket holds: QEMU must not wait for a reader.
TEST_F(QemuInspectionTest, AGuestThatPrintsWithoutEnd) {
  start({print_for_ever()}, {}, "A");
  inspect();
  ASSERT_TRUE(inspection_->let_run(milliseconds(400)));
  EXPECT_EQ(inspection_->monitor("info status").value(), "VM status: paused\r\n");
}

TEST_F(QemuInspectionTest, AGuestThatEndedDoesNotRun) {
  start({power_off()});
  ASSERT_TRUE(std::holds_alternative<GuestStopped>(machine_->next_event(Deadline::after(clock_.now(), seconds(60)))));
  inspect();
  EXPECT_FALSE(inspection_->let_run(milliseconds(1)));
}

TEST_F(QemuInspectionTest, ReadsMemoryAlone) {
  start({wait_for_ever()});
  inspect();
  EXPECT_EQ(read(0x09000000, 4), "no memory at 0x9000000: pl011 is there");
  EXPECT_EQ(read(0x20000000000, 1), "no memory at 0x20000000000: nothing is there");
  EXPECT_EQ(read(kRam + kMemory, 1), "no memory at 0x48000000: nothing is there");
  EXPECT_EQ(read(kRam + kMemory - 1, 2), "no memory at 0x48000000: nothing is there");
  EXPECT_EQ(read(kRam + kMemory - 1, 1), std::string(1, '\0'));
  EXPECT_EQ(read(~std::uint64_t{0}, 2), "no memory at 0xffffffffffffffff: the end of all addresses");
  EXPECT_EQ(read(~std::uint64_t{0}, 1), "no memory at 0xfffffffffffff000: nothing is there");
  EXPECT_EQ(read(kRam, 0), "");
  // Over many pages and round trips.
  const std::string much = read(kTinyGuestAddress - 65536, 200000);
  EXPECT_EQ(much.substr(65536, image_.size()), image_);
  EXPECT_EQ(much.size(), 200000u);
}

TEST_F(QemuInspectionTest, Monitor) {
  start({wait_for_ever()});
  inspect();
  const auto tree = inspection_->monitor("info mtree -f");
  ASSERT_TRUE(tree);
  const std::vector<MemoryRegion> map = parse_memory_map(*tree);
  ASSERT_NE(find_region(map, kRam), nullptr);
  EXPECT_EQ(find_region(map, kRam)->name, "mach-virt.ram");
  ASSERT_NE(find_region(map, 0x09000004), nullptr);
  EXPECT_EQ(find_region(map, 0x09000004)->name, "pl011");
  EXPECT_EQ(find_region(map, kRam + kMemory), nullptr);
  EXPECT_EQ(inspection_->monitor("no \"such\"\n").value(), "unknown command: 'no'\r\n");
}

TEST_F(QemuInspectionTest, DeviceTree) {
  start({wait_for_ever()}, {.cpus = 2, .gic = 3});
  inspect();
  const TestFolder odd("bootrig \"odd\" \\ name");  // QEMU's monitor takes words apart
  ::setenv("TMPDIR", odd.path().c_str(), 1);
  const auto bytes = inspection_->device_tree();
  ::unsetenv("TMPDIR");
  ASSERT_TRUE(bytes) << to_text(bytes.error());
  const auto tree = parse_device_tree("tree", {reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size()});
  ASSERT_TRUE(tree) << to_text(tree.error());
  EXPECT_EQ(tree->cpus, 2u);
  EXPECT_EQ(tree->gic_version, 3u);
  EXPECT_EQ(tree->memory, (std::vector<DeviceTree::Range>{{kRam, kMemory}}));
  machine_->stop();
  EXPECT_EQ(inspection_->device_tree().value(), *bytes);  // what has been read is still known
}

// Without a machine: what its monitor could answer.
class DeviceTreeAnswersTest : public ::testing::Test {
 protected:
  DeviceTreeAnswersTest() { ::setenv("TMPDIR", folder_.path().c_str(), 1); }
  ~DeviceTreeAnswersTest() override { ::unsetenv("TMPDIR"); }

  Result<std::string> ask(QemuInspection::Monitor monitor) {
    GdbStub stub(ScopedFd(), clock_);
    QemuInspection inspection(stub, std::move(monitor), {}, clock_, seconds(2));
    auto tree = inspection.device_tree();
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));  // nothing is left behind
    return tree;
  }

  TestFolder folder_{"bootrig \"odd\" \\ name"};
  SteadyClock clock_;
};

TEST_F(DeviceTreeAnswersTest, File) {
  const auto tree = ask([&](std::string_view command, Deadline) -> Result<std::string> {
    std::string written(command);
    EXPECT_TRUE(written.starts_with("dumpdtb \"")) << written;
    EXPECT_TRUE(written.contains(R"(bootrig \"odd\" \\ name)")) << written;
    const auto own = *std::filesystem::directory_iterator(folder_.path());
    EXPECT_EQ(own.status().permissions(), std::filesystem::perms::owner_all);
    EXPECT_TRUE(write_file(own.path() / "file", "a tree"));
    return "info: dtb dumped";
  });
  EXPECT_EQ(tree.value(), "a tree");
}

TEST_F(DeviceTreeAnswersTest, MachineWithout) {
  const auto tree = ask(
      [](std::string_view, Deadline) -> Result<std::string> { return "Error: This machine doesn't have a FDT\r\n"; });
  EXPECT_EQ(tree.error().message, "QEMU gives no device tree: Error: This machine doesn't have a FDT");
}

TEST_F(DeviceTreeAnswersTest, DeafMonitor) {
  const auto tree = ask([](std::string_view, Deadline) -> Result<std::string> { return fail("deaf"); });
  EXPECT_EQ(tree.error().message, "deaf");
}

TEST_F(DeviceTreeAnswersTest, NoTemporaryFolder) {
  ::setenv("TMPDIR", (folder_.path() / "missing").c_str(), 1);
  const auto tree = ask([](std::string_view, Deadline) -> Result<std::string> { return ""; });
  EXPECT_TRUE(tree.error().message.starts_with("there is no temporary folder")) << tree.error().message;
}

TEST_F(QemuInspectionTest, DeadMachine) {
  start({wait_for_ever()});
  ::kill(machine_->facts().pid, SIGKILL);
  EXPECT_EQ(machine_->inspect().error().message, "the machine has ended");
  const MachineEvent event = machine_->next_event(Deadline::after(clock_.now(), seconds(60)));
  EXPECT_TRUE(std::holds_alternative<MachineExited>(event));
  EXPECT_EQ(machine_->inspect().error().message, "the machine has ended");
}

TEST_F(QemuInspectionTest, MachineThatDiesWhileLookedAt) {
  start({wait_for_ever()});
  inspect();
  const ScopedFd qemu = open_pidfd(machine_->facts().pid);
  ::kill(machine_->facts().pid, SIGKILL);
  pollfd watched{.fd = qemu.get(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&watched, 1, 60000), 1);
  EXPECT_EQ(read(kRam, 4), "the machine has ended");
  EXPECT_EQ(inspection_->monitor("info status").error().message, "the machine has ended");
  EXPECT_TRUE(inspection_->cpus());  // what has been read is still known
}

TEST_F(QemuInspectionTest, StoppedMachine) {
  start({wait_for_ever()});
  inspect();
  EXPECT_EQ(read(kRam, 4).size(), 4u);
  const ScopedFd qemu = open_pidfd(machine_->facts().pid);
  machine_->stop();
  pollfd watched{.fd = qemu.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&watched, 1, 0), 1);  // nothing is left
  EXPECT_EQ(read(kRam + 8192, 4), "gdbstub: the machine has ended");
  EXPECT_EQ(inspection_->monitor("info status").error().message, "the machine has ended");
  EXPECT_EQ(machine_->inspect().error().message, "the machine has ended");
  machine_->stop();
}

TEST_F(QemuInspectionTest, Interrupted) {
  start({wait_for_ever()});
  interrupt_.raise();
  EXPECT_EQ(machine_->inspect().error().message, "the run was interrupted");
}

// A shell script in QEMU's place: it reads the three lines of the opening, and answers to each further line with one of
// `answers`.
class StandInTest : public QemuInspectionTest {
 protected:
  std::string trouble(const std::vector<std::string>& answers) {
    std::string script = "#!/bin/sh\nread line <&4; read line <&4; read line <&4\n";
    for (const auto& answer : answers) script += fmt::format("read line <&4; printf '%s\\n' '{}' >&4\n", answer);
    const auto file = folder_.put("stand-in", script + "exec sleep 1000\n");
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    auto machine = start_qemu(launcher_, clock_, interrupt_, {{.qemu = file.string()}, {"image.elf", std::nullopt}});
    EXPECT_TRUE(machine);
    const auto inspection = (*machine)->inspect();
    return inspection ? "none" : to_text(inspection.error());
  }
};

TEST_F(StandInTest, MonitorThatRefuses) {
  EXPECT_EQ(trouble({R"({"id": "bootrig-1", "error": {"desc": "not today"}})"}), "QEMU refuses 'stop': not today");
  EXPECT_EQ(trouble({R"({"id": "bootrig-1", "error": 7})"}), "QEMU refuses 'stop': QEMU gives no reason");
}

TEST_F(StandInTest, NoGdbstub) {
  EXPECT_EQ(trouble({R"({"id": "bootrig-1", "return": {}})", R"({"id": "bootrig-2", "return": "no stub\u001b\r\n"})"}),
            "QEMU does not start its gdbstub: no stub\\x1b");
}

}  // namespace
}  // namespace bootrig
