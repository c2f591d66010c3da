// The walk against QEMU's own translation: a kernel runs, is stopped, and the monitor's gva2gpa is asked for thousands
// of addresses of the regime that the CPU is in; the walk must give the same, or fault where QEMU has nothing.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <ostream>
#include <random>

#include "aarch64/walk.h"
#include "cli/program_test.h"
#include "machine/machine.h"
#include "testing/slow_clock.h"

namespace bootrig {
namespace {

using aarch64::Access;
using aarch64::Regime;
using aarch64::TranslationRegisters;
using aarch64::WalkResult;

constexpr std::uint64_t kPage = 4096;
constexpr std::size_t kAddresses = 2000;

struct System {
  const char* name;
  const char* cpu;
  unsigned level;
  unsigned pa_bits;
};

void PrintTo(const System& system, std::ostream* out) {
  *out << system.name;
}

// As the monitor prints it: 0 has no prefix.
std::string gpa_text(std::uint64_t address) {
  return address == 0 ? "gpa: 0" : fmt::format("gpa: {:#x}", address);
}

// What is mapped without a gap, by one leaf or many.
struct Mapped {
  std::uint64_t first = 0, last = 0;
};

class TranslationOracle : public ::testing::TestWithParam<System> {
 protected:
  void boot() {
    const Finished built = bootrig({"build", "reference-hello", "--output", folder_.path()});
    ASSERT_EQ(built.code, 0) << built.out << built.err;
    const MachineSpec spec{.cpu = GetParam().cpu, .level = GetParam().level};
    auto machine = factory_->start({spec, {folder_.path() / "images/reference-hello.elf", std::nullopt}});
    ASSERT_TRUE(machine) << machine.error().message;
    machine_ = std::move(*machine);
    const Deadline deadline = Deadline::after(clock_.now(), std::chrono::seconds(6));
    for (std::string said; !said.contains("bootrig user: idle");) {
      const MachineEvent event = machine_->next_event(deadline);
      ASSERT_TRUE(std::holds_alternative<ConsoleOutput>(event)) << said;
      said += std::get<ConsoleOutput>(event).bytes;
    }
    // It has nothing more to say; by then it waits in the kernel.
    machine_->next_event(Deadline::after(clock_.now(), std::chrono::milliseconds(30)));
    auto memory = machine_->inspect();
    ASSERT_TRUE(memory) << to_text(memory.error());
    memory_ = std::move(*memory);
    const auto cpus = memory_->cpus();
    ASSERT_TRUE(cpus) << to_text(cpus.error());
    read_registers(cpus->front());
  }

  void read_registers(const CpuState& cpu) {
    const unsigned level = cpu.pstate >> 2 & 3;  // PSTATE.EL
    ASSERT_EQ(level, GetParam().level);
    const auto value = [&](const char* name, unsigned of) {
      const auto found = cpu.system.find(fmt::format("{}_EL{}", name, of));
      return found == cpu.system.end() ? 0 : found->second;
    };
    registers_ = {.sctlr = value("SCTLR", level),
                  .tcr = value("TCR", level),
                  .ttbr0 = value("TTBR0", level),
                  .ttbr1 = value("TTBR1", level),
                  .mair = value("MAIR", level),
                  .hcr = value("HCR", 2),
                  .vtcr = value("VTCR", 2),
                  .vttbr = value("VTTBR", 2),
                  .pa_bits = GetParam().pa_bits};
    ASSERT_TRUE(registers_.sctlr & 1) << "the MMU is off";
    access_ = {Access::Kind::kRead, level, (cpu.pstate >> 22 & 1) != 0};  // PSTATE.PAN
  }

  WalkResult walk(std::uint64_t address) {
    const Regime regime = GetParam().level == 1 ? Regime::kEl10 : Regime::kEl2;
    return aarch64::walk(registers_, regime, address, access_, *memory_);
  }

