// The walk against the CPU: images/zoo builds regime after regime and says what each access came to, the address
// reached or ESR, FAR and HPFAR; the walk, over the tables in the stopped machine's memory, must say the same.
#include <fmt/format.h>

#include <array>
#include <map>
#include <optional>
#include <ostream>

#include "aarch64/syndrome.h"
#include "aarch64/walk.h"
#include "base/text.h"
#include "cli/program_test.h"
#include "machine/machine.h"
#include "testing/slow_clock.h"

namespace bootrig {
namespace {

using aarch64::Access;
using aarch64::FaultKind;
using aarch64::Regime;
using aarch64::WalkResult;

// A line of the zoo: "case 7 read va=0x8048000008 esr=0x96000007 …", and what its "regime" line said before.
struct Attempt {
  std::string regime;  // "el1", "el2", "el2&0"
  std::string name;    // "4k-39-lower/invalid-l2"
  std::string access;  // "read", "user-execute"
  std::map<std::string, std::uint64_t> values;

  std::uint64_t value(const std::string& key) const { return values.at(key); }
  bool reached() const { return values.contains("pa"); }
  bool starts(std::string_view word) const { return access.starts_with(word); }
};

void add_values(std::map<std::string, std::uint64_t>& values, const std::vector<std::string_view>& words) {
  for (const std::string_view word : words) {
    const std::size_t equals = word.find('=');
    if (equals == word.npos) continue;
    values[std::string(word.substr(0, equals))] = std::stoull(std::string(word.substr(equals + 1)), nullptr, 0);
  }
}

std::vector<Attempt> parse_attempts(const std::string& transcript) {
  std::vector<Attempt> attempts;
  Attempt regime;
  for (const std::string_view line : split_lines(transcript)) {
    const auto words = split(trim(line), ' ');
    if (words.size() < 6) continue;
    if (words[2] == "regime") {
      regime = {.regime = std::string(words[3]), .name = std::string(words[4])};
      add_values(regime.values, words);
    } else if (words[2] == "case") {
      Attempt attempt = regime;
      attempt.access = words[4];
      add_values(attempt.values, words);
      attempts.push_back(std::move(attempt));
    }
  }
  return attempts;
}

Access access_of(const Attempt& attempt) {
  const unsigned level = attempt.starts("user") ? 0 : attempt.regime == "el1" ? 1 : 2;
  const auto kind = attempt.access.ends_with("write")     ? Access::Kind::kWrite
                    : attempt.access.ends_with("execute") ? Access::Kind::kExecute
                                                          : Access::Kind::kRead;
  return {.kind = kind, .from_level = level, .pan = attempt.starts("pan")};
}

unsigned pa_bits_of(const std::string& transcript) {
  constexpr std::array<unsigned, 7> kSizes = {32, 36, 40, 42, 44, 48, 52};  // ID_AA64MMFR0_EL1.PARange
  const std::size_t at = transcript.find("ID_AA64MMFR0_EL1 0x");
  CHECK(at != transcript.npos);
  return kSizes.at(std::stoull(transcript.substr(at + 17), nullptr, 16) & 15);
}

WalkResult walk_of(const Attempt& attempt, unsigned pa_bits, MemoryReader& memory) {
  const aarch64::TranslationRegisters registers{.sctlr = attempt.value("sctlr"),
                                                .tcr = attempt.value("tcr"),
                                                .ttbr0 = attempt.value("ttbr0"),
                                                .ttbr1 = attempt.value("ttbr1"),
                                                .mair = attempt.value("mair"),
                                                .hcr = attempt.value("hcr"),
                                                .vtcr = attempt.value("vtcr"),
                                                .vttbr = attempt.value("vttbr"),
                                                .pa_bits = pa_bits};
  const Regime regime = attempt.regime == "el1" ? Regime::kEl10 : Regime::kEl2;
  return aarch64::walk(registers, regime, attempt.value("va"), access_of(attempt), memory);
}

// ESR in the bits that a walk knows: EC, WnR, S1PTW, the status code (DDI 0487, ESR_ELx).
constexpr std::uint64_t kKnown = 0xfc0000ff;

std::string fault_text(std::uint64_t esr, unsigned to, std::uint64_t hpfar) {
  const aarch64::Syndrome syndrome = aarch64::decode_esr(esr);
  // The level of a stage 2 fault in a walk of stage 1 is stage 2's; QEMU before 8.0 gives that of stage 1.
  const std::uint64_t known = syndrome.stage1_walk ? kKnown & ~std::uint64_t{3} : kKnown;
  std::string text = fmt::format("esr {:#x} to EL{}", esr & known, to);
  const bool has_ipa = hpfar != 0 && (syndrome.stage1_walk || syndrome.status->kind != FaultKind::kPermission);
  if (has_ipa) text += fmt::format(", IPA {:#x}", hpfar << 8 & ~std::uint64_t{0xfff});
  return text;
}

// What the CPU did, as far as the tables decide it.
std::string done_text(const Attempt& attempt) {
  if (attempt.reached()) return fmt::format("{:#x}", attempt.value("pa"));
  // HPFAR_EL2 is of the last stage 2 fault: not of an abort of EL1 or of EL2's own.
  const bool stage2 = attempt.regime == "el1" && attempt.value("to") == 2;
  return fault_text(attempt.value("esr"), static_cast<unsigned>(attempt.value("to")),
                    stage2 ? attempt.value("hpfar") : 0);
}

std::string walked_text(const Attempt& attempt, const WalkResult& walked) {
  if (walked.address) return fmt::format("{:#x}", *walked.address);
  if (!walked.fault) return "unreadable";
  const auto& fault = *walked.fault;
  const bool all_to_el2 = attempt.regime != "el1" || aarch64::bit(attempt.value("hcr"), aarch64::kHcrTge);
  const unsigned to = fault.stage == 2 || all_to_el2 ? 2 : 1;
  // ldtr and sttr have EL0's rights, but the abort comes from where they are executed.
  const bool unprivileged = attempt.access == "user-read" || attempt.access == "user-write";
  const std::uint64_t esr = fault.esr | (unprivileged && fault.stage == 1 ? std::uint64_t{1} << 26 : 0);
  return fault_text(esr, to, fault.ipa.value_or(0) >> 12 << 4);
}

// The reader's answer: there is no memory.
bool is_missing(MemoryReader& memory, std::uint64_t address) {
  std::array<std::uint8_t, 8> bytes;
  return !memory.read(address, bytes);
}

// What the CPU's answers are, and how many there must be at least of each. (No stack alignment: QEMU does not check.)
using Classes = std::map<std::string, int>;
const Classes kCommon = {{"translated", 1050},
                         {"stage 1 translation fault, level 0", 80},
                         {"stage 1 translation fault, level 1", 50},
                         {"stage 1 translation fault, level 2", 60},
                         {"stage 1 translation fault, level 3", 90},
                         {"stage 1 access flag fault, level 1", 20},
                         {"stage 1 access flag fault, level 2", 40},
                         {"stage 1 access flag fault, level 3", 50},
                         {"stage 1 permission fault, level 1", 40},
                         {"stage 1 permission fault, level 2", 110},
                         {"stage 1 permission fault, level 3", 250},
                         {"stage 1 address size fault, level 0 or translation table base register", 10},
                         {"stage 1 address size fault, level 1", 20},
                         {"stage 1 address size fault, level 2", 30},
                         {"stage 1 address size fault, level 3", 30},
                         {"stage 2 translation fault, level 0", 15},
                         {"stage 2 translation fault, level 1", 10},
                         {"stage 2 translation fault, level 2", 20},
                         {"stage 2 translation fault, level 3", 18},
                         {"stage 2 access flag fault, level 1", 6},
                         {"stage 2 access flag fault, level 2", 12},
                         {"stage 2 access flag fault, level 3", 15},
                         {"stage 2 permission fault, level 1", 8},
                         {"stage 2 permission fault, level 2", 16},
                         {"stage 2 permission fault, level 3", 40},
                         {"stage 2 address size fault, level 1", 4},
                         {"stage 2 address size fault, level 2", 8},
                         {"stage 2 address size fault, level 3", 10},
                         {"S1PTW translation fault", 130},
                         {"S1PTW access flag fault", 130},
                         {"S1PTW permission fault", 130},
                         {"external", 50},
                         {"external on walk, level 1", 10},
                         {"external on walk, level 2", 20},
                         {"external on walk, level 3", 30},
                         {"data alignment", 12},
                         {"code alignment", 6}};

struct Model {
  const char* cpu;
  int cases;     // at least
  Classes more;  // than kCommon
};

void PrintTo(const Model& model, std::ostream* out) {
  *out << model.cpu;
}

class Zoo : public ::testing::TestWithParam<Model> {
 protected:
  void boot() {
    const Finished built = bootrig({"build", "zoo", "--output", folder_.path()});
    ASSERT_EQ(built.code, 0) << built.out << built.err;
    const MachineSpec spec{.cpu = GetParam().cpu, .gic = 3, .level = 2};
    auto machine = factory_->start({spec, {folder_.path() / "images/zoo.elf", std::nullopt}});
    ASSERT_TRUE(machine) << machine.error().message;
    machine_ = std::move(*machine);
    const Deadline deadline = Deadline::after(clock_.now(), std::chrono::seconds(9));
    MachineEvent event = machine_->next_event(deadline);
    for (; std::holds_alternative<ConsoleOutput>(event); event = machine_->next_event(deadline)) {
      transcript_ += std::get<ConsoleOutput>(event).bytes;
    }
    ASSERT_TRUE(std::holds_alternative<GuestStopped>(event)) << transcript_.substr(transcript_.size() - 400);
    auto memory = machine_->inspect();
    ASSERT_TRUE(memory) << to_text(memory.error());
    memory_ = std::move(*memory);
  }

