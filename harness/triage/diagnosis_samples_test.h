// Diagnoses for the tests of what writes them.
#pragma once

#include "triage/diagnosis.h"

namespace bootrig {

// Every field is set, no two to the same value.
inline Diagnosis full_diagnosis() {
  Diagnosis diagnosis;
  diagnosis.headline =
      "Instruction Abort, same EL: translation fault, level 0  (ESR_EL1 0x86000004)  FAR = ELR = 0xffffff8040000000";
  diagnosis.findings = {"dump of microkit-loader at line 31 of the console",
                        "walk L0[0x1ff] at 0x7000cff8 <boot_lvl0_upper+0xff8> = 0x0  invalid",
                        "the tables give the syndrome that the CPU reported"};
  diagnosis.cause = RootCause{"table-not-linked",
                              "the level 0 table has no entry for 0xffffff8040000000; boot_lvl1_upper is filled and "
                              "would lead to 0x40000000, but nothing points to it",
                              "the descriptor at 0x7000cff8 <boot_lvl0_upper+0xff8> must hold 0x7000b003"};
  diagnosis.missing = {"the kernel's symbols"};
  diagnosis.signature = "table-not-linked EC 0x21, translation fault, level 0, boot_lvl0_upper";
  diagnosis.exception = ExceptionLine{1,
                                      "Instruction Abort, same EL: translation fault, level 0",
                                      0x86000004,
                                      0xffffff8040000000,
                                      0xffffff8040000004,
                                      0x86000005};
  diagnosis.walk = {{1, 0, 0x1ff, 0x7000cff8, "boot_lvl0_upper+0xff8", 0, "invalid"},
                    {2, 3, 7, 0x7000b038, "stage2_table+0x38", 0xffff'ffff'ffff'fff1, "page at 0x40000000"}};
  diagnosis.cpus = {{0, 1, 0x70002200, "vectors+0x200", "in its exception vectors"},
                    {1, 2, 0x70003300, "park+0x4", "waits for an interrupt or event"}};
  diagnosis.code = {"  0x70002ffc  mov x0, x4", "> 0x70003000  br x4"};
  diagnosis.backtrace = {"#0 0x70003000 <start_kernel+0x10> loader.c:12", "#1 0x70003100 <main+0x40> loader.c:99"};
  diagnosis.rerun = RerunLine{"at-exception", "booted once more and stopped at the exception", 41,
                              RootCause{"null-pointer", "the loader reads from address 0x8", "set the pointer"}};
  return diagnosis;
}

}  // namespace bootrig
