#include "aarch64/translation_memory.h"

#include <gtest/gtest.h>

namespace bootrig::aarch64 {
namespace {

constexpr unsigned kInner = 3;

TEST(TranslationMemoryTest, BytesOfMair) {
  const struct {
    unsigned encoding;
    std::string text;
  } kRows[] = {{0x00, "Device-nGnRnE"},
               {0x04, "Device-nGnRE"},
               {0x08, "Device-nGRE"},
               {0x0c, "Device-GRE"},
               {0x01, "Device-nGnRnE"},  // FEAT_XS
               {0x02, "reserved memory type 0x2"},
               {0x40, "Normal NC, outer shareable"},  // FEAT_XS
               {0x44, "Normal NC, outer shareable"},
               {0xa0, "Normal WT RA, inner shareable"},  // FEAT_XS
               {0xbb, "Normal WT, inner shareable"},
               {0xaa, "Normal WT RA, inner shareable"},
               {0x88, "Normal WT no allocation, inner shareable"},
               {0x33, "Normal WT transient, inner shareable"},
               {0xff, "Normal WB, inner shareable"},
               {0xee, "Normal WB RA, inner shareable"},
               {0xdd, "Normal WB WA, inner shareable"},
               {0x77, "Normal WB transient, inner shareable"},
               {0x4f, "Normal inner WB outer NC, inner shareable"},
               {0xf0, "Normal WB tagged, inner shareable"},
               {0xc0, "reserved memory type 0xc0"}};
  for (const auto& row : kRows) EXPECT_EQ(to_text(mair_memory(row.encoding, kInner)), row.text) << row.encoding;
}

TEST(TranslationMemoryTest, Shareability) {
  EXPECT_EQ(to_text(mair_memory(0xff, 0)), "Normal WB, non-shareable");
  EXPECT_EQ(to_text(mair_memory(0xff, 1)), "Normal WB, reserved shareability");
  EXPECT_EQ(to_text(mair_memory(0xff, 2)), "Normal WB, outer shareable");
}

TEST(TranslationMemoryTest, Stage2) {
  const struct {
    unsigned encoding;
    std::string text;
  } kRows[] = {{0, "Device-nGnRnE"},
               {3, "Device-GRE"},
               {4, "reserved memory type 0x4"},
               {5, "Normal NC, outer shareable"},
               {10, "Normal WT, inner shareable"},
               {15, "Normal WB, inner shareable"},
               {13, "Normal inner NC outer WB, inner shareable"}};
  for (const auto& row : kRows) EXPECT_EQ(to_text(stage2_memory(row.encoding, kInner)), row.text) << row.encoding;
}

TEST(TranslationMemoryTest, TheWeakerOfTwoStages) {
  const MemoryType write_back = mair_memory(0xff, kInner), uncached = mair_memory(0x44, kInner);
  EXPECT_EQ(to_text(combine(write_back, stage2_memory(15, 0))), "Normal WB, inner shareable");
  EXPECT_EQ(to_text(combine(mair_memory(0xff, 0), stage2_memory(15, 2))), "Normal WB, outer shareable");
  EXPECT_EQ(to_text(combine(mair_memory(0xff, 0), stage2_memory(15, 0))), "Normal WB, non-shareable");
  EXPECT_EQ(to_text(combine(write_back, stage2_memory(10, kInner))), "Normal WT, inner shareable");
  EXPECT_EQ(to_text(combine(uncached, stage2_memory(15, kInner))), "Normal NC, outer shareable");
  EXPECT_EQ(to_text(combine(mair_memory(0xee, kInner), stage2_memory(15, kInner))), "Normal WB RA, inner shareable");
  EXPECT_EQ(to_text(combine(write_back, stage2_memory(1, kInner))), "Device-nGnRE");
  EXPECT_EQ(to_text(combine(device_memory(), stage2_memory(15, kInner))), "Device-nGnRnE");
  EXPECT_EQ(to_text(combine(mair_memory(0x0c, 0), stage2_memory(2, 0))), "Device-nGRE");
  EXPECT_EQ(to_text(combine(mair_memory(0x02, 0), stage2_memory(15, 0))), "reserved memory type 0x2");
  EXPECT_EQ(to_text(combine(write_back, stage2_memory(4, 0))), "reserved memory type 0x4");
}

TEST(TranslationMemoryTest, TagsNeedWriteBackInBothStages) {
  EXPECT_TRUE(combine(mair_memory(0xf0, kInner), stage2_memory(15, kInner)).tagged);
  EXPECT_FALSE(combine(mair_memory(0xf0, kInner), stage2_memory(10, kInner)).tagged);
  EXPECT_FALSE(combine(mair_memory(0xff, kInner), stage2_memory(15, kInner)).tagged);
}

TEST(TranslationMemoryTest, ForcedWriteBack) {
  const MemoryType uncached = mair_memory(0x44, 0), cached = mair_memory(0xbb, 0);
  EXPECT_EQ(to_text(combine_forced(cached, 6, kInner)), "Normal WB, inner shareable");
  EXPECT_EQ(to_text(combine_forced(uncached, 6, 0)), "Normal WB, outer shareable");  // NC was outer shareable
  EXPECT_EQ(to_text(combine_forced(cached, 5, kInner)), "Normal NC, outer shareable");
  EXPECT_EQ(to_text(combine_forced(cached, 7, kInner)), "Normal WT, inner shareable");
  EXPECT_EQ(to_text(combine_forced(cached, 1, kInner)), "Device-nGnRE");
  EXPECT_EQ(to_text(combine_forced(mair_memory(0x0c, 0), 6, 0)), "Device-GRE");
  EXPECT_EQ(to_text(combine_forced(cached, 4, 0)), "reserved memory type 0x4");
}

}  // namespace
}  // namespace bootrig::aarch64
