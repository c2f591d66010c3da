#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "dump/fixture_test.h"

namespace bootrig {
namespace {

using dump::only_dump;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string kZephyrRegisters =
    "ELR_ELn: 0x0000000040001234\n"
    "ESR_ELn: 0x0000000096000045\n"
    "  EC:  0x25 (Data Abort taken without a change in Exception level)\n"
    "  IL:  0x1\n"
    "  ISS: 0x45\n"
    "FAR_ELn: 0x0000000000000010\n"
    "TPIDRRO: 0x0000000100000000\n"
    "x0:  0x0000000000000001  x1:  0x0000000000000002\n"
    "x18: 0x0000000000000012  lr:  0x0000000040001200\n"
    "\n"
    "call trace:\n"
    "     0: fp: 0x00000000400f2e30 lr: 0x0000000040001200 [main+0x18]\n"
    "\n";
const std::string kReason =
    ">>> ZEPHYR FATAL ERROR 0: CPU exception on CPU 1\n"
    "Current thread: 0x400e2d80 (main)\n"
    "Halting system\n";

void expect_zephyr_registers(const ExceptionRecord& record) {
  EXPECT_EQ(record.dialect, "zephyr");
  EXPECT_EQ(record.esr, 0x96000045u);
  EXPECT_EQ(record.far, 0x10u);
  EXPECT_EQ(record.elr, 0x40001234u);
  EXPECT_EQ(record.x[1], 2u);
  EXPECT_EQ(record.x[18], 0x12u);
  EXPECT_EQ(record.x[30], 0x40001200u);
  EXPECT_EQ(record.extra.at("fault"), "CPU exception");
  EXPECT_EQ(record.extra.at("cpu"), "1");
  EXPECT_EQ(record.extra.at("thread"), "main");
  EXPECT_FALSE(record.cut_off);
  EXPECT_THAT(record.corrections, IsEmpty());
}

TEST(ZephyrDump, PrintedPlainly) {
  const ExceptionRecord record = only_dump(kZephyrRegisters + kReason);
  expect_zephyr_registers(record);
  EXPECT_EQ(record.last_line, 16u);
}

TEST(ZephyrDump, PrintedThroughTheLog) {
  const std::string plain = kZephyrRegisters + kReason;
  for (const std::string prefix : {"[00:00:00.010,000] \x1b[1;31m<err> os: ", "<err> os: ", "E: "}) {
    std::string text;
    for (const std::string_view line : split_lines(plain)) text += prefix + std::string(line) + "\x1b[0m\r\n";
    expect_zephyr_registers(only_dump(text));
  }
}

TEST(ZephyrDump, ASyndromeThatIsNoAbortHasNoFar) {
  const ExceptionRecord record = only_dump(
      "ELR_ELn: 0x0000000040001234\nESR_ELn: 0x0000000002000000\n  EC:  0x0 (Unknown reason)\n  IL:  0x1\n  ISS: "
      "0x0\n" +
      kReason);
  EXPECT_EQ(record.esr, 0x2000000u);
  EXPECT_EQ(record.far, std::nullopt);
  EXPECT_FALSE(record.cut_off);
}

TEST(ZephyrDump, WithoutDebugTheReasonStandsAlone) {
  const ExceptionRecord record = only_dump(kReason);
  EXPECT_EQ(record.headline, ">>> ZEPHYR FATAL ERROR 0: CPU exception on CPU 1");
  EXPECT_EQ(record.esr, std::nullopt);
  EXPECT_FALSE(record.cut_off);
  EXPECT_THAT(record.corrections,
              ElementsAre("This build of Zephyr prints no registers: neither ESR nor FAR nor the place."));
}

TEST(ZephyrDump, AStackOverflowIsSaidBefore) {
  const ExceptionRecord record =
      only_dump("STACK OVERFLOW FROM KERNEL, SP: 0x400f2000 OR FAR: 0x400f1ff8 INVALID, SP LIMIT: 0x400f2000\n" +
                kZephyrRegisters + ">>> ZEPHYR FATAL ERROR 2: Stack overflow on CPU 0\n");
  EXPECT_EQ(record.extra.at("stack-overflow"), "kernel");
  EXPECT_EQ(record.extra.at("fault"), "Stack overflow");
  EXPECT_EQ(record.elr, 0x40001234u);
}

TEST(ZephyrDump, AnAssertionsSyndromeIsThatOfItsCall) {
  std::string call = kZephyrRegisters;
  call.replace(call.find("96000045"), 8, "56000002");
  const ExceptionRecord record =
      only_dump("ASSERTION FAIL [!arch_is_in_isr()] @ WEST_TOPDIR/zephyr/kernel/mutex.c:100\n" + call +
                ">>> ZEPHYR FATAL ERROR 4: Kernel panic on CPU 0\n");
  EXPECT_EQ(record.extra.at("assertion"), "!arch_is_in_isr()");
  EXPECT_EQ(record.extra.at("place"), "WEST_TOPDIR/zephyr/kernel/mutex.c:100");
  EXPECT_EQ(record.esr, std::nullopt);
  EXPECT_FALSE(may_have_syndrome(record));
}

TEST(ZephyrDump, ASpuriousInterruptWritesNoSyndrome) {
  const ExceptionRecord record = only_dump(">>> ZEPHYR FATAL ERROR 1: Unhandled interrupt on CPU 0\nHalting system\n");
  EXPECT_EQ(record.extra.at("type"), "IRQ");
  EXPECT_FALSE(may_have_syndrome(record));
}

TEST(ZephyrDump, TwoErrorsAreTwoDumps) {
  EXPECT_EQ(find_dumps(kZephyrRegisters + kReason + kZephyrRegisters + kReason).size(), 2u);
  EXPECT_EQ(find_dumps(kZephyrRegisters + kZephyrRegisters).size(), 2u);
}

TEST(ZephyrDump, ItsOrdinaryLogIsNoDump) {
  EXPECT_THAT(find_dumps("*** Booting Zephyr OS build v3.7.0 ***\n<err> app: cannot open\nASSERTION FAIL [odd\n"),
              IsEmpty());
}

}  // namespace
}  // namespace bootrig