  // Compares, and gives the class that the CPU's answer belongs to: "translated", "stage 1 permission fault, level 3".
  std::string compare(const Attempt& attempt, const WalkResult& walked) {
    if (walked.fault && walked.fault->why.contains("which level")) return "reserved block";  // QEMU 7.2 goes on there
    if (attempt.reached()) {
      // Device memory wants alignment; QEMU before 9.0 does without.
      if (walked.attributes.starts_with("Device") && attempt.value("va") % 8 != 0) return "device alignment";
      EXPECT_EQ(walked_text(attempt, walked), done_text(attempt));
      return "translated";
    }
    const aarch64::Syndrome syndrome = aarch64::decode_esr(attempt.value("esr"));
    if (!syndrome.abort) return compare_alignment(attempt, walked, syndrome.ec == 0x26 ? "stack" : "code");
    EXPECT_EQ(attempt.value("far"), attempt.value("va"));
    switch (syndrome.status->kind) {
      case FaultKind::kAlignment:
        return compare_alignment(attempt, walked, "data");
      case FaultKind::kExternal:
        EXPECT_TRUE(walked.address && is_missing(*memory_, *walked.address)) << walked_text(attempt, walked);
        return "external";
      case FaultKind::kExternalOnWalk:
        EXPECT_TRUE(walked.unreadable) << walked_text(attempt, walked);
        // The fault is of the descriptor that could not be read.
        if (!walked.steps.empty()) {
          EXPECT_EQ(*syndrome.status->level, walked.steps.back().level + 1);
        }
        return fmt::format("external on walk, level {}", *syndrome.status->level);
      default:
        EXPECT_EQ(walked_text(attempt, walked), done_text(attempt));
    }
    if (syndrome.stage1_walk) {
      return "S1PTW " + syndrome.status->text.substr(0, syndrome.status->text.find(','));  // no level: see fault_text
    }
    return fmt::format("stage {} {}", attempt.regime == "el1" && attempt.value("to") == 2 ? 2 : 1,
                       syndrome.status->text);
  }

