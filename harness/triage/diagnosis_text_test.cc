#include "triage/diagnosis_text.h"

#include <gtest/gtest.h>

#include "base/console_text.h"
#include "triage/diagnosis_samples_test.h"

namespace bootrig {
namespace {

TEST(DiagnosisText, ReadsAsInTheDesign) {
  EXPECT_EQ(diagnosis_text(full_diagnosis(), 100),
            "Instruction Abort, same EL: translation fault, level 0  (ESR_EL1 0x86000004)  FAR = ELR =\n"
            "  0xffffff8040000000\n"
            "  dump of microkit-loader at line 31 of the console\n"
            "  walk L0[0x1ff] at 0x7000cff8 <boot_lvl0_upper+0xff8> = 0x0  invalid\n"
            "  the tables give the syndrome that the CPU reported\n"
            "CAUSE      the level 0 table has no entry for 0xffffff8040000000; boot_lvl1_upper is filled and\n"
            "           would lead to 0x40000000, but nothing points to it\n"
            "CHANGE     the descriptor at 0x7000cff8 <boot_lvl0_upper+0xff8> must hold 0x7000b003\n"
            "code         0x70002ffc  mov x0, x4\n"
            "           > 0x70003000  br x4\n"
            "backtrace  #0 0x70003000 <start_kernel+0x10> loader.c:12\n"
            "           #1 0x70003100 <main+0x40> loader.c:99\n"
            "CPUs       CPU 0 at EL1, PC 0x70002200 <vectors+0x200>: in its exception vectors\n"
            "           CPU 1 at EL2, PC 0x70003300 <park+0x4>: waits for an interrupt or event\n"
            "MISSING    the kernel's symbols\n");
}

TEST(DiagnosisText, ACpuIsToldOnce) {
  Diagnosis diagnosis = full_diagnosis();
  diagnosis.findings.push_back("CPU 1 at EL2, PC 0x70003300");
  const auto cpus = untold_cpus(diagnosis);
  ASSERT_EQ(cpus.size(), 1u);
  EXPECT_EQ(cpus[0].index, 0u);
}

TEST(DiagnosisMarkdown, IsAShortHeadingTheCauseAndABlock) {
  EXPECT_EQ(diagnosis_markdown(full_diagnosis()),
            "### Instruction Abort, same EL: translation fault, level 0  (ESR\\_EL1 0x86000004)  FAR = ELR = "
            "0xffffff8040000000\n\n"
            "**Cause:** the level 0 table has no entry for 0xffffff8040000000; boot\\_lvl1\\_upper is filled and would "
            "lead to "
            "0x40000000, but nothing points to it\n\n"
            "**Change:** the descriptor at 0x7000cff8 \\<boot\\_lvl0\\_upper+0xff8\\> must hold 0x7000b003\n\n"
            "```text\n"
            "Instruction Abort, same EL: translation fault, level 0\n"
            "  ESR_EL1 0x86000004  FAR_EL1 0xffffff8040000000  ELR_EL1 0xffffff8040000004\n"
            "  dump of microkit-loader at line 31 of the console\n"
            "  walk L0[0x1ff] at 0x7000cff8 <boot_lvl0_upper+0xff8> = 0x0  invalid\n"
            "  the tables give the syndrome that the CPU reported\n"
            "code         0x70002ffc  mov x0, x4\n"
            "           > 0x70003000  br x4\n"
            "backtrace  #0 0x70003000 <start_kernel+0x10> loader.c:12\n"
            "           #1 0x70003100 <main+0x40> loader.c:99\n"
            "CPUs       CPU 0 at EL1, PC 0x70002200 <vectors+0x200>: in its exception vectors\n"
            "           CPU 1 at EL2, PC 0x70003300 <park+0x4>: waits for an interrupt or event\n"
            "MISSING    the kernel's symbols\n"
            "signature  table-not-linked EC 0x21, translation fault, level 0, boot_lvl0_upper\n"
            "```\n");
}

// Every text of a diagnosis, filled with what a guest or an ELF might say.
Diagnosis hostile_diagnosis(const std::string& said) {
  Diagnosis diagnosis = full_diagnosis();
  diagnosis.headline = diagnosis.signature = diagnosis.cause->what = diagnosis.cause->change = said;
  diagnosis.findings = diagnosis.missing = diagnosis.code = diagnosis.backtrace = {said};
  diagnosis.exception->text = diagnosis.walk[0].symbol = diagnosis.walk[0].meaning = said;
  diagnosis.cpus[0].symbol = diagnosis.cpus[0].state = said;
  return diagnosis;
}

TEST(DiagnosisText, NoByteIsLeftThatATerminalObeys) {
  std::string said = "\n\xe2\x80\xae";
  for (int byte = 0; byte < 256; ++byte) said += static_cast<char>(byte);
  const Diagnosis diagnosis = hostile_diagnosis(said);
  for (const std::string& text : {diagnosis_text(diagnosis), diagnosis_markdown(diagnosis)}) {
    for (const char c : text) EXPECT_TRUE(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
    EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos);
  }
}

TEST(DiagnosisText, NoLineIsWiderThanTheTerminal) {
  const std::string wide = std::string(5000, 'x') + " " + std::string(300, 'y');
  for (const std::size_t width : {1u, 40u, 120u}) {
    for (const std::string& line : diagnosis_lines(hostile_diagnosis(wide), width)) {
      EXPECT_LE(columns_of(line), std::max<std::size_t>(width, 21)) << line;
    }
  }
}

TEST(DiagnosisMarkdown, NothingIsMarkupButOurs) {
  const std::string text = diagnosis_markdown(
      hostile_diagnosis("```` <script>alert(1)</script> @everyone #1 [x](http://x) www.x.org ![x](y) **b** &lt; $a$"));
  // Outside the block, with what is code by our own backticks taken out, nothing starts anything.
  const std::string before = text.substr(0, text.find("`````text\n"));
  ASSERT_LT(before.size(), text.size()) << "the fence must be longer than any run of backticks inside";
  EXPECT_NE(
      before.find("\\<script\\>alert(1)\\</script\\> `@`everyone `#`1 \\[x\\](http\\://x) www\\.x.org \\!\\[x\\]"),
      std::string::npos)
      << before;
  EXPECT_NE(before.find("\\`\\`\\`\\` "), std::string::npos) << before;
  EXPECT_EQ(text.find("`````\n"), text.size() - 6) << "one fence closes the block, at the end";
}

TEST(DiagnosisMarkdown, AnEmptyDiagnosisIsStillWellFormed) {
  EXPECT_EQ(diagnosis_markdown({}), "### \n\n```text\n```\n");
}

}  // namespace
}  // namespace bootrig
