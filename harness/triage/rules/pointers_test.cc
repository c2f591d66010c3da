// Of null and wild pointers, of stacks that end, and of jumps to where no code is.
#include "triage/rules/window_test.h"

namespace bootrig {
namespace {

class Pointers : public WindowTest {
 protected:
  Pointers() { add_file("user.elf", 0x200000, 0x200000, "user code", kRead | kExecute); }
  static constexpr std::uint64_t kWild = 0x123456789000;
  // User code at 0x8000000000, one page of it mapped, as a stack as well.
  void map_user() {
    constexpr std::uint64_t kUser1 = 0x7000f000, kUser2 = 0x70010000, kUser3 = 0x70011000;
    for (const std::uint64_t table : {kUser1, kUser2, kUser3}) memory_[table] = page();
    put(kLower0, 1, kUser1 | 3);
    put(kUser1, 0, kUser2 | 3);
    put(kUser2, 0, kUser3 | 3);
    put(kUser3, 16, 0x41000000 | 0x753);
    memory_[0x41000000] = page();
  }
  static constexpr std::uint64_t kUserPage = 0x8000010000;
};

TEST_F(Pointers, NullOfUserCode) {
  memory_[kLower0] = page();
  dump(kUserRead | kTranslationLevel0, 0x10, 0x8000000000, {}, true);
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "null-pointer");
  EXPECT_EQ(diagnosis.cause->what, "user code at 0x8000000000 reads from address 0x10, which no table maps");
}

TEST_F(Pointers, NullOfTheKernel) {
  memory_[kLower0] = page();
  dump(kWriteAbort | kTranslationLevel0, 0x10, kWindow + 4);
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "null-pointer");
  EXPECT_EQ(diagnosis.cause->what, "code at EL1 at 0xffffff8040000004 writes to address 0x10, which no table maps");
}

// Where in the function it stands moves from build to build; which function it is does not.
TEST_F(Pointers, SignatureNamesTheFunction) {
  memory_[kLower0] = page();
  names_ = {{"open_door", kWindow, 0x20, true}, {"close_door", kWindow + 0x20, 0x20, true}};
  const auto signature_at = [this](std::uint64_t elr) {
    dump(kWriteAbort | kTranslationLevel0, 0x10, elr);
    return diagnose_machine().signature;
  };
  EXPECT_EQ(signature_at(kWindow + 4), "null-pointer EC 0x25, translation fault, level 0, open_door");
  EXPECT_EQ(signature_at(kWindow + 8), signature_at(kWindow + 4));
  EXPECT_EQ(signature_at(kWindow + 0x24), "null-pointer EC 0x25, translation fault, level 0, close_door");
}

TEST_F(Pointers, NullIsNoNullWhereAFileHasSomething) {
  memory_[kLower0] = page();
  add_file("user.elf", 0, 0, "code", kRead | kExecute);
  dump(kUserRead | kTranslationLevel0, 0, 0x8000000000, {}, true);
  EXPECT_EQ(cause(diagnose_machine()), "table-entry-missing");
}

TEST_F(Pointers, WildOfTheKernelAndOfUserCode) {
  dump(kReadAbort | kTranslationLevel0, kWild, kWindow + 4);
  EXPECT_EQ(cause(diagnose_machine()), "wild-pointer");
  dump(kUserWrite | kTranslationLevel0, kWild, 0x8000000000, {}, true);
  EXPECT_EQ(cause(diagnose_machine()), "wild-pointer");
}

TEST_F(Pointers, NotWildWhereAnUnknownFileMayHaveSomething) {
  files_.pop_back();
  dump(kReadAbort | kTranslationLevel0, kWild, kWindow + 4);
  EXPECT_EQ(cause(diagnose_machine()), "");
}

TEST_F(Pointers, NonCanonicalIsWildWithoutTables) {
  dump(kReadAbort | kTranslationLevel0, 0x6b6b6b6b6b6b6b73, kWindow + 4);
  EXPECT_EQ(cause(diagnose_text()), "wild-pointer");
  dump(kReadAbort | kTranslationLevel0, kWild, kWindow + 4);
  EXPECT_EQ(cause(diagnose_text()), "");
}

