#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dump/fixture_test.h"

namespace bootrig {
namespace {

using dump::fixture;
using dump::only_dump;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(UBootDump, Reads202301WhichPrintsNoFar) {
  const ExceptionRecord record = only_dump(fixture("u-boot-2023.01"));
  EXPECT_EQ(record.dialect, "u-boot");
  EXPECT_EQ(record.headline, "\"Synchronous Abort\" handler, esr 0x96000004");
  EXPECT_EQ(record.first_line, 2u);
  EXPECT_EQ(record.last_line, 22u);
  EXPECT_EQ(record.esr, 0x96000004u);
  EXPECT_EQ(record.elr, 0x5ff78104u);
  EXPECT_EQ(record.x[0], 0xdu);
  EXPECT_EQ(record.x[22], 0xffff00000000u);
  EXPECT_EQ(record.x[29], 0x5edb6980u);
  EXPECT_EQ(record.x[30], 0x5ff78054u);
  EXPECT_EQ(record.far, std::nullopt);
  EXPECT_EQ(record.extra.at("elr-reloc"), "0x0000000000081104");
  EXPECT_EQ(record.extra.at("reloc-offset"), "0x000000005fef7000");
  EXPECT_EQ(record.extra.at("code"), "2a0403f3 17ffffcb 7100129f 54000181 (b94002c3)");
  EXPECT_FALSE(record.cut_off);
  EXPECT_THAT(record.corrections, ElementsAre("FAR holds the address of this exception but is not printed: U-Boot "
                                              "prints it since 2023.07, and never at EL3."));
}

TEST(UBootDump, NewerVersionsPrintFar) {
  const ExceptionRecord record =
      only_dump("=> \"Synchronous Abort\" handler, esr 0x96000004, far 0xffff000000000000\n");
  EXPECT_EQ(record.headline, "\"Synchronous Abort\" handler, esr 0x96000004, far 0xffff000000000000");
  EXPECT_EQ(record.far, 0xffff000000000000u);
  EXPECT_THAT(record.corrections, IsEmpty());
  EXPECT_TRUE(record.cut_off);
}

TEST(UBootDump, AnInterruptHasNoSyndrome) {
  const ExceptionRecord record = only_dump("Bad mode in \"Irq\" handler, esr 0x96000004\n");
  EXPECT_EQ(record.headline, "Bad mode in \"Irq\" handler, esr 0x96000004");
  EXPECT_EQ(record.extra.at("type"), "IRQ");
  EXPECT_EQ(record.extra.at("bad-mode"), "yes");
  EXPECT_EQ(record.esr, std::nullopt);
}

TEST(UBootDump, AnUndefinedInstructionLacksNoFar) {
  EXPECT_THAT(only_dump("\"Synchronous Abort\" handler, esr 0x02000000\n").corrections, IsEmpty());
}

TEST(UBootDump, OtherQuotedHandlersAreNone) {
  EXPECT_THAT(find_dumps("\" handler, esr 0x1\n\"Oops\" handler, esr 0x96000004\nhandler, esr 0x96000004\n"),
              IsEmpty());
}

}  // namespace
}  // namespace bootrig