  // All that is mapped in [first, last], found by walks: a fault or a leaf tells how far it reaches. (4K granule.)
  void find_mapped(std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t at = first;;) {
      const WalkResult result = walk(at);
      ASSERT_FALSE(result.unreadable) << to_text(*result.unreadable);
      ASSERT_FALSE(result.steps.empty()) << fmt::format("{:#x}", at);
      const std::uint64_t end = at | ((std::uint64_t{1} << (39 - 9 * result.steps.back().level)) - 1);
      if (result.address && !mapped_.empty() && mapped_.back().last + 1 == at) {
        mapped_.back().last = end;
      } else if (result.address) {
        mapped_.push_back({at, end});
      }
      if (end >= last) return;
      at = end + 1;
    }
  }

  // The edges of what is mapped, then for two inside of it one with a bit turned over.
  std::vector<std::uint64_t> addresses() {
    std::mt19937_64 dice{20261122};
    std::vector<std::uint64_t> addresses;
    for (const Mapped& mapped : mapped_) {
      for (const std::uint64_t edge : {mapped.first, mapped.last + 1}) {
        for (const std::uint64_t by : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{8}, kPage}) {
          addresses.insert(addresses.end(), {edge + by, edge - by, edge + by + kPage / 2, edge - by - kPage / 2});
        }
      }
    }
    while (addresses.size() < kAddresses) {
      const Mapped& mapped = mapped_[dice() % mapped_.size()];
      const std::uint64_t size = mapped.last - mapped.first;  // less one: it may be all there is
      const std::uint64_t inside = mapped.first + dice() % (size + 1);
      addresses.push_back(dice() % 3 != 0 ? inside : inside ^ std::uint64_t{1} << (12 + dice() % 52));
    }
    return addresses;
  }

  // "gpa: 0x40000000" or "Unmapped".
  std::string asked(std::uint64_t address) {
    const auto answer = memory_->monitor(fmt::format("gva2gpa {:#x}", address));
    return answer ? answer->substr(0, answer->find('\r')) : to_text(answer.error());
  }

  const TestFolder folder_;
  const SlowClock clock_;
  Interrupt interrupt_;
  ForkingLauncher launcher_;
  std::unique_ptr<MachineFactory> factory_ = make_machine_factory(launcher_, clock_, interrupt_);
  std::unique_ptr<Machine> machine_;
  std::unique_ptr<Inspection> memory_;  // ends before the machine
  TranslationRegisters registers_;
  Access access_;
  std::vector<Mapped> mapped_;
};

TEST_P(TranslationOracle, TheWalkSaysWhatQemuSays) {
  ASSERT_NO_FATAL_FAILURE(boot());
  ASSERT_NO_FATAL_FAILURE(find_mapped(0, (std::uint64_t{1} << 48) - 1));
  if (GetParam().level == 1) {
    ASSERT_NO_FATAL_FAILURE(find_mapped(~std::uint64_t{0} << 48, ~std::uint64_t{0}));
  }
  ASSERT_GE(mapped_.size(), 2u);
  std::size_t translated = 0, faulted = 0;
  for (const std::uint64_t address : addresses()) {
    const WalkResult result = walk(address);
    ASSERT_FALSE(result.unreadable) << to_text(*result.unreadable);
    ++(result.address ? translated : faulted);
    const std::string walked = result.address ? gpa_text(*result.address) : "Unmapped";
    ASSERT_EQ(walked, asked(address)) << fmt::format("{:#x}: {}", address, result.fault ? result.fault->why : "");
  }
  EXPECT_GE(translated, kAddresses / 2);
  EXPECT_GE(faulted, kAddresses / 5);
}

INSTANTIATE_TEST_SUITE_P(Systems, TranslationOracle,
                         ::testing::Values(System{"CortexA53AtEl1", "cortex-a53", 1, 40},
                                           System{"CortexA53AtEl2", "cortex-a53", 2, 40},
                                           System{"MaxAtEl1", "max", 1, 52}, System{"MaxAtEl2", "max", 2, 52}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace bootrig