// The kernel has taken an interrupt since user code faulted: ESR and FAR are of the fault, ELR and SPSR are not.
TEST_F(Pointers, NullOfUserCodeBeforeAnInterrupt) {
  memory_[kLower0] = page();
  cpu_.pstate = 0x3c5;
  cpu_.system["ESR_EL1"] = kUserRead | kTranslationLevel0;
  cpu_.system["FAR_EL1"] = 0;
  cpu_.system["ELR_EL1"] = kWindow + 0x20;
  cpu_.system["SPSR_EL1"] = 0x5;
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "null-pointer");
  EXPECT_EQ(diagnosis.cause->what, "user code at an address that is lost reads from address 0x0, which no table maps");
  EXPECT_FALSE(diagnosis.exception->elr);
  cpu_.system["SPSR_EL1"] = 0x3c0;
  cpu_.system["ELR_EL1"] = 0x8000000000;
  EXPECT_EQ(diagnose_machine().cause->what, "user code at 0x8000000000 reads from address 0x0, which no table maps");
}

// TCR's size leaves no table for it; whatever files there are besides.
TEST_F(Pointers, OutOfRangeIsWild) {
  cpu_.system["TCR_EL1"] = 0x1285100510 | 24;  // T0SZ 24 instead of 16
  files_.clear();
  dump(kReadAbort | kTranslationLevel0, 0xffff00000000, kLoader + 0x100);
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "wild-pointer");
  EXPECT_NE(diagnosis.cause->what.find("reads from 0xffff00000000, which no table could map: the address is "
                                       "above the range of TTBR0_EL1 (T0SZ 24), which ends at 0xffffffffff"),
            std::string::npos)
      << diagnosis.cause->what;
}

// At a power of two above memory it may be a kernel's window, and TCR what is wrong.
TEST_F(Pointers, OutOfRangeIsNotWildWhereAWindowMayBe) {
  cpu_.system["TCR_EL1"] = 0x1285100510 | 25;
  files_.clear();
  dump(kReadAbort | kTranslationLevel0, 0x8040001000, kLoader + 0x100);
  EXPECT_EQ(cause(diagnose_machine()), "");
}

// A driver without its mapping: the device is there.
TEST_F(Pointers, ADeviceThatNobodyHasMapped) {
  memory_[kLower0] = page();
  dump(kUserRead | kTranslationLevel0, 0x09000018, 0x8000000000, {}, true);
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "device-not-mapped");
  EXPECT_EQ(diagnosis.cause->what,
            "user code at 0x8000000000 reads from 0x9000018, which no table maps; it is the physical address of pl011");
  dump(kReadAbort | kTranslationLevel0, 0x09000018, kWindow + 4);
  EXPECT_EQ(cause(diagnose_machine()), "device-not-mapped");
  dump(kUserRead | kAlignment, 0x09000019, 0x8000000000, {}, true);
  EXPECT_NE(cause(diagnose_machine()), "device-not-mapped");
  EXPECT_NE(cause(diagnose_text()), "device-not-mapped");
}

// A loader's pointer, used with the MMU on; what else lies in memory is not known to be meant.
TEST_F(Pointers, ADeviceTreeThatNobodyHasMapped) {
  constexpr std::uint64_t kTree = 0x48000000;
  memory_[kLower0] = page();
  memory_[kTree] = page();
  memory_[kTree].replace(0, 8, std::string("\xd0\x0d\xfe\xed\0\0\x20\0", 8));
  dump(kReadAbort | kTranslationLevel0, kTree, kWindow + 4);
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "device-tree-not-mapped");
  EXPECT_EQ(
      diagnosis.cause->what,
      "code at EL1 at 0xffffff8040000004 reads the device tree at its physical address, 0x48000000, which no table "
      "maps");
  EXPECT_TRUE(change(diagnosis).starts_with("map 0x48000000..0x48001fff before")) << change(diagnosis);
  dump(kReadAbort | kTranslationLevel0, kTree + 4, kWindow + 4);
  EXPECT_EQ(cause(diagnose_machine()), "device-tree-not-mapped");
  dump(kWriteAbort | kTranslationLevel0, kTree, kWindow + 4);
  EXPECT_EQ(cause(diagnose_machine()), "");
  dump(kReadAbort | kTranslationLevel0, kTree + 0x40, kWindow + 4);
  EXPECT_EQ(cause(diagnose_machine()), "");
  dump(kReadAbort | kTranslationLevel0, kTree, kWindow + 4);
  memory_[kTree][3] = 'x';
  EXPECT_EQ(cause(diagnose_machine()), "");
}

