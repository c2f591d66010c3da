#include "inspect/code_step.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

class Words : public CodeMemory {
 public:
  std::optional<std::uint64_t> constant(std::uint64_t address, unsigned size) const override {
    return address == 0x2000 && size == 8 ? std::optional<std::uint64_t>(0x1122334455667788) : std::nullopt;
  }
  std::optional<std::uint64_t> literal(std::uint64_t address, unsigned size) const override {
    return constant(address, size);
  }
};

// x1 after one instruction at 0x1000; the words are what GNU as makes of the texts.
CodeValue x1_after(std::uint32_t word, CodeState state = {}) {
  (void)step(word, 0x1000, Words(), state);
  return state.x[1];
}

CodeState with(unsigned reg, std::uint64_t number) {
  CodeState state;
  state.x[reg] = CodeValue::known(number);
  return state;
}

TEST(CodeStep, Immediates) {
  EXPECT_EQ(x1_after(0xd2a10081), CodeValue::known(0x08040000));                       // mov x1, #0x8040000
  EXPECT_EQ(x1_after(0xf2800081, with(1, 0x08000000)), CodeValue::known(0x08000004));  // movk x1, #4
  EXPECT_EQ(x1_after(0x12800001), CodeValue::known(0xffffffff));                       // mov w1, #-1
  EXPECT_EQ(x1_after(0x10000001), CodeValue::known(0x1000));                           // adr x1, .
  EXPECT_EQ(x1_after(0xb0000001), CodeValue::known(0x2000));                           // adrp x1, next page
  EXPECT_EQ(x1_after(0xb2400fe1), CodeValue::known(0xf));                              // mov x1, #0xf (orr)
  EXPECT_EQ(x1_after(0x121e7841, with(2, 0xff)), CodeValue::known(0xfd));              // and w1, w2, #0xfffffffd
  EXPECT_EQ(x1_after(0x91400441, with(2, 8)), CodeValue::known(0x1008));               // add x1, x2, #1, lsl #12
  EXPECT_EQ(x1_after(0xd3441c41, with(2, 0x2bf)), CodeValue::known(0xb));              // ubfx x1, x2, #4, #4
  EXPECT_EQ(x1_after(0xd37cec41, with(2, 0x11)), CodeValue::known(0x110));             // lsl x1, x2, #4
}

TEST(CodeStep, Registers) {
  EXPECT_EQ(x1_after(0xaa0203e1, with(2, 77)), CodeValue::known(77));  // mov x1, x2
  CodeState state = with(2, 0x08000000);
  state.x[3] = CodeValue::known(0x20);
  EXPECT_EQ(x1_after(0x8b030041, state), CodeValue::known(0x08000020));  // add x1, x2, x3
  EXPECT_EQ(x1_after(0x8b234041, state), CodeValue::known(0x08000020));  // add x1, x2, w3, uxtw
  EXPECT_EQ(x1_after(0x9ac32041, state), CodeValue());                   // lsl x1, x2, x3: forgotten
}

TEST(CodeStep, LoadsAndStores) {
  EXPECT_EQ(x1_after(0x58008001), CodeValue::known(0x1122334455667788));  // ldr x1, 0x2000
  CodeState state = with(2, 0x3000);
  state.x[1] = CodeValue::known(42);
  (void)step(0xf9000441, 0x1000, Words(), state);  // str x1, [x2, #8]
  state.x[1] = {};
  const CodeState stored = state;
  EXPECT_EQ(x1_after(0xf9400441, stored), CodeValue::known(42));  // ldr x1, [x2, #8]
  state.x[4] = {};
  (void)step(0xf9000083, 0x1000, Words(), state);  // str x3, [x4], anywhere
  EXPECT_EQ(x1_after(0xf9400441, state), CodeValue());
}

TEST(CodeStep, WriteBackMovesTheBase) {
  CodeState state = with(1, 0x08000080);
  const CodeEffect effect = step(0xb8004422, 0x1000, Words(), state);  // str w2, [x1], #4
  ASSERT_TRUE(effect.access);
  EXPECT_EQ(effect.access->address, CodeValue::known(0x08000080));
  EXPECT_TRUE(effect.access->undescribed && effect.access->store);
  EXPECT_EQ(effect.access->size, 4u);
  EXPECT_EQ(state.x[1], CodeValue::known(0x08000084));
  EXPECT_TRUE(step(0xa9000c22, 0x1000, Words(), state).access->undescribed);   // stp x2, x3, [x1]
  EXPECT_FALSE(step(0xb9000022, 0x1000, Words(), state).access->undescribed);  // str w2, [x1]
}

TEST(CodeStep, FlagsDecideBranches) {
  CodeState state = with(0, 8);
  (void)step(0xf100201f, 0x1000, Words(), state);                // cmp x0, #8
  CodeEffect effect = step(0x54000041, 0x1004, Words(), state);  // b.ne +8
  EXPECT_EQ(effect.step.kind, CodeStep::Kind::kNext);
  effect = step(0x54000040, 0x1004, Words(), state);  // b.eq +8
  EXPECT_EQ(effect.step.kind, CodeStep::Kind::kBranch);
  EXPECT_EQ(effect.step.target, 0x100cu);
  EXPECT_FALSE(effect.step.falls_through);
  state.flags.reset();
  EXPECT_TRUE(step(0x54000040, 0x1004, Words(), state).step.falls_through);
}

TEST(CodeState, JoinsComeToAnEnd) {
  const CodeValue a = CodeValue::known(0x8000000), b = CodeValue::known(0x8000004), far = CodeValue::known(0x9000000);
  EXPECT_EQ(join(a, a), a);
  EXPECT_EQ(join(a, b).kind, CodeValue::Kind::kNear);
  EXPECT_EQ(join(join(a, b), b), join(a, b));
  EXPECT_EQ(join(a, far), CodeValue());
  EXPECT_EQ(join(join(a, b), far), CodeValue());
  EXPECT_EQ(join(CodeValue(), a), CodeValue());
}

}  // namespace
}  // namespace bootrig
