#include "inspect/disassembly.h"

#include <gtest/gtest.h>

#include <random>

namespace bootrig {
namespace {

std::vector<std::uint8_t> bytes_of(const std::vector<std::uint32_t>& words) {
  std::vector<std::uint8_t> bytes;
  for (const std::uint32_t word : words) {
    for (unsigned shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<std::uint8_t>(word >> shift));
  }
  return bytes;
}

std::string text_of(std::uint32_t word, std::uint64_t address = 0x1000) {
  const auto listing = disassemble(address, bytes_of({word}));
  return listing.size() == 1 ? listing[0].text : "no line";
}

// The words are what GNU as makes of the texts (with #0x10 for #16).
TEST(Disassembly, WhatTriageMeets) {
  EXPECT_EQ(text_of(0xd4000003), "smc #0");
  EXPECT_EQ(text_of(0xd4000022), "hvc #0x1");
  EXPECT_EQ(text_of(0xd503207f), "wfi");
  EXPECT_EQ(text_of(0xd503205f), "wfe");
  EXPECT_EQ(text_of(0xd69f03e0), "eret");
  EXPECT_EQ(text_of(0xd5184600), "msr icc_pmr_el1, x0");
  EXPECT_EQ(text_of(0xd538cc01), "mrs x1, icc_iar1_el1");
  EXPECT_EQ(text_of(0xd518cca3), "msr icc_sre_el1, x3");
  EXPECT_EQ(text_of(0xd5182020), "msr ttbr1_el1, x0");
  EXPECT_EQ(text_of(0xd508831f), "tlbi vmalle1is");
  EXPECT_EQ(text_of(0xf81f0fe0), "str x0, [sp, #-0x10]!");
  EXPECT_EQ(text_of(0xf84107fe), "ldr x30, [sp], #0x10");
  EXPECT_EQ(text_of(0xa9be7bfd), "stp x29, x30, [sp, #-0x20]!");
}

TEST(Disassembly, BranchesShowWhereTheyGo) {
  EXPECT_EQ(text_of(0x94000004, 0xffffff8040000010), "bl #0xffffff8040000020");
  EXPECT_EQ(text_of(0xb4ffffe0, 0x1008), "cbz x0, #0x1004");
}

TEST(Disassembly, ListingGoesOnBehindGarbage) {
  const auto listing = disassemble(0xfffffffffffffff8, bytes_of({0xffffffff, 0xd65f03c0, 0, 0xd503201f}));
  ASSERT_EQ(listing.size(), 4u);
  EXPECT_EQ(listing[0].text, ".word 0xffffffff");
  EXPECT_EQ(listing[0].word, 0xffffffffu);
  EXPECT_EQ(listing[1].text, "ret");
  EXPECT_EQ(listing[1].address, 0xfffffffffffffffcu);
  EXPECT_EQ(listing[2].text, ".word 0x00000000");
  EXPECT_EQ(listing[2].address, 0u);  // past the end of all addresses
  EXPECT_EQ(listing[3].text, "nop");
}

TEST(Disassembly, LeavesOutWhatFillsNoWord) {
  auto code = bytes_of({0xd65f03c0, 0xd503201f});
  for (const std::size_t size : {0u, 1u, 3u, 4u, 5u, 7u}) {
    EXPECT_EQ(disassemble(0x1000, std::span(code).first(size)).size(), size / 4) << size;
  }
}

TEST(Disassembly, AnyWordHasALine) {
  std::mt19937 random(1);
  std::vector<std::uint32_t> words(20000);
  for (auto& word : words) word = static_cast<std::uint32_t>(random());
  const auto listing = disassemble(0x40000000, bytes_of(words));
  ASSERT_EQ(listing.size(), words.size());
  for (std::size_t i = 0; i < words.size(); ++i) {
    EXPECT_EQ(listing[i].word, words[i]);
    EXPECT_EQ(listing[i].address, 0x40000000 + 4 * i);
    ASSERT_FALSE(listing[i].text.empty()) << std::hex << words[i];
  }
}

}  // namespace
}  // namespace bootrig
