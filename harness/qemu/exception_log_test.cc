// As QEMU 7.2.22 writes it, and as nobody should.
#include "qemu/exception_log.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bootrig {
namespace {

constexpr std::string_view kAbort =
    "Taking exception 4 [Data Abort] on CPU 1\n"
    "...from EL0 to EL2\n"
    "...with ESR 0x24/0x93c18006\n"
    "...with FAR 0x8\n"
    "...with ELR 0x400004\n"
    "...to EL2 PC 0xffc0004400 PSTATE 0x3c9\n";

std::string exception(unsigned number, const std::string& kind, std::uint64_t elr) {
  return fmt::format(
      "Taking exception {} [{}] on CPU 0\n...from EL1 to EL1\n...with ESR 0x15/0x56000000\n"
      "...with ELR {:#x}\n...to EL1 PC 0x200 PSTATE 0x3c5\n",
      number, kind, elr);
}

TEST(ExceptionLog, AnException) {
  ExceptionLog log;
  log.feed(kAbort);
  const auto exceptions = log.exceptions();
  ASSERT_EQ(exceptions.size(), 1u);
  EXPECT_EQ(to_text(exceptions[0]), "Data Abort from EL0 to EL2 on CPU 1: ESR 0x93c18006, FAR 0x8, ELR 0x400004");
  EXPECT_EQ(exceptions[0].number, 4u);
  EXPECT_EQ(exceptions[0].vector, 0xffc0004400u);
  EXPECT_EQ(log.text(), kAbort);
}

TEST(ExceptionLog, SplitAnywhere) {
  ExceptionLog log;
  for (const char c : kAbort) log.feed({&c, 1});
  ASSERT_EQ(log.exceptions().size(), 1u);
  EXPECT_EQ(log.exceptions()[0].elr, 0x400004u);
}

TEST(ExceptionLog, CallsAndInterruptsAreCountedAlone) {
  ExceptionLog log;
  for (const auto& [number, kind] : {std::pair(2, "SVC"),
                                     {5, "IRQ"},
                                     {6, "FIQ"},
                                     {11, "Hypervisor Call"},
                                     {13, "Secure Monitor Call"},
                                     {14, "Virtual IRQ"},
                                     {15, "Virtual FIQ"}}) {
    log.feed(exception(static_cast<unsigned>(number), kind, 4));
  }
  // QEMU answers PSCI itself: there the record has no other end.
  log.feed(
      "Taking exception 11 [Hypervisor Call] on CPU 0\n...from EL1 to EL2\n...with ESR 0x16/0x5a000000\n"
      "...handled as PSCI call\n");
  EXPECT_EQ(log.taken(), 8u);
  EXPECT_TRUE(log.exceptions().empty());
  log.feed(exception(1, "Undefined Instruction", 8));
  ASSERT_EQ(log.exceptions().size(), 1u);
  EXPECT_EQ(log.exceptions()[0].kind, "Undefined Instruction");
}

// Lines do not say whose they are: two records at once are none, and the next is one again.
TEST(ExceptionLog, TwoCpusAtOnce) {
  ExceptionLog log;
  log.feed(
      "Taking exception 4 [Data Abort] on CPU 0\n...from EL1 to EL1\n"
      "Taking exception 4 [Data Abort] on CPU 1\n...from EL0 to EL1\n"
      "...with ESR 0x25/0x96000004\n...to EL1 PC 0x200 PSTATE 0x3c5\n"
      "...with ESR 0x24/0x92000004\n...to EL1 PC 0x400 PSTATE 0x3c5\n");
  EXPECT_EQ(log.taken(), 2u);
  EXPECT_TRUE(log.exceptions().empty());
  log.feed(kAbort);
  EXPECT_EQ(log.exceptions().size(), 1u);
}

TEST(ExceptionLog, NonsenseIsNoException) {
  ExceptionLog log;
  log.feed(
      "Taking exception 99999999999999999999 [x] on CPU 0\n...to EL1 PC 0x1 PSTATE 0\n"
      "Taking exception 4 [Data Abort\n...to EL1 PC 0x1 PSTATE 0\n"
      "Taking exception four\n...\n...with\n...from EL9 to ELx\n");
  EXPECT_TRUE(log.exceptions().empty());
  log.feed(
      "Taking exception 4 [\x1b[31m] on CPU 77777777777\n...from EL7 to EL8\n...with ESR 0x/0x\n"
      "...with FAR 0xffffffffffffffffff\n...to EL1 PC\n");
  ASSERT_EQ(log.exceptions().size(), 1u);
  const LoggedException logged = log.exceptions()[0];
  EXPECT_FALSE(logged.from || logged.to || logged.esr || logged.far || logged.vector);
  EXPECT_EQ(logged.kind.find('\x1b'), std::string::npos);
  EXPECT_EQ(logged.cpu, 0u);
}

TEST(ExceptionLog, ALineWithoutEndIsPassedOver) {
  ExceptionLog log;
  log.feed(std::string(100'000, 'x'));
  log.feed("\n");
  log.feed(kAbort);
  EXPECT_EQ(log.exceptions().size(), 1u);
}

TEST(ExceptionLog, TheBeginAndTheEndAreKept) {
  ExceptionLog log;
  constexpr unsigned kMany = 20'000;
  for (unsigned i = 0; i < kMany; ++i) log.feed(exception(4, "Data Abort", i));
  const auto exceptions = log.exceptions();
  ASSERT_EQ(exceptions.size(), ExceptionLog::kHeadMax + ExceptionLog::kTailMax);
  EXPECT_EQ(exceptions.front().elr, 0u);
  EXPECT_EQ(exceptions[ExceptionLog::kHeadMax - 1].elr, ExceptionLog::kHeadMax - 1);
  EXPECT_EQ(exceptions[ExceptionLog::kHeadMax].elr, kMany - ExceptionLog::kTailMax);
  EXPECT_EQ(exceptions.back().elr, kMany - 1);
  EXPECT_EQ(log.left_out(), kMany - exceptions.size());
  EXPECT_EQ(log.taken(), kMany);
  const std::string text = log.text();
  EXPECT_LT(text.size(), 2 * ExceptionLog::kTextMax + 100);
  EXPECT_TRUE(text.starts_with("Taking exception 4 [Data Abort] on CPU 0\n"));
  EXPECT_TRUE(text.ends_with("PSTATE 0x3c5\n"));
  EXPECT_NE(text.find(fmt::format("[{} bytes left out]", log.bytes() - 2 * ExceptionLog::kTextMax)), text.npos);
}

TEST(ExceptionLog, Arguments) {
  EXPECT_EQ(exception_log_arguments(), (std::vector<std::string>{"-d", "int,guest_errors", "-D", "/proc/self/fd/6"}));
}

}  // namespace
}  // namespace bootrig