  // What is not aligned is no matter of the tables, which map it.
  static std::string compare_alignment(const Attempt& attempt, const WalkResult& walked, const std::string& what) {
    EXPECT_TRUE(walked.address) << walked_text(attempt, walked);
    return what + " alignment";
  }

  const TestFolder folder_;
  const SlowClock clock_;
  Interrupt interrupt_;
  ForkingLauncher launcher_;
  std::unique_ptr<MachineFactory> factory_ = make_machine_factory(launcher_, clock_, interrupt_);
  std::unique_ptr<Machine> machine_;
  std::unique_ptr<Inspection> memory_;  // ends before the machine
  std::string transcript_;
};

TEST_P(Zoo, TheWalkSaysWhatTheCpuDid) {
  ASSERT_NO_FATAL_FAILURE(boot());
  const std::vector<Attempt> attempts = parse_attempts(transcript_);
  const unsigned pa_bits = pa_bits_of(transcript_);
  std::map<std::string, int> classes;
  int wrong = 0;
  for (std::size_t i = 0; i < attempts.size() && wrong < 20; ++i) {
    const Attempt& attempt = attempts[i];
    SCOPED_TRACE(fmt::format("case {}: {} {}, {} of {:#x}", i + 1, attempt.regime, attempt.name, attempt.access,
                             attempt.value("va")));
    const WalkResult walked = walk_of(attempt, pa_bits, *memory_);
    const bool failed_before = HasFailure();
    ++classes[compare(attempt, walked)];
    wrong += HasFailure() && !failed_before;
  }
  EXPECT_TRUE(transcript_.ends_with(fmt::format("bootrig zoo: {} cases\r\n", attempts.size())));
  EXPECT_GE(static_cast<int>(attempts.size()), GetParam().cases);
  for (const Classes& expected : {kCommon, GetParam().more}) {
    for (const auto& [name, count] : expected) EXPECT_GE(classes[name], count) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Zoo,
                         ::testing::Values(Model{"cortex-a53", 3500, {}}, Model{"cortex-a72", 3900, {}},
                                           Model{"max",
                                                 9800,
                                                 {{"translated", 4000},
                                                  {"stage 1 permission fault, level 3", 1600},
                                                  {"stage 1 translation fault, level -1", 15},
                                                  {"stage 2 translation fault, level -1", 3},
                                                  {"external on walk, level 0", 6}}}),
                         [](const auto& info) {
                           std::string name = info.param.cpu;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace bootrig