TEST_F(Pointers, NotWildWhereTheMachineHasSomething) {
  memory_[kLower0] = page();
  // In the kernel's window, behind what is mapped: there is memory.
  dump(kReadAbort | kTranslationLevel2, kWindow + 0x600000, kWindow + 4);
  EXPECT_EQ(cause(diagnose_machine()), "");
}

TEST_F(Pointers, NotWildJustBehindSomething) {
  map_user();
  dump(kUserWrite | 7, kUserPage + 0x1000, 0x8000000000, {}, true);
  EXPECT_EQ(cause(diagnose_machine()), "");
}

TEST_F(Pointers, StackThatEnds) {
  map_user();
  dump(kUserWrite | 7, kUserPage - 0x20, 0x8000000000, {{"SP", kUserPage - 0x20}}, true);
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "stack-overflow");
  EXPECT_NE(diagnosis.cause->what.find("the stack ends at 0x8000010000"), std::string::npos);
}

// The stack pointer is far away: something else went over that page's start.
TEST_F(Pointers, NoStackFarFromTheStackPointer) {
  map_user();
  dump(kUserWrite | 7, kUserPage - 0x20, 0x8000000000, {{"SP", kUserPage + 0x8000}}, true);
  EXPECT_EQ(cause(diagnose_machine()), "");
}

// A stack pointer that was never right: nothing is mapped above it.
TEST_F(Pointers, NoStackWithoutMemoryAbove) {
  dump(kUserWrite | kTranslationLevel0, kWild, 0x8000000000, {{"SP", kWild}}, true);
  EXPECT_EQ(cause(diagnose_machine()), "wild-pointer");
}

// It is mapped, as the CPU itself says; a read of it, or a write of the kernel, is another matter.
TEST_F(Pointers, AWriteThatUserCodeMayNotDo) {
  dump(kUserWrite | 15, 0x20000010, 0x8000000000, {}, true);
  EXPECT_EQ(cause(diagnose_machine()), "read-only-mapping");
  EXPECT_EQ(cause(diagnose_text()), "read-only-mapping");
  dump(kUserRead | 15, 0x20000010, 0x8000000000, {}, true);
  EXPECT_EQ(cause(diagnose_text()), "");
  dump(kWriteAbort | 15, 0x20000010, kWindow + 4);
  EXPECT_EQ(cause(diagnose_text()), "");
}

// stp x29, x30, [sp, #-32]! of the file's code, where nothing was ever a stack; by x1 it is a pointer like others.
TEST_F(Pointers, AStackPointerThatWasNeverSet) {
  constexpr std::uint64_t kNoStack = 0xffffffffffffffe0, kCode = 0x300000;
  add_file("program.elf", kCode, kCode, std::string("\xfd\x7b\xbe\xa9\x20\x00\x40\xf9", 8), kRead | kExecute);
  dump(kUserWrite | kTranslationLevel1, kNoStack, kCode, {}, true);
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "wild-pointer");
  EXPECT_TRUE(change(diagnosis).starts_with("the pointer used at 0x300000 is the stack pointer: set it"));
  dump(kUserRead | kTranslationLevel1, kNoStack, kCode + 4, {}, true);
  EXPECT_EQ(change(diagnose_machine()), "find where the pointer used at 0x300004 comes from");
}

// The kernel prints the fault of user code that it ends; its own traps, and other classes, are not meant.
TEST_F(Pointers, ARegisterThatUserCodeMayNotRead) {
  constexpr std::uint64_t kTrappedRead = 0x6230e43b;  // of PMCCNTR_EL0
  add_file("program.elf", 0x300000, 0x300000, std::string("\x01\x9d\x3b\xd5", 4), kRead | kExecute);
  dump(kTrappedRead, 0, 0x300000, {}, true);
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "register-trapped");
  EXPECT_EQ(diagnosis.cause->what,
            "user code at 0x300000 executes mrs S3_3_C9_C13_0, which EL1 traps instead of allowing it");
  dump(0x02000000, 0, 0x300000, {}, true);
  EXPECT_EQ(cause(diagnose_machine()), "");
  dump(kTrappedRead, 0, kWindow + 4);
  EXPECT_EQ(cause(diagnose_machine()), "");
}

