#include "triage/rules/window_test.h"

namespace bootrig {
namespace {

class LeafForbids : public WindowTest {
 protected:
  static constexpr std::uint64_t kData = kWindow + 0x200000;
  LeafForbids() {
    memory_[kKernel + 0x200000] = page();
    add_file("data.elf", kData, kKernel + 0x200000, "data", kRead | kWrite, 4096);
  }
};

TEST_F(LeafForbids, AccessFlag) {
  put(kUpper2, 0, (kKernel | kNormalBlock) & ~std::uint64_t{0x400});
  dump(kFetchAbort | kAccessFlagLevel2, kWindow, kWindow);
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "access-flag-clear");
  EXPECT_EQ(change(diagnosis),
            "the descriptor at 0x7000a000 <boot_lvl2_upper> is 0x40000311 and must be 0x40000711 (AF set)");
}

// Of an address that no file has, a clear access flag may be how the system learns of accesses.
TEST_F(LeafForbids, AccessFlagOfWhatNoFileHas) {
  put(kUpper2, 2, ((kKernel + 0x400000) | kNormalBlock) & ~std::uint64_t{0x400});
  dump(kReadAbort | kAccessFlagLevel2, kWindow + 0x400000, kWindow);
  EXPECT_EQ(cause(diagnose_machine()), "");
}

TEST_F(LeafForbids, PrivilegedExecution) {
  put(kUpper2, 0, kKernel | kNormalBlock | std::uint64_t{1} << 53);
  dump(kFetchAbort | kPermissionLevel2, kWindow, kWindow);
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "execute-never");
  EXPECT_EQ(change(diagnosis),
            "the descriptor at 0x7000a000 <boot_lvl2_upper> is 0x20000040000711 and must be 0x40000711 (PXN clear)");
}

TEST_F(LeafForbids, ExecutionForbiddenByATableAbove) {
  put(kUpper0, 0x1ff, kUpper1 | 3 | std::uint64_t{1} << 59);
  dump(kFetchAbort | kPermissionLevel2, kWindow, kWindow);
  EXPECT_EQ(change(diagnose_machine()),
            "the descriptor at 0x7000cff8 <boot_lvl0_upper+0xff8> is 0x80000007000b003 and must be 0x7000b003 "
            "(PXNTable clear)");
}

TEST_F(LeafForbids, ExecutionForbiddenByWxn) {
  cpu_.system["SCTLR_EL1"] |= 1 << 19;
  dump(kFetchAbort | kPermissionLevel2, kWindow, kWindow);
  EXPECT_NE(change(diagnose_machine()).find("0x40000791 (AP[2] set: with SCTLR.WXN"), std::string::npos);
}

TEST_F(LeafForbids, ExecutionOfWhatEl0MayWrite) {
  put(kUpper2, 0, kKernel | kNormalBlock | 1 << 6);
  dump(kFetchAbort | kPermissionLevel2, kWindow, kWindow);
  EXPECT_NE(change(diagnose_machine()).find("must be 0x40000711 (AP[1] clear"), std::string::npos);
}

// A jump into data is refused rightly.
TEST_F(LeafForbids, ExecutionOfData) {
  put(kUpper2, 1, (kKernel + 0x200000) | kNormalBlock | std::uint64_t{1} << 53);
  dump(kFetchAbort | kPermissionLevel2, kData, kData);
  EXPECT_EQ(cause(diagnose_machine()), "");
}

TEST_F(LeafForbids, WriteToData) {
  put(kUpper2, 1, (kKernel + 0x200000) | kNormalBlock | 1 << 7);
  dump(kWriteAbort | kPermissionLevel2, kData + 8, kWindow);
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "read-only-mapping");
  EXPECT_EQ(change(diagnosis),
            "the descriptor at 0x7000a008 <boot_lvl2_upper+0x8> is 0x40200791 and must be 0x40200711 (AP[2] clear: "
            "writable)");
}

// A wild write hits the code: the mapping is as it must be.
TEST_F(LeafForbids, WriteToCode) {
  put(kUpper2, 0, kKernel | kNormalBlock | 1 << 7);
  dump(kWriteAbort | kPermissionLevel2, kWindow + 8, kWindow);
  EXPECT_EQ(cause(diagnose_machine()), "");
}

TEST_F(LeafForbids, UnalignedAccessToMemoryThatIsADevice) {
  put(kUpper2, 1, (kKernel + 0x200000) | kDeviceBlock);
  dump(kReadAbort | kAlignment, kData + 1, kWindow);
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "device-memory");
  EXPECT_EQ(change(diagnosis),
            "the descriptor at 0x7000a008 <boot_lvl2_upper+0x8> is 0x40200401 and must be 0x40200411 (AttrIndx 4, "
            "Normal memory)");
}

TEST_F(LeafForbids, WithoutNormalMemoryInMair) {
  cpu_.system["MAIR_EL1"] = 0;
  dump(kReadAbort | kAlignment, kData + 1, kWindow);
  EXPECT_EQ(change(diagnose_machine()), "MAIR 0x0 has no Normal memory: it must");
}

// An unaligned access to a real device is the code's fault.
TEST_F(LeafForbids, UnalignedAccessToADevice) {
  dump(kReadAbort | kAlignment, 0x09000001, kWindow);
  EXPECT_EQ(cause(diagnose_machine()), "");
}

// SCTLR.A: memory is Normal.
TEST_F(LeafForbids, UnalignedAccessToMemory) {
  dump(kReadAbort | kAlignment, kData + 1, kWindow);
  EXPECT_EQ(cause(diagnose_machine()), "");
}

}  // namespace
}  // namespace bootrig
