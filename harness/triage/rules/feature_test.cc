#include <gmock/gmock.h>

#include "triage/rules/window_test.h"

namespace bootrig {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kFloatingPoint = 0x1fe00000, kSve = 0x66000000;

// The kernel of the window executes an instruction at its offset 0x120.
class FeatureTest : public WindowTest {
 protected:
  Diagnosis with(std::uint64_t esr, std::uint32_t in_memory, std::uint32_t in_file) {
    std::string code = memory_.at(kKernel);
    for (unsigned byte = 0; byte < 4; ++byte) code[0x120 + byte] = static_cast<char>(in_file >> (8 * byte));
    files_.clear();
    add_file("kernel.elf", kWindow, kKernel, code, kRead | kExecute);
    memory_[kKernel] = code;
    put_code(kKernel + 0x120, in_memory);
    dump(esr, 0, kWindow + 0x120);
    return diagnose_machine();
  }
  static std::string what(const Diagnosis& diagnosis) { return diagnosis.cause ? diagnosis.cause->what : ""; }
};

TEST_F(FeatureTest, InstructionsOfExtensions) {
  for (const std::uint32_t word : {
           0xb8200020u,  // ldadd w0, w0, [x1]
           0xf8e30041u,  // ldaddal x3, x1, [x2]
           0xb8a28020u,  // swpa w2, w0, [x1]
           0xc8e0fc41u,  // casal x0, x1, [x2]
           0x9ac34c41u,  // crc32x w1, w2, x3
           0xd65f0bffu,  // retaa
           0xd73f0a30u,  // blraa x17, x16
           0xdac10041u,  // pacia x1, x2
       }) {
    EXPECT_EQ(cause(with(kUndefined, word, word)), "cpu-lacks-feature") << std::hex << word;
  }
  const Diagnosis diagnosis = with(kUndefined, 0xb8200020, 0xb8200020);
  EXPECT_EQ(what(diagnosis),
            "the instruction at 0xffffff8040000120 (b8200020) is an atomic memory operation (FEAT_LSE), which this "
            "machine's CPU does not have: it is undefined there");
  EXPECT_THAT(change(diagnosis), HasSubstr("whose CPU has FEAT_LSE: Armv8.1 and later"));
}

TEST_F(FeatureTest, OrdinaryInstructionsAndOtherExceptionsAreNot) {
  for (const std::uint32_t word : {
           0xb9400020u,  // ldr w0, [x1]
           0xb8606820u,  // ldr w0, [x1, x0]
           0xb8bfc020u,  // ldapr w0, [x1]
           0x885f7c20u,  // ldxr w0, [x1]
           0xd65f03c0u,  // ret
           0xdac00041u,  // rbit x1, x2
           0x00000000u,  // udf
       }) {
    EXPECT_NE(cause(with(kUndefined, word, word)), "cpu-lacks-feature") << std::hex << word;
  }
  EXPECT_NE(cause(with(0x96000021, 0xb8200020, 0xb8200020)), "cpu-lacks-feature");
}

TEST_F(FeatureTest, RegistersThatAreSwitchedOff) {
  Diagnosis diagnosis = with(kFloatingPoint, 0x3dc00020, 0x3dc00020);
  EXPECT_EQ(cause(diagnosis), "floating-point-trapped");
  EXPECT_EQ(what(diagnosis),
            "code at EL1 uses floating-point (or SIMD) registers at 0xffffff8040000120, and access to "
            "them is trapped to EL1");
  EXPECT_EQ(change(diagnosis),
            "set CPACR_EL1.FPEN (to 0b11) before the first use, or build this code without them "
            "(-mgeneral-regs-only)");
  diagnosis = with(kSve, 0x3dc00020, 0x3dc00020);
  EXPECT_EQ(cause(diagnosis), "floating-point-trapped");
  EXPECT_EQ(change(diagnosis), "set CPACR_EL1.ZEN (to 0b11) before the first use, or build this code without them");
}

// Without a dump the syndrome may be of an exception that a kernel with lazy switching has long dealt with.
TEST_F(FeatureTest, RegistersWithoutADumpSayNothing) {
  cpu_.system["ESR_EL1"] = kFloatingPoint;
  cpu_.system["ELR_EL1"] = kWindow + 0x120;
  text_ = "nothing of the kind\n";
  const SymbolTable symbols;
  FakeInspection machine({{cpu_}, memory_, {{"info mtree -f", map_}}});
  const auto diagnosis = diagnose({text_, nullptr, &machine, &symbols, StoppedFor::kConsole, files_, loaded_});
  EXPECT_TRUE(!diagnosis || !diagnosis->cause);
}

TEST_F(FeatureTest, CodeThatMemoryDoesNotHold) {
  const Diagnosis diagnosis = with(kUndefined, 0, 0xd65f03c0);
  EXPECT_EQ(cause(diagnosis), "code-overwritten");
  EXPECT_EQ(what(diagnosis),
            "memory at 0xffffff8040000120 holds 0x00000000, where kernel.elf has the instruction "
            "0xd65f03c0: something has written over the code, or not all of it was loaded");
  EXPECT_THAT(change(diagnosis), HasSubstr("watch physical 0x40000120"));
}

TEST_F(FeatureTest, CodeAtAnotherPlaceIsTheTablesDefect) {
  with(kUndefined, 0, 0xd65f03c0);
  put(kUpper2, 0, 0x42000000 | kNormalBlock);
  EXPECT_NE(cause(diagnose_machine()), "code-overwritten");
}

// The same in both is the file's own defect; what an extension explains was put there by the program; a second file at
// the address may be the one that ran.
TEST_F(FeatureTest, NearMissesOfOverwrittenCode) {
  EXPECT_EQ(cause(with(kUndefined, 0, 0)), "");
  EXPECT_EQ(cause(with(kUndefined, 0xb8200020, 0xd65f03c0)), "cpu-lacks-feature");
  EXPECT_EQ(cause(with(kUndefined, 0xd503201f, 0xd65f03c0)), "");  // a nop is not undefined: memory has changed since
  with(kUndefined, 0, 0xd65f03c0);
  add_file("other.elf", kWindow, kKernel, std::string(4096, 'x'), kRead | kExecute);
  EXPECT_EQ(cause(diagnose_machine()), "");
}

}  // namespace
}  // namespace bootrig