TEST_F(Pointers, MonitorsDomains) {
  const auto monitor = [&](std::uint64_t far) {
    text_ = fmt::format(
        "MON|ERROR: received message 0x00000005  badge: 0x0000000000000001  tcb cap: 0x000000000000000a\n"
        "MON|ERROR: faulting PD: client\n"
        "Registers: \npc : 0x0000000000200420\nsp: 0x0000000fffffefd0\n"
        "MON|ERROR: VMFault: ip=0x0000000000200420  fault_addr={:#018x}  fsr=0x0000000092000046  (data fault)\n"
        "MON|ERROR:    ec: 0x00000024  Data Abort from a lower Exception level   il: 1   iss: 0x00000046\n",
        far);
  };
  names_ = {{"microkit_internal_crash", 0x200400, 0x40, true}, {"client_main", 0x200440, 0x40, true}};
  files_.clear();
  monitor(3);
  const Diagnosis diagnosis = diagnose_text();
  EXPECT_EQ(cause(diagnosis), "sel4-error");
  EXPECT_EQ(diagnosis.cause->what,
            "protection domain 'client' ended itself at 0x200420 <microkit_internal_crash+0x20>: seL4 answered a "
            "system call with error 3 IllegalOperation");
  names_.clear();
  EXPECT_EQ(cause(diagnose_text()), "null-pointer");
  monitor(0x30);
  names_ = {{"microkit_internal_crash", 0x200400, 0x40, true}};
  EXPECT_EQ(cause(diagnose_text()), "null-pointer");
}

// A machine's tables are another address space's when the monitor tells of a domain; what it says of the stack stands.
TEST_F(Pointers, TheMonitorKnowsTheStack) {
  const auto monitor = [&](std::uint64_t sp, const char* more) {
    text_ = fmt::format(
        "MON|ERROR: received message 0x00000006  badge: 0x0000000000000001  tcb cap: 0x000000000000000a\n"
        "MON|ERROR: faulting PD: client\n"
        "Registers: \npc : 0x0000000000200420\nsp: {:#018x}\n"
        "MON|ERROR: VMFault: ip=0x0000000000200420  fault_addr=0x0000000fffffefe0  fsr=0x0000000092000047  (data "
        "fault)\n"
        "MON|ERROR:    ec: 0x00000024  Data Abort from a lower Exception level   il: 1   iss: 0x00000047\n"
        "MON|ERROR:    dfsc = translation fault, level 3 (0x00000007) -- write not read\n{}",
        sp, more);
    return cause(diagnose_machine());
  };
  const char* kTold = "MON|ERROR: potential stack overflow, fault address within one page outside of stack region\n";
  EXPECT_EQ(monitor(0x0000000fffffeff0, kTold), "stack-overflow");
  EXPECT_EQ(monitor(0x0000000fffffeff0, ""), "");
  EXPECT_EQ(monitor(0x0000000ffffbeff0, kTold), "");
}

class Jumps : public WindowTest {
 protected:
  static constexpr std::uint64_t kGarbage = 0x123456789000;
  Jumps() {
    add_file("user.elf", 0x200000, 0x200000, "user code", kRead | kExecute);
    names_.push_back({"caller", kWindow + 0x100, 0x100, true});
  }
};

TEST_F(Jumps, ReturnToGarbage) {
  dump(kFetchAbort | kTranslationLevel0, kGarbage, kGarbage, {{"x30", kGarbage}});
  EXPECT_EQ(cause(diagnose_machine()), "return-to-garbage");
}

