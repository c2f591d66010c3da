#include "dump/microkit_loader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dump/fixture_test.h"

namespace bootrig {
namespace {

using dump::fixture;
using dump::only_dump;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kUnknownShift =
    "The loader prints its registers shifted: reg i is x(i+n), n = (address of its symbol exception_register_state & "
    "0xfff) / 8, which is not known here; they are kept as reg0 to reg31.";

std::string registers() {
  std::string text;
  for (unsigned i = 0; i < 32; ++i) text += fmt::format("    reg: {:#010x}: {:#018x}\n", i, i < 28 ? 0x1000 + i : 0);
  return text;
}

// A dump of the form since 2.1.0, `values` being its lines before the registers.
std::string dump_with(const std::string& type, const std::string& values) {
  return "LDR|ERROR: loader trapped exception: " + type + "\n" + values + registers();
}

const std::string kSynchronous = "Synchronous (Current Exception level with SP_ELx)";

// microkit PR 423: level 0 of the upper tables is empty.
TEST(MicrokitLoaderDump, ReadsTheDumpOfPullRequest423) {
  const ExceptionRecord record = only_dump(fixture("microkit-loader-423"));
  EXPECT_EQ(record.dialect, "microkit-loader");
  EXPECT_EQ(record.headline, "LDR|ERROR: loader trapped exception: Synchronous (Current Exception level with SP_ELx)");
  EXPECT_EQ(record.first_line, 27u);
  EXPECT_EQ(record.last_line, 64u);
  EXPECT_EQ(record.level, 1u);
  EXPECT_EQ(record.esr, 0x86000004u);
  EXPECT_EQ(record.far, 0xffffff8040000000u);
  EXPECT_EQ(record.elr, std::nullopt);  // printed from 2.3.0 on
  EXPECT_FALSE(record.cut_off);
}

TEST(MicrokitLoaderDump, ItsOwnLogShowsTheShiftOfTheRegisters) {
  const ExceptionRecord record = only_dump(fixture("microkit-loader-423"));
  EXPECT_EQ(record.extra.at("register-shift"), "2");
  EXPECT_EQ(record.extra.at("reg0"), "0x0000000040041000");
  EXPECT_EQ(record.x[0], std::nullopt);
  EXPECT_EQ(record.x[1], std::nullopt);
  EXPECT_EQ(record.x[2], 0x40041000u);  // physical minus virtual
  EXPECT_EQ(record.x[3], 0x211274u);    // the root server's entry
  EXPECT_EQ(record.x[29], 0x70005f70u);
  EXPECT_EQ(record.x[30], std::nullopt);
  EXPECT_THAT(
      record.corrections,
      ElementsAre("The loader prints its registers shifted: reg i is x(i+2), by its own log, which names x2 and "
                  "x3 of the kernel's entry."));
}

TEST(MicrokitLoaderDump, WithoutTheLogNoRegisterIsBelieved) {
  const std::string whole = fixture("microkit-loader-423");
  const ExceptionRecord record = only_dump(whole.substr(whole.find("LDR|ERROR")));
  EXPECT_THAT(record.x, testing::Each(std::nullopt));
  EXPECT_EQ(record.extra.at("reg1"), "0x0000000000211274");
  EXPECT_FALSE(record.extra.contains("register-shift"));
  EXPECT_THAT(record.corrections, ElementsAre(kUnknownShift));
}

// The two values of the log may stand side by side by chance; then what is behind x29 is not where it should be.
TEST(MicrokitLoaderDump, OneSignOfTheShiftIsNotEnough) {
  std::string text = fixture("microkit-loader-423");
  const std::string frame_pointer = "reg: 0x0000001b: 0x0000000070005f70";
  text.replace(text.find(frame_pointer), frame_pointer.size(), "reg: 0x0000001b: 0x0000000000000000");
  const ExceptionRecord record = only_dump(text);
  EXPECT_THAT(record.x, testing::Each(std::nullopt));
  EXPECT_THAT(record.corrections, ElementsAre(kUnknownShift));
}

TEST(MicrokitLoaderDump, TheElfsSymbolGivesTheShift) {
  ExceptionRecord record = only_dump(dump_with(kSynchronous, ""));
  EXPECT_EQ(microkit_loader_shift(0x70006010), 2u);
  EXPECT_EQ(microkit_loader_shift(0x70006ff8), 511u);
  place_microkit_loader_registers(record, 3, "the loader's symbol");
  EXPECT_EQ(record.x[2], std::nullopt);
  EXPECT_EQ(record.x[3], 0x1000u);
  EXPECT_EQ(record.x[29], 0x101au);
  EXPECT_EQ(record.x[30], std::nullopt);
  EXPECT_EQ(record.corrections.back(),
            "The loader prints its registers shifted: reg i is x(i+3), by the loader's symbol.");
  EXPECT_EQ(std::ranges::count(record.corrections, kUnknownShift), 0);
  place_microkit_loader_registers(record, 511, "the loader's symbol");
  EXPECT_THAT(record.x, testing::Each(std::nullopt));
}

TEST(MicrokitLoaderDump, IssLosesItsBit24) {
  const ExceptionRecord record = only_dump(dump_with(kSynchronous,
                                                     "    esr_el2: 0x0000000097810050\n"
                                                     "    ec: 0x00000025 (Data Abort)\n"
                                                     "    il: 0x0000000000000001\n"
                                                     "    iss: 0x0000000000810050\n"
                                                     "    far: 0x0000000008010004\n"
                                                     "    elr: 0x0000000070001234\n"));
  EXPECT_EQ(record.level, 2u);
  EXPECT_EQ(record.esr, 0x97810050u);
  EXPECT_EQ(record.far, 0x8010004u);
  EXPECT_EQ(record.elr, 0x70001234u);
  EXPECT_THAT(record.corrections,
              ElementsAre("iss is printed without bit 24, as the loader masks it with 24 bits: by ESR it is 0x1810050.",
                          kUnknownShift));
}

TEST(MicrokitLoaderDump, PartsThatAreNotOfTheEsrAreSaid) {
  const ExceptionRecord record = only_dump(dump_with(kSynchronous,
                                                     "    esr_el1: 0x0000000086000004\n"
                                                     "    ec: 0x00000025 (Data Abort)\n"
                                                     "    far: 0x0000000008010004\n"));
  EXPECT_EQ(record.esr, 0x86000004u);
  EXPECT_EQ(record.corrections[0], "The printed ec, il and iss are not those of the printed ESR: ESR is believed.");
}

TEST(MicrokitLoaderDump, TheWrongBankOfRegistersIsNotBelieved) {
  const ExceptionRecord record = only_dump(dump_with(kSynchronous,
                                                     "    esr_el1: 0x0000000000000000\n"
                                                     "    ec: 0x00000000 (Unknown reason)\n"
                                                     "    il: 0x0000000000000000\n"
                                                     "    iss: 0x0000000000000000\n"
                                                     "    far: 0x0000000000000000\n"
                                                     "    elr: 0x0000000000000000\n"));
  EXPECT_EQ(record.level, std::nullopt);
  EXPECT_EQ(record.esr, std::nullopt);
  EXPECT_EQ(record.far, std::nullopt);
  EXPECT_EQ(record.elr, std::nullopt);
  EXPECT_FALSE(record.cut_off);
  EXPECT_THAT(
      record.corrections,
      ElementsAre("ESR_EL1 is 0, as no exception leaves it: the loader reads the registers of the level that it "
                  "was built for, and the exception was taken to another; ESR, FAR and ELR are not believed.",
                  kUnknownShift));
}

TEST(MicrokitLoaderDump, FarOfAnUndefinedInstructionIsNotBelieved) {
  const ExceptionRecord record = only_dump(dump_with(kSynchronous,
                                                     "    esr_el1: 0x0000000002000000\n"
                                                     "    far: 0x0000000008010004\n"
                                                     "    elr: 0x0000000070001234\n"));
  EXPECT_EQ(record.esr, 0x2000000u);
  EXPECT_EQ(record.far, std::nullopt);
  EXPECT_EQ(record.elr, 0x70001234u);
  EXPECT_EQ(record.corrections[0],
            "FAR is printed as 0x0000000008010004 but holds nothing for this exception (EC 0x00): not believed.");
}

TEST(MicrokitLoaderDump, AnInterruptHasNoSyndrome) {
  const ExceptionRecord record = only_dump(dump_with("IRQ (Current Exception level with SP_ELx)",
                                                     "    esr_el1: 0x0000000000000000\n"
                                                     "    far: 0x0000000000000000\n"
                                                     "    elr: 0x0000000070001234\n"));
  EXPECT_EQ(record.esr, std::nullopt);
  EXPECT_EQ(record.elr, 0x70001234u);
  EXPECT_EQ(record.level, 1u);
}

// The form of 1.3.0 to 2.0.1.
TEST(MicrokitLoaderDump, TheOlderFormHasNoEsr) {
  const std::string headline =
      "LDR|ERROR: loader trapped kernel exception: Synchronous EL1h   ec=Data Abort (same level)(0x00000025)   "
      "il=0x0000000000000001   iss=0x0000000000810050   far=0x0000000008010004\n";
  const ExceptionRecord record = only_dump(headline + registers());
  EXPECT_EQ(record.level, 1u);
  EXPECT_EQ(record.esr, 0x96810050u);
  EXPECT_EQ(record.far, 0x8010004u);
  EXPECT_EQ(record.extra.at("type"), "Synchronous EL1h");
  EXPECT_FALSE(record.cut_off);
  EXPECT_THAT(record.corrections,
              ElementsAre("ESR is rebuilt from the printed ec, il and iss: its bit 24 (of a Data Abort: ISV) is not "
                          "printed and taken as 0.",
                          kUnknownShift));
}

TEST(MicrokitLoaderDump, ItsOrdinaryLogIsNoDump) {
  EXPECT_THAT(find_dumps("LDR|INFO: copying region 0x00000000\nLDR|ERROR|CPU0: failed to enable MMU: 0x00000001\n"),
              IsEmpty());
}

}  // namespace
}  // namespace bootrig
