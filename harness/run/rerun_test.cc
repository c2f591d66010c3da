// Second boots that play a script: what is taken over from them, and what is not.
#include "run/rerun.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "testing/fake_machine.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kVectors = 0x40402000;
constexpr std::uint64_t kCode = 0x40400100;
constexpr std::uint64_t kSvc = 0x56000000, kReadFault = 0x92000007, kWriteFault = 0x92000047;

// Of EL1, taken from EL0 unless `spsr` says else.
BreakStop stop_with(std::uint64_t esr, std::uint64_t far, std::uint64_t elr, std::uint64_t spsr = 0) {
  return {.pc = kVectors + 0x400,
          .pstate = 0x3c5,
          .system = {{"ESR_EL1", esr}, {"FAR_EL1", far}, {"ELR_EL1", elr}, {"SPSR_EL1", spsr}}};
}

class RerunTest : public ::testing::Test {
 protected:
  RerunTest() {
    first_.headline = "Data Abort, lower EL: translation fault, level 3";
    first_.signature = "of the first boot";
    first_.missing = {"symbols", std::string(kRerunWouldTell)};
    first_.walk = {{1, 3, 1, 0x40001008, "idle_l3+0x8", 0, "invalid"}};
  }

  static SoughtException told() {
    return {.taken_to = 1,
            .vectors = {kVectors + 0x400},
            .esr = kReadFault,
            .far = 0x201000,
            .elr = kCode,
            .told_level = 1,
            .told = true};
  }

  // The MMU is off: what is at fault is for the tests of triage.
  static FakeInspectionData at_exception() {
    CpuState cpu;
    cpu.pc = kVectors + 0x400;
    cpu.pstate = 0x3c5;
    cpu.system = {{"SCTLR_EL1", 0}, {"TCR_EL1", 0}, {"TTBR0_EL1", 0}};
    return {.states = {cpu}};
  }

  void rerun(std::vector<std::vector<BreakStop>> boots, std::optional<SoughtException> sought = told(),
             const std::string& log = "") {
    FakeMachineFactory machines([&](const MachineRequest& request) -> std::unique_ptr<Machine> {
      requests_.push_back(request);
      auto record = std::make_shared<FakeMachineRecord>();
      records_.push_back(record);
      auto machine = std::make_unique<FakeMachine>(clock_, std::vector<FakeStep>(), record);
      machine->set_inspection(at_exception());
      if (records_.size() <= boots.size()) machine->set_stops(boots[records_.size() - 1]);
      ExceptionLog exceptions;
      exceptions.feed(log);
      if (request.log_exceptions) machine->set_exception_log(std::move(exceptions));
      return machine;
    });
    rerun_to_exception({.machines = machines,
                        .clock = clock_,
                        .machine = {machine_, {}},
                        .image = image_,
                        .transcript = "",
                        .sought = std::move(sought),
                        .first = 1s,
                        .limit = limit_,
                        .folder = folder_.path() / "rerun"},
                       first_);
  }

  bool finds(std::string_view text) const {
    return std::ranges::any_of(first_.findings, [&](const std::string& line) { return line.contains(text); });
  }

  TestFolder folder_;
  ManualClock clock_;
  Duration limit_ = 30s;
  MachineSpec machine_;
  Image image_{.file = "nowhere.elf"};
  Diagnosis first_;
  std::vector<MachineRequest> requests_;
  std::vector<std::shared_ptr<FakeMachineRecord>> records_;
};

