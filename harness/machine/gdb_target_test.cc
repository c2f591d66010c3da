#include "machine/gdb_target.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

namespace bootrig {
namespace {

std::string registers(std::string_view xml, unsigned next = 0) {
  std::string text;
  for (const auto& known : parse_gdb_registers(xml, next)) text += fmt::format("{}={} ", known.name, known.number);
  return text + fmt::format("next={}", next);
}

TEST(GdbTarget, Includes) {
  EXPECT_EQ(parse_gdb_includes(R"(<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target>
<architecture>aarch64</architecture><xi:include href="aarch64-core.xml"/><xi:include href='system-registers.xml' />
<!-- <xi:include href="gone.xml"/> --><xi:includes href="other.xml"/><xi:include/></target>)"),
            (std::vector<std::string>{"aarch64-core.xml", "system-registers.xml"}));
}

TEST(GdbTarget, RegistersAreNumberedInOrderUnlessTheySay) {
  EXPECT_EQ(registers(R"(<feature name="core"><reg name="x0" bitsize="64"/><reg name="x1" bitsize="64"/>
<flags id="cpsr_flags" size="4"><field name="SP" start="0" end="0"/></flags>
<reg name="cpsr" bitsize="32" type="cpsr_flags" regnum="33"/><reg bitsize="32" name="next"/></feature>)"),
            "x0=0 x1=1 cpsr=33 next=34 next=35");
  EXPECT_EQ(registers(R"(<reg name="a"/>)", 7), "a=7 next=8");
}

TEST(GdbTarget, BrokenDescriptionsGiveWhatTheyHave) {
  EXPECT_EQ(registers(""), "next=0");
  EXPECT_EQ(registers("<reg"), "next=0");
  EXPECT_EQ(registers("<reg name=\"a"), "next=0");
  EXPECT_EQ(registers("<reg name=\"a>"), "next=1");
  EXPECT_EQ(registers("<reg name=a>"), "next=1");
  EXPECT_EQ(registers("<reg regnum=\"5\">"), "next=6");
  EXPECT_EQ(registers("<reg name=\"a\" regnum=\"x\"/>"), "a=0 next=1");
  EXPECT_EQ(registers("<reg name=\"a\" regnum=\"4294967295\"/>"), "next=0");
  EXPECT_EQ(registers("<reg name=\"a\" regnum=\"99999999999999999999\"/>"), "a=0 next=1");
  EXPECT_EQ(registers("<reg xname=\"b\" name=\"a\"/><!-- <reg name=\"c\"/>"), "a=0 next=1");
  EXPECT_EQ(registers("<reg other=\"name='x'\" name='a'/>"), "a=0 next=1");
}

TEST(GdbTarget, SurvivesNoise) {
  std::mt19937 random(11);
  const std::vector<std::string> words{"<reg name='b'",
                                       "<",
                                       ">",
                                       "reg",
                                       " name",
                                       "=",
                                       "\"",
                                       "'",
                                       "regnum",
                                       "a",
                                       "7",
                                       "<!--",
                                       "-->",
                                       " ",
                                       "/",
                                       "xi:include",
                                       "href",
                                       "\xff",
                                       std::string(1, '\0')};
  std::size_t found = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string xml = round % 2 == 0 ? "<reg name=\"a\"/>" : "";
    const std::size_t size = random() % 30;
    for (std::size_t i = 0; i < size; ++i) xml += words[random() % words.size()];
    unsigned next = 0;
    const auto known = parse_gdb_registers(xml, next);
    found += known.size();
    EXPECT_GE(known.size(), round % 2 == 0 ? 1u : 0u);
    for (const auto& file : parse_gdb_includes(xml)) EXPECT_FALSE(file.empty());
  }
  EXPECT_GT(found, 10000u);
}

TEST(GdbTarget, NamesOfTheManual) {
  EXPECT_EQ(canonical_register_name("SCTLR"), "SCTLR_EL1");
  EXPECT_EQ(canonical_register_name("VBAR"), "VBAR_EL1");
  EXPECT_EQ(canonical_register_name("CPACR"), "CPACR_EL1");
  EXPECT_EQ(canonical_register_name("AMAIR0"), "AMAIR_EL1");
  EXPECT_EQ(canonical_register_name("SCTLR_EL2"), "SCTLR_EL2");
  EXPECT_EQ(canonical_register_name("x0"), "x0");
}

}  // namespace
}  // namespace bootrig
