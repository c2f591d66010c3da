#include "aarch64/registers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace bootrig::aarch64 {
namespace {

std::string_view meaning_of(const Field& root, std::string_view name) {
  const Field* field = find_field(root, name);
  EXPECT_NE(field, nullptr) << name;
  return field == nullptr ? "no such field" : field->meaning;
}

std::uint64_t value_of(const Field& root, std::string_view name) {
  const Field* field = find_field(root, name);
  EXPECT_NE(field, nullptr) << name;
  return field == nullptr ? ~std::uint64_t{0} : field->value;
}

void expect_whole(const Field& root) {
  unsigned next = 64;
  for (const Field& field : root.fields) {
    ASSERT_EQ(field.high + 1, next) << root.name << "." << field.name;
    ASSERT_EQ(field.value, bits(root.value, field.high, field.low)) << root.name << "." << field.name;
    next = field.low;
  }
  ASSERT_EQ(next, 0u);
}

bool marks_reserved(const Field& root) {
  return std::ranges::any_of(root.fields, &Field::reserved_set);
}

TEST(Registers, AnyBitsDecodeAndNothingIsLost) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 500; ++i) {
    const std::uint64_t value = random();
    for (const auto decode : {decode_spsr, decode_tcr_el1, decode_tcr_el2, decode_sctlr_el1, decode_sctlr_el2,
                              decode_hcr_el2, decode_mair, decode_mpidr}) {
      ASSERT_NO_FATAL_FAILURE(expect_whole(decode(value)));
    }
  }
}

TEST(Registers, Spsr) {
  const Field el1h = decode_spsr(0x3c5);
  EXPECT_EQ(meaning_of(el1h, "M[3:0]"), "EL1h");
  for (const char* name : {"D", "A", "I", "F"}) EXPECT_EQ(value_of(el1h, name), 1u) << name;
  EXPECT_FALSE(marks_reserved(el1h));
  EXPECT_EQ(meaning_of(decode_spsr(0x9), "M[3:0]"), "EL2h");
  EXPECT_EQ(meaning_of(decode_spsr(0x1d3), "M[3:0]"), "Supervisor");
  EXPECT_TRUE(marks_reserved(decode_spsr(0x2)));
}

// The value that QEMU's Cortex-A57 resets it to: all RES1 bits are 1.
TEST(Registers, SctlrEl2AtReset) {
  const Field root = decode_sctlr_el2(0x30c50830);
  EXPECT_FALSE(marks_reserved(root));
  EXPECT_EQ(meaning_of(root, "M"), "stage 1 translation is off");
  EXPECT_TRUE(marks_reserved(decode_sctlr_el2(0)));
}

TEST(Registers, SctlrEl1) {
  const Field root = decode_sctlr_el1(0x1005);
  EXPECT_EQ(meaning_of(root, "M"), "stage 1 translation is on");
  EXPECT_EQ(meaning_of(root, "C"), "data accesses are cacheable");
  EXPECT_EQ(meaning_of(root, "I"), "instruction fetches are cacheable");
}

TEST(Registers, TcrEl1GranulesHaveTwoEncodings) {
  const Field root = decode_tcr_el1((std::uint64_t{2} << 32) | (2u << 30) | (16u << 16) | (2u << 14) | 25);
  EXPECT_EQ(meaning_of(root, "TG0"), "16K");
  EXPECT_EQ(meaning_of(root, "TG1"), "4K");
  EXPECT_EQ(meaning_of(root, "T0SZ"), "input addresses of 39 bits");
  EXPECT_EQ(meaning_of(root, "T1SZ"), "input addresses of 48 bits");
  EXPECT_EQ(meaning_of(root, "IPS"), "40 bits, 1T");
  EXPECT_FALSE(marks_reserved(root));
  EXPECT_TRUE(marks_reserved(decode_tcr_el1(0)));  // T0SZ 0
  EXPECT_TRUE(meaning_of(decode_tcr_el1(1u << 23), "EPD1").starts_with("no walks with TTBR1"));
}

TEST(Registers, TcrEl2) {
  const Field root = decode_tcr_el2(0x80853510);
  EXPECT_EQ(meaning_of(root, "PS"), "48 bits, 256T");
  EXPECT_EQ(meaning_of(root, "T0SZ"), "input addresses of 48 bits");
  EXPECT_EQ(meaning_of(root, "SH0"), "Inner Shareable");
  EXPECT_EQ(meaning_of(root, "TG0"), "4K");
  EXPECT_FALSE(marks_reserved(root));
}

TEST(Registers, Hcr) {
  const Field root = decode_hcr_el2(0x80000001);
  EXPECT_EQ(meaning_of(root, "RW"), "EL1 is AArch64");
  EXPECT_EQ(meaning_of(root, "VM"), "stage 2 translation is on");
  EXPECT_EQ(value_of(decode_hcr_el2(std::uint64_t{1} << 34), "E2H"), 1u);
  EXPECT_EQ(value_of(decode_hcr_el2(std::uint64_t{1} << 27), "TGE"), 1u);
}