TEST_F(RerunTest, TheMachineAtTheExceptionReplacesTheOneAtRest) {
  first_.cause = RootCause{"table-entry-missing", "idle_l3 has no entry", "set it"};
  rerun({{stop_with(kSvc, 0, 0x40400004), stop_with(kReadFault, 0x999000, kCode),
          stop_with(kReadFault, 0x201000, kCode), stop_with(kSvc, 0, 0)}});
  ASSERT_EQ(records_.size(), 1u);
  EXPECT_TRUE(requests_[0].paused);
  EXPECT_TRUE(requests_[0].log_exceptions);
  EXPECT_EQ(records_[0]->breakpoints, (std::vector<std::uint64_t>{kVectors + 0x400}));
  EXPECT_TRUE(records_[0]->stopped);
  ASSERT_TRUE(first_.rerun);
  EXPECT_EQ(first_.rerun->outcome, "at-exception");
  EXPECT_EQ(first_.rerun->stops, 3u);
  EXPECT_EQ(first_.rerun->text,
            "booted once more and stopped at the exception, the 3rd time that a CPU came to its vectors");
  ASSERT_TRUE(first_.exception);
  EXPECT_EQ(first_.exception->esr, kReadFault);
  EXPECT_EQ(first_.exception->elr, kCode);
  EXPECT_TRUE(finds("the machine at the exception, in a second boot, not at rest: CPU 0"));
  // The tables there say something else: what those at rest gave is told, and not believed.
  EXPECT_FALSE(first_.cause);
  ASSERT_TRUE(first_.rerun->at_rest);
  EXPECT_EQ(first_.rerun->at_rest->name, "table-entry-missing");
  EXPECT_TRUE(finds("at rest the machine had told of table-entry-missing"));
  EXPECT_NE(first_.signature, "of the first boot");
  EXPECT_TRUE(std::ranges::find(first_.missing, kRerunWouldTell) == first_.missing.end());
}

TEST_F(RerunTest, ACauseThatIsNotOfTheTablesStays) {
  first_.walk.clear();
  first_.cause = RootCause{"vectors-not-set", "nobody has set them", "set them"};
  rerun({{stop_with(kReadFault, 0x201000, kCode)}});
  ASSERT_TRUE(first_.cause);
  EXPECT_EQ(first_.cause->name, "vectors-not-set");
  EXPECT_EQ(first_.signature, "of the first boot");
  EXPECT_FALSE(first_.rerun->at_rest);
}

// The near miss: another address, another place, a call. The first diagnosis stands.
TEST_F(RerunTest, AnExceptionThatDoesNotComeAgain) {
  first_.cause = RootCause{"table-entry-missing", "idle_l3 has no entry", "set it"};
  rerun({{stop_with(kSvc, 0x201000, 0), stop_with(kReadFault, 0x202000, kCode + 4)}});
  EXPECT_EQ(first_.rerun->outcome, "not-seen");
  EXPECT_EQ(first_.rerun->stops, 2u);
  EXPECT_EQ(first_.rerun->text,
            "the exception did not come again in a second boot, within 5.0 s and 2 stops at vectors: it is not "
            "deterministic, or the dump is wrong");
  EXPECT_EQ(first_.missing, (std::vector<std::string>{"symbols", first_.rerun->text}));
  EXPECT_EQ(first_.cause->name, "table-entry-missing");
  EXPECT_EQ(first_.signature, "of the first boot");
  EXPECT_EQ(first_.walk.size(), 1u);
}

TEST_F(RerunTest, TheCellsLimitHolds) {
  limit_ = 3s;
  const TimePoint begin = clock_.now();
  rerun({{stop_with(kSvc, 0, 0)}});
  EXPECT_EQ(clock_.now() - begin, 3s);
  EXPECT_TRUE(first_.rerun->text.contains("within 3.0 s and 1 stops")) << first_.rerun->text;
}

// Two of three values are those that were printed: it is the one, and the dump is wrong.
TEST_F(RerunTest, ADumpThatIsWrong) {
  rerun({{stop_with(kWriteFault, 0x201000, kCode), stop_with(kSvc, 0, 0)}});
  EXPECT_EQ(first_.rerun->outcome, "at-exception");
  EXPECT_EQ(first_.exception->esr, kWriteFault);
  EXPECT_TRUE(finds("the guest printed ESR 0x92000007, the CPU had 0x92000047"));
}

TEST_F(RerunTest, TheOneThatIsAsPrintedCountsMore) {
  rerun({{stop_with(kWriteFault, 0x201000, kCode), stop_with(kReadFault, 0x201000, kCode)}});
  EXPECT_EQ(first_.exception->esr, kReadFault);
  EXPECT_FALSE(finds("the guest printed"));
}

