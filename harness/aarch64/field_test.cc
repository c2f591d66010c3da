#include "aarch64/field.h"

#include <gtest/gtest.h>

#include "aarch64/field_text.h"
#include "aarch64/syndrome.h"

namespace bootrig::aarch64 {
namespace {

TEST(Field, TilesFindsGapsOverlapsAndEnds) {
  constexpr FieldSpec whole[] = {{"A", 7, 4}, {"B", 3, 3}, {"C", 2, 0}};
  constexpr FieldSpec gap[] = {{"A", 7, 4}, {"C", 2, 0}};
  constexpr FieldSpec overlap[] = {{"A", 7, 4}, {"B", 4, 3}, {"C", 2, 0}};
  constexpr FieldSpec short_of_the_end[] = {{"A", 7, 4}, {"B", 3, 1}};
  constexpr FieldSpec upside_down[] = {{"A", 7, 4}, {"B", 0, 3}};
  EXPECT_TRUE(tiles(whole, 7, 0));
  EXPECT_FALSE(tiles(whole, 8, 0));
  for (const Layout layout : {Layout(gap), Layout(overlap), Layout(short_of_the_end), Layout(upside_down), Layout()}) {
    EXPECT_FALSE(tiles(layout, 7, 0));
  }
}

TEST(Field, Bits) {
  EXPECT_EQ(bits(0xf0, 7, 4), 0xfu);
  EXPECT_EQ(bits(~std::uint64_t{0}, 63, 0), ~std::uint64_t{0});
  EXPECT_EQ(bits(std::uint64_t{1} << 63, 63, 63), 1u);
}

TEST(Field, ReservedBitsAndValuesAreMarked) {
  constexpr FieldSpec layout[] = {{"RES0", 7, 6}, {"RES1", 5, 4}, {"MODE", 3, 0, words<"off", "on", "reserved value">}};
  const auto marks = [&](std::uint64_t value) {
    std::string text;
    for (const Field& field : decode_fields(layout, value)) text += field.reserved_set ? '!' : '.';
    return text;
  };
  EXPECT_EQ(marks(0b00110001), "...");
  EXPECT_EQ(marks(0b01110001), "!..");
  EXPECT_EQ(marks(0b00010001), ".!.");
  EXPECT_EQ(marks(0b00110010), "..!");
  EXPECT_EQ(marks(0b00111111), "..!");  // beyond the last word
}

TEST(FieldText, AlignedTreeWithWhatMatters) {
  EXPECT_EQ(field_text(decode_esr(0x86000044).root),
            "ESR_ELx 0x86000044\n"
            "  [55:32]  ISS2   0x0\n"
            "  [31:26]  EC     0x21  Instruction Abort taken without a change in Exception level\n"
            "  [25]     IL     0x1   32-bit instruction, or always 1 for this exception\n"
            "  [24:0]   ISS    0x44\n"
            "    [10]   FnV    0x0   FAR is valid\n"
            "    [7]    S1PTW  0x0   not a stage 2 fault on a stage 1 walk\n"
            "    [6]    RES0   0x1   reserved bits are not 0 (!)\n"
            "    [5:0]  IFSC   0x4   translation fault, level 0\n"
            "  bits not shown are 0\n");
}

}  // namespace
}  // namespace bootrig::aarch64