TEST(Registers, MairInWords) {
  EXPECT_EQ(memory_attribute(0x00), "Device-nGnRnE");
  EXPECT_EQ(memory_attribute(0x04), "Device-nGnRE");
  EXPECT_EQ(memory_attribute(0x0c), "Device-GRE");
  EXPECT_EQ(memory_attribute(0x44), "Normal, Non-cacheable");
  EXPECT_EQ(memory_attribute(0xff), "Normal, Write-Back");
  EXPECT_EQ(memory_attribute(0xbb), "Normal, Write-Through");
  EXPECT_EQ(memory_attribute(0xee), "Normal, Write-Back, no Write-Allocate");
  EXPECT_EQ(memory_attribute(0x4f), "Normal, inner Write-Back, outer Non-cacheable");
  EXPECT_EQ(memory_attribute(0xf0), "Normal, Tagged, Write-Back");
  EXPECT_EQ(memory_attribute(0x02), "reserved attribute");
  EXPECT_EQ(memory_attribute(0x80), "reserved attribute");
  const Field root = decode_mair(0xff440c0400);
  EXPECT_EQ(meaning_of(root, "Attr4"), "Normal, Write-Back");
  EXPECT_EQ(find_field(root, "Attr4")->high, 39u);
}

TEST(Registers, Mpidr) {
  const Field root = decode_mpidr(0x0000000481020300);
  EXPECT_EQ(value_of(root, "Aff3"), 4u);
  EXPECT_EQ(value_of(root, "Aff2"), 2u);
  EXPECT_EQ(value_of(root, "Aff1"), 3u);
  EXPECT_EQ(value_of(root, "MT"), 1u);
  EXPECT_TRUE(marks_reserved(decode_mpidr(0)));  // bit 31 is RES1
}

TEST(Descriptors, Summaries) {
  const auto summary = [](std::uint64_t value, DescriptorPlace place) {
    return decode_descriptor(value, place).summary;
  };
  EXPECT_EQ(summary(0x7000b003, {12, 0, 1}), "table descriptor: the next table is at 0x7000b000");
  EXPECT_EQ(summary(0x7000b003, {12, 3, 1}), "page descriptor: output address 0x7000b000, up to 0x7000bfff");
  EXPECT_EQ(summary(0x40000711, {12, 1, 1}), "block descriptor: output address 0x40000000, up to 0x7fffffff");
  EXPECT_EQ(summary(0x40200711, {12, 2, 2}), "block descriptor: output address 0x40200000, up to 0x403fffff");
  EXPECT_EQ(summary(0x42000711, {14, 2, 1}), "block descriptor: output address 0x42000000, up to 0x43ffffff");
  EXPECT_EQ(summary(0x2000f003, {16, 2, 1}), "table descriptor: the next table is at 0xf000020000000");
  EXPECT_EQ(summary(0x0, {12, 0, 1}), "invalid descriptor: a translation fault");
  EXPECT_EQ(summary(0x7000b002, {12, 0, 1}), "invalid descriptor: a translation fault");
  for (const DescriptorPlace place : {DescriptorPlace{12, 0, 1}, {12, 3, 1}, {14, 1, 1}, {16, 3, 2}}) {
    EXPECT_EQ(summary(0x40000001, place), "reserved descriptor: not a block at this level, a translation fault");
  }
}

TEST(Descriptors, LeavesOfBothStages) {
  const Field one = decode_descriptor(0x00600000400006d1, {12, 1, 1}).root;
  EXPECT_EQ(meaning_of(one, "AP[2:1]"), "read only, EL0 too");
  EXPECT_EQ(meaning_of(one, "SH"), "Outer Shareable");
  EXPECT_EQ(value_of(one, "AttrIndx"), 4u);
  EXPECT_EQ(value_of(one, "UXN"), 1u);
  EXPECT_EQ(value_of(one, "PXN"), 1u);
  EXPECT_TRUE(meaning_of(decode_descriptor(0x40000301, {12, 1, 1}).root, "AF").contains("access flag fault"));
  const Field two = decode_descriptor(0x00400000400007fd, {12, 1, 2}).root;
  EXPECT_EQ(meaning_of(two, "S2AP"), "read and write");
  EXPECT_EQ(meaning_of(two, "MemAttr"), "Normal, Write-Back");
  EXPECT_EQ(meaning_of(two, "XN"), "not executable");
}

TEST(Descriptors, AnyBitsAtAnyPlace) {
  std::mt19937_64 random(11);
  for (const unsigned granule_bits : {12u, 14u, 16u}) {
    for (int level = granule_bits == 16 ? 1 : 0; level <= 3; ++level) {
      for (const int stage : {1, 2}) {
        for (int i = 0; i < 200; ++i) {
          const Descriptor descriptor = decode_descriptor(random(), {granule_bits, level, stage});
          ASSERT_FALSE(descriptor.summary.empty());
          ASSERT_NO_FATAL_FAILURE(expect_whole(descriptor.root));
        }
      }
    }
  }
}

}  // namespace
}  // namespace bootrig::aarch64