// A level that is wrong means the wrong vectors; the log knows better, and is followed.
TEST_F(RerunTest, TheLogTellsWhereItIsTaken) {
  const std::string log =
      "Taking exception 4 [Data Abort] on CPU 0\n...from EL0 to EL1\n...with ESR 0x24/0x92000007\n"
      "...with FAR 0x201000\n...with ELR 0x40400100\n...to EL1 PC 0x40500400 PSTATE 0x3c5\n";
  SoughtException sought = told();
  sought.taken_to = 2;
  sought.told_level = 2;
  BreakStop there = stop_with(kReadFault, 0x201000, kCode);
  there.pc = 0x40500400;
  rerun({{}, {there}}, sought, log);
  ASSERT_EQ(records_.size(), 2u);
  EXPECT_EQ(records_[1]->breakpoints, (std::vector<std::uint64_t>{0x40500400}));
  EXPECT_EQ(first_.rerun->outcome, "at-exception");
  EXPECT_TRUE(finds("the guest printed that it was taken to EL2, the CPU took it to EL1"));
  const auto kept = read_file(folder_.path() / "rerun" / "exceptions.log");
  ASSERT_TRUE(kept);
  EXPECT_EQ(*kept, log);
}

// A fault of the program's own that it went on from in silence.
TEST_F(RerunTest, WithoutADumpTheLogIsFollowed) {
  const std::string log =
      "Taking exception 2 [SVC] on CPU 0\n...from EL0 to EL1\n...to EL1 PC 0x40402400 PSTATE 0x3c5\n"
      "Taking exception 4 [Data Abort] on CPU 0\n...from EL1 to EL1\n...with ESR 0x25/0x96000047\n"
      "...with FAR 0x8\n...with ELR 0x40400100\n...to EL1 PC 0x40402200 PSTATE 0x3c5\n";
  rerun({{}, {stop_with(0x96000047, 8, kCode, 0x3c5)}}, std::nullopt, log);
  ASSERT_EQ(records_.size(), 2u);
  EXPECT_TRUE(records_[0]->breakpoints.empty());
  EXPECT_EQ(records_[1]->breakpoints, (std::vector<std::uint64_t>{0x40402200}));
  EXPECT_EQ(first_.rerun->outcome, "at-exception");
  EXPECT_EQ(first_.exception->far, 8u);
}

// A kernel that handles faults of its users takes them all the time.
TEST_F(RerunTest, WithoutADumpAFaultOfAUserIsOnlyTold) {
  const std::string log =
      "Taking exception 4 [Data Abort] on CPU 0\n...from EL0 to EL1\n...with ESR 0x24/0x92000047\n"
      "...with FAR 0x8\n...with ELR 0x40400100\n...to EL1 PC 0x40402400 PSTATE 0x3c5\n";
  rerun({{}}, std::nullopt, log);
  EXPECT_EQ(records_.size(), 1u);
  EXPECT_EQ(first_.rerun->outcome, "not-seen");
  EXPECT_TRUE(
      finds("1 exceptions; the first that is no call and no interrupt: Data Abort from EL0 to EL1 on CPU 0: "
            "ESR 0x92000047, FAR 0x8, ELR 0x40400100"));
}

TEST_F(RerunTest, AMachineWithoutBreakpoints) {
  rerun({});
  EXPECT_EQ(first_.rerun->outcome, "impossible");
  EXPECT_EQ(first_.rerun->text, "the boot could not be repeated: machines of this kind have no breakpoints");
}

TEST_F(RerunTest, ABoardIsNotBootedAgain) {
  machine_.kind = MachineKind::kBoard;
  rerun({{}});
  EXPECT_TRUE(requests_.empty());
  EXPECT_EQ(first_.rerun->outcome, "impossible");
  EXPECT_EQ(first_.rerun->text, "the boot was not repeated: a board cannot be stopped where it takes an exception");
}

// KVM writes no log, and without a dump there is nothing to look for.
TEST_F(RerunTest, KvmWithoutADump) {
  machine_.accelerator = Accelerator::kKvm;
  rerun({{}}, std::nullopt);
  EXPECT_TRUE(requests_.empty());
  EXPECT_EQ(first_.rerun->outcome, "impossible");
}

}  // namespace
}  // namespace bootrig