TEST_F(Jumps, CallToGarbage) {
  put_code(kKernel + 0x13c, 0xd63f0260);  // blr x19
  dump(kFetchAbort | kTranslationLevel0, kGarbage, kGarbage, {{"x19", kGarbage}, {"x30", kWindow + 0x140}});
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "call-to-garbage");
  EXPECT_EQ(diagnosis.cause->what,
            "0xffffff804000013c <caller+0x3c> calls through a function pointer in x19, which holds 0x123456789000, "
            "where no code is");
}

// With one file known, the address may be in another one; an odd one is in none.
TEST_F(Jumps, ACallOfWhatMayBeInAnUnknownFile) {
  files_.pop_back();
  put_code(kKernel + 0x13c, 0xd63f0260);
  dump(kFetchAbort | kTranslationLevel0, kGarbage, kGarbage, {{"x19", kGarbage}, {"x30", kWindow + 0x140}});
  EXPECT_EQ(cause(diagnose_machine()), "");
  dump(kFetchAbort | kTranslationLevel0, kGarbage + 2, kGarbage + 2, {{"x19", kGarbage + 2}, {"x30", kWindow + 0x140}});
  EXPECT_EQ(cause(diagnose_machine()), "call-to-garbage");
}

// Nothing tells by whom: the address itself does that it is none.
TEST_F(Jumps, ToWhatNoAddressCanBe) {
  constexpr std::uint64_t kText = 0x4242424241414141;  // "AAAABBBB" in memory
  dump(kUserFetch | kTranslationLevel0, kText, kText, {}, true);
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "jump-to-garbage");
  EXPECT_EQ(diagnosis.cause->what,
            "user code was sent to 0x4242424241414141, which no address of code can be; its bytes are the text "
            "'AAAABBBB'");
  dump(kFetchAbort | kTranslationLevel0, kText << 8, kText << 8, {{"x30", kWindow + 0x140}});
  EXPECT_EQ(diagnose_machine().cause->what,
            "code at EL1 was sent to 0x4242424141414100, which no address of code can be; its link register has "
            "0xffffff8040000140 <caller+0x40>");
  dump(kFetchAbort | kTranslationLevel0, kGarbage, kGarbage, {{"x30", kWindow + 0x140}});
  EXPECT_EQ(cause(diagnose_machine()), "");  // it may be one
}

// Without a machine, the file has the instruction.
TEST_F(Jumps, CallToGarbageByTheFile) {
  files_.erase(files_.begin());
  add_file("kernel.elf", kWindow + 0x13c, kKernel + 0x13c, std::string("\x60\x02\x3f\xd6", 4), kRead | kExecute);
  dump(kFetchAbort | kTranslationLevel0, kGarbage + 4, kGarbage + 4, {{"x19", kGarbage + 4}, {"x30", kWindow + 0x140}});
  EXPECT_EQ(cause(diagnose_text()), "call-to-garbage");
}

TEST_F(Jumps, AnotherRegisterOrInstructionIsNoCall) {
  put_code(kKernel + 0x13c, 0xd63f0280);  // blr x20
  dump(kFetchAbort | kTranslationLevel0, kGarbage, kGarbage, {{"x19", kGarbage}, {"x30", kWindow + 0x140}});
  EXPECT_EQ(cause(diagnose_machine()), "");
  put_code(kKernel + 0x13c, 0xd61f0260);  // br x19
  EXPECT_EQ(cause(diagnose_machine()), "");
}

// The pointer is right, the mapping is missing: no call is at fault.
TEST_F(Jumps, ACallOfCodeThatIsThereIsNotAtFault) {
  put_code(kKernel + 0x13c, 0xd63f0260);
  add_file("far.elf", 0xffffff9040000000, 0x41000000, "far code", kRead | kExecute);
  dump(kFetchAbort | kTranslationLevel1, 0xffffff9040000000, 0xffffff9040000000,
       {{"x19", 0xffffff9040000000}, {"x30", kWindow + 0x140}});
  EXPECT_EQ(cause(diagnose_machine()), "table-entry-missing");
}

TEST_F(Jumps, ALinkRegisterThatLeadsNowhere) {
  dump(kFetchAbort | kTranslationLevel0, kGarbage, kGarbage, {{"x19", kGarbage}, {"x30", 3}});
  EXPECT_EQ(cause(diagnose_machine()), "");
}

}  // namespace
}  // namespace bootrig
