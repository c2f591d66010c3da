#include "aarch64/syndrome.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace bootrig::aarch64 {
namespace {

std::uint64_t esr_of(unsigned ec, std::uint64_t iss) {
  return (std::uint64_t{ec} << 26) | (1u << 25) | (iss & 0x1ffffff);
}

std::uint64_t value_of(const Syndrome& syndrome, std::string_view name) {
  const Field* field = find_field(syndrome.root, name);
  EXPECT_NE(field, nullptr) << name;
  return field == nullptr ? ~std::uint64_t{0} : field->value;
}

std::string_view meaning_of(const Syndrome& syndrome, std::string_view name) {
  const Field* field = find_field(syndrome.root, name);
  EXPECT_NE(field, nullptr) << name;
  return field == nullptr ? "no such field" : field->meaning;
}

// The fields of a field tile it and hold its bits: what the tree says is the register, nothing lost.
void expect_tiles(const Field& field) {
  if (field.fields.empty()) return;
  unsigned next = field.high + 1;
  for (const Field& part : field.fields) {
    ASSERT_EQ(part.high + 1, next) << field.name << "." << part.name;
    ASSERT_EQ(part.value, bits(field.value, part.high - field.low, part.low - field.low))
        << field.name << "." << part.name;
    next = part.low;
    expect_tiles(part);
  }
  ASSERT_EQ(next, field.low) << field.name;
}

// Words that machines reported.
TEST(Syndrome, RealWords) {
  const std::map<std::uint64_t, std::string> words = {
      {0x86000004, "Instruction Abort, same EL: translation fault, level 0"},
      {0x86000010, "Instruction Abort, same EL: synchronous external abort, not on a table walk"},
      {0x82000006, "Instruction Abort, lower EL: translation fault, level 2"},
      {0x8200000f, "Instruction Abort, lower EL: permission fault, level 3"},
      {0x92000004, "Data Abort, lower EL: translation fault, level 0, on a read"},
      {0x92000006, "Data Abort, lower EL: translation fault, level 2, on a read"},
      {0x92000046, "Data Abort, lower EL: translation fault, level 2, on a write"},
      {0x9200004f, "Data Abort, lower EL: permission fault, level 3, on a write"},
      {0x96000004, "Data Abort, same EL: translation fault, level 0, on a read"},
      {0x96000010, "Data Abort, same EL: synchronous external abort, not on a table walk, on a read"},
      {0x96000050, "Data Abort, same EL: synchronous external abort, not on a table walk, on a write"},
      {0x978a0010, "Data Abort, same EL: synchronous external abort, not on a table walk, on a read"},
      {0x97810050, "Data Abort, same EL: synchronous external abort, not on a table walk, on a write"},
      {0x97830004, "Data Abort, same EL: translation fault, level 0, on a read"},
      {0x02000000, "Unknown reason"},
      {0x5600dead, "SVC from AArch64: imm16 0xdead"},
      {0x5a000000, "HVC from AArch64: imm16 0x0"},
      {0x8a000000, "PC alignment fault"},
      {0xf2000800, "BRK from AArch64: Comment 0x800, BUG or WARN (Linux kernel)"},
      {0xf2005512, "BRK from AArch64: Comment 0x5512, UBSAN: out of bounds"},
      {0xf20055ff, "BRK from AArch64: Comment 0x55ff, UBSAN: a check that is not known"},
      {0xf2001234, "BRK from AArch64: Comment 0x1234"},
      {0xbe000011, "SError: AET 0x0, uncontainable (UC)"},
      {0xbe001811, "SError: AET 0x6, corrected (CE)"},
      {0xbe000000, "SError: DFSC 0x0, uncategorized error"},
      {0xbf000002, "SError: IDS 0x1, implementation defined"},
      {0x623a3079, "trapped MSR, MRS or SYS: read of S3_0_C12_C12_5, x3"},
      {0x06000001, "trapped WFI or WFE: TI 0x1, WFE"},
      {0xfe000000, "reserved exception class 0x3f"},
  };
  for (const auto& [esr, text] : words) {
    EXPECT_EQ(summary(decode_esr(esr)), text) << std::hex << esr;
  }
}

TEST(Syndrome, InstructionAbort) {
  const Syndrome syndrome = decode_esr(0x86000004);
  EXPECT_EQ(syndrome.ec, 0x21u);
  EXPECT_EQ(syndrome.exception, "Instruction Abort taken without a change in Exception level");
  EXPECT_TRUE(syndrome.abort && syndrome.instruction && syndrome.same_level && syndrome.far_valid);
  EXPECT_FALSE(syndrome.write || syndrome.stage1_walk || syndrome.hpfar_valid);
  ASSERT_TRUE(syndrome.status);
  EXPECT_EQ(syndrome.status->kind, FaultKind::kTranslation);
  EXPECT_EQ(syndrome.status->level, 0);
  EXPECT_EQ(meaning_of(syndrome, "IFSC"), "translation fault, level 0");
}

// A Data Abort from the same level at EL2 with ISV, as QEMU reports it.
TEST(Syndrome, DataAbortDescribesTheAccess) {
  const Syndrome syndrome = decode_esr(0x978a0010);
  EXPECT_EQ(syndrome.ec, 0x25u);
  EXPECT_TRUE(syndrome.abort && syndrome.same_level && syndrome.far_valid);
  EXPECT_EQ(meaning_of(syndrome, "SAS"), "word");
  EXPECT_EQ(meaning_of(syndrome, "SRT"), "x10");
  EXPECT_EQ(meaning_of(syndrome, "SF"), "32-bit register");
  EXPECT_EQ(meaning_of(syndrome, "SET"), "recoverable state (UER)");
  const Syndrome write = decode_esr(0x97810050);
  EXPECT_TRUE(write.write);
  EXPECT_EQ(meaning_of(write, "SRT"), "x1");
  EXPECT_EQ(meaning_of(write, "WnR"), "write");
}

TEST(Syndrome, LayoutFollowsIsvAndStatus) {
  const Syndrome not_described = decode_esr(esr_of(0x24, (1u << 21) | 0x0f));
  EXPECT_EQ(value_of(not_described, "TopLevel"), 1u);
  EXPECT_EQ(find_field(not_described.root, "SRT"), nullptr);
  EXPECT_EQ(find_field(not_described.root, "SET"), nullptr);
  const Syndrome described = decode_esr(esr_of(0x24, (1u << 24) | (1u << 21) | 0x0f));
  EXPECT_EQ(value_of(described, "SSE"), 1u);
  EXPECT_EQ(find_field(described.root, "TopLevel"), nullptr);
  const Syndrome ls64 = decode_esr((std::uint64_t{7} << 32) | esr_of(0x24, (2u << 11) | 0x35));
  EXPECT_EQ(meaning_of(ls64, "LST"), "LD64B or ST64B");
  EXPECT_EQ(meaning_of(ls64, "Xs"), "x7");
  EXPECT_EQ(find_field(not_described.root, "Xs"), nullptr);
}

TEST(Syndrome, Iss2HasTheBitsOfTheRegister) {
  const Syndrome syndrome = decode_esr((std::uint64_t{0x1e0} << 32) | esr_of(0x25, 0x0f));
  for (const char* name : {"GCS", "AssuredOnly", "Overlay", "DirtyBit"}) EXPECT_EQ(value_of(syndrome, name), 1u);
  EXPECT_EQ(find_field(syndrome.root, "GCS")->high, 40u);
  EXPECT_EQ(find_field(syndrome.root, "ISS2")->value, 0x1e0u);
}

TEST(Syndrome, WhenFarHoldsTheAddress) {
  std::set<unsigned> valid;
  for (unsigned ec = 0; ec < 64; ++ec) {
    if (decode_esr(esr_of(ec, 0)).far_valid) valid.insert(ec);
  }
  EXPECT_EQ(valid, (std::set<unsigned>{0x1e, 0x20, 0x21, 0x22, 0x24, 0x25, 0x34, 0x35}));
  EXPECT_FALSE(decode_esr(esr_of(0x25, (1u << 10) | 0x10)).far_valid);
  EXPECT_FALSE(decode_esr(esr_of(0x20, (1u << 10) | 0x10)).far_valid);
  EXPECT_TRUE(decode_esr(esr_of(0x25, (1u << 10) | 0x04)).far_valid);  // FnV is for external aborts
  EXPECT_FALSE(decode_esr(esr_of(0x35, (1u << 10) | 0x22)).far_valid);
}

TEST(Syndrome, WhenHpfarHoldsTheIpa) {
  for (const unsigned ec : {0x20u, 0x24u}) {
    EXPECT_TRUE(decode_esr(esr_of(ec, 0x06)).hpfar_valid);          // translation
    EXPECT_TRUE(decode_esr(esr_of(ec, 0x0a)).hpfar_valid);          // access flag
    EXPECT_TRUE(decode_esr(esr_of(ec, 0x01)).hpfar_valid);          // address size
    EXPECT_FALSE(decode_esr(esr_of(ec, 0x0f)).hpfar_valid);         // permission
    EXPECT_TRUE(decode_esr(esr_of(ec, 0x80 | 0x0f)).hpfar_valid);   // permission, on a stage 1 walk
    EXPECT_FALSE(decode_esr(esr_of(ec, 0x80 | 0x10)).hpfar_valid);  // external
  }
  EXPECT_FALSE(decode_esr(esr_of(0x25, 0x06)).hpfar_valid);
  EXPECT_FALSE(decode_esr(esr_of(0x15, 0x06)).hpfar_valid);
}

TEST(Syndrome, AnyBitsDecodeAndNothingIsLost) {
  std::mt19937_64 random(42);
  for (unsigned ec = 0; ec < 64; ++ec) {
    for (int i = 0; i < 500; ++i) {
      const std::uint64_t esr = (random() & ~(std::uint64_t{0x3f} << 26)) | (std::uint64_t{ec} << 26);
      const Syndrome syndrome = decode_esr(esr);
      ASSERT_EQ(syndrome.ec, ec);
      ASSERT_EQ(syndrome.root.value, esr);
      ASSERT_FALSE(syndrome.exception.empty());
      ASSERT_FALSE(summary(syndrome).empty());
      ASSERT_EQ(syndrome.abort, syndrome.status.has_value());
      ASSERT_NO_FATAL_FAILURE(expect_tiles(syndrome.root)) << std::hex << esr;
    }
  }
}

TEST(Syndrome, ReservedClassesAreThoseOfTheManual) {
  std::set<unsigned> reserved;
  for (unsigned ec = 0; ec < 64; ++ec) {
    const Syndrome syndrome = decode_esr(esr_of(ec, 0));
    if (find_field(syndrome.root, "EC")->reserved_set) reserved.insert(ec);
  }
  EXPECT_EQ(reserved, (std::set<unsigned>{0x02, 0x0b, 0x0f, 0x10, 0x23, 0x29, 0x2a, 0x2b, 0x2e, 0x36, 0x37, 0x39, 0x3b,
                                          0x3e, 0x3f}));
}

TEST(Syndrome, ReservedBitsStayVisible) {
  const Syndrome syndrome = decode_esr((std::uint64_t{1} << 60) | esr_of(0x21, (1u << 22) | (1u << 6) | 0x04));
  std::vector<std::pair<unsigned, unsigned>> set;
  for (const Field& field : syndrome.root.fields) {
    if (field.reserved_set) set.emplace_back(field.high, field.low);
    for (const Field& part : field.fields) {
      if (part.reserved_set) set.emplace_back(part.high, part.low);
    }
  }
  EXPECT_EQ(set, (std::vector<std::pair<unsigned, unsigned>>{{63, 56}, {24, 22}, {6, 6}}));
  EXPECT_TRUE(find_field(decode_esr(esr_of(0x25, 0x3f)).root, "DFSC")->reserved_set);
}

TEST(Syndrome, Extensions) {
  const Syndrome copy = decode_esr(esr_of(0x27, (1u << 16) | (1u << 10) | (2u << 5) | 3));
  EXPECT_EQ(meaning_of(copy, "MemInst"), "CPY*");
  EXPECT_EQ(meaning_of(copy, "destreg"), "x1");
  EXPECT_EQ(meaning_of(copy, "srcreg"), "x2");
  EXPECT_EQ(meaning_of(copy, "sizereg"), "x3");
  EXPECT_EQ(meaning_of(decode_esr(esr_of(0x27, 1u << 24 | 31u << 5)), "datareg"), "xzr");
  EXPECT_EQ(summary(decode_esr(esr_of(0x1d, 2))),
            "trapped access to SME: SMTC 0x2, SME instruction while Streaming SVE mode is off");
  EXPECT_EQ(meaning_of(decode_esr(esr_of(0x1e, (0x0c << 14) | 0x28)), "GPCSC"), "granule protection fault, level 0");
  EXPECT_EQ(meaning_of(decode_esr(esr_of(0x1e, (0x0c << 14) | 0x28)), "xFSC"),
            "granule protection fault, not on a table walk");
  EXPECT_EQ(find_field(decode_esr(esr_of(0x0a, 3)).root, "ISS")->fields.at(0).meaning, "TSB CSYNC");
}

// Arm's pseudocode and the Linux kernel disagree: both readings say so.
TEST(Syndrome, GuardedControlStackShowsTheDisagreement) {
  for (const unsigned instruction : {6u, 7u, 8u, 9u}) {
    const Syndrome syndrome = decode_esr(esr_of(0x2d, instruction));
    EXPECT_TRUE(meaning_of(syndrome, "IT").contains("Linux")) << instruction;
    EXPECT_TRUE(meaning_of(syndrome, "IT").contains("Arm's pseudocode")) << instruction;
  }
  EXPECT_EQ(meaning_of(decode_esr(esr_of(0x2d, 0)), "IT"), "RET");
  EXPECT_EQ(meaning_of(decode_esr(esr_of(0x2d, (2u << 20) | (3u << 10) | (4u << 5))), "Rvalue"), "x4");
  EXPECT_TRUE(find_field(decode_esr(esr_of(0x2d, 5u << 20)).root, "ExType")->reserved_set);
}

TEST(Syndrome, WhatTheAddressesSay) {
  const std::uint64_t kernel = 0xffffff8040000000;
  const auto notes = [](std::uint64_t esr, FaultAddresses addresses) {
    return address_notes(decode_esr(esr), addresses);
  };
  using Notes = std::vector<std::string>;
  EXPECT_EQ(summary(decode_esr(0x86000004), {kernel, kernel}),
            "Instruction Abort, same EL: translation fault, level 0; FAR 0xffffff8040000000 is valid");
  EXPECT_EQ(notes(0x86000004, {kernel, kernel}),
            Notes{"FAR equals ELR: the instruction at that address could not be fetched."});
  EXPECT_EQ(notes(0x86000004, {kernel, 0x40000000}), Notes{});
  EXPECT_EQ(summary(decode_esr(0x96000410), {0x1000, {}}),
            "Data Abort, same EL: synchronous external abort, not on a table walk, on a read; FAR 0x1000 is not valid");
  EXPECT_EQ(summary(decode_esr(0x5600dead), {}), "SVC from AArch64: imm16 0xdead");
  EXPECT_EQ(summary(decode_esr(0x5600dead), {0x1000, {}}), "SVC from AArch64: imm16 0xdead; FAR 0x1000 is not valid");
  EXPECT_EQ(notes(0x96000004, {0x0123456789abcdef, 0x40000000}),
            (Notes{"The instruction at ELR 0x40000000 made the access.",
                   "FAR is not canonical: bits 63:48 are 0x123, neither all 0 nor all 1. With 48-bit addresses it "
                   "faults before any table is read."}));
  EXPECT_EQ(notes(0x96000004, {0x0100000000001000, {}}),
            Notes{"FAR is not canonical: bits 63:48 are 0x100, neither all 0 nor all 1. Unless the top byte is ignored "
                  "(TBI), it faults before any table is read."});
  EXPECT_EQ(notes(0x92000006, {}),
            Notes{"If it was taken to EL2 for a stage 2 fault, HPFAR_EL2 holds the faulting IPA."});
}

TEST(Fault, EachCodeHasATextAndKindsHaveAWayBack) {
  for (unsigned code = 0; code < 64; ++code) {
    const FaultStatus status = fault_status(code);
    EXPECT_FALSE(status.text.empty()) << code;
    EXPECT_EQ(status.text, fault_text(code));
    if (status.kind == FaultKind::kOther) continue;
    EXPECT_EQ(fault_code(status.kind, status.level.value_or(0)), code) << status.text;
    EXPECT_EQ(status.level.has_value(), status.text.contains(", level ")) << status.text;
  }
}

TEST(Fault, ReservedCodes) {
  std::set<unsigned> reserved;
  for (unsigned code = 0; code < 64; ++code) {
    if (fault_text(code).starts_with("reserved")) reserved.insert(code);
  }
  EXPECT_EQ(reserved,
            (std::set<unsigned>{0x20, 0x2d, 0x2e, 0x2f, 0x32, 0x33, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3f}));
}

TEST(Fault, LevelsBelowZeroHaveCodesOfTheirOwn) {
  EXPECT_EQ(fault_code(FaultKind::kTranslation, -1), 0x2bu);
  EXPECT_EQ(fault_code(FaultKind::kTranslation, -2), 0x2au);
  EXPECT_EQ(fault_code(FaultKind::kAddressSize, -1), 0x29u);
  EXPECT_EQ(fault_code(FaultKind::kAddressSize, -2), 0x2cu);
  EXPECT_EQ(fault_code(FaultKind::kExternalOnWalk, -2), 0x12u);
  EXPECT_EQ(fault_code(FaultKind::kParityOnWalk, -1), 0x1bu);
  EXPECT_EQ(fault_code(FaultKind::kGranuleProtectionOnWalk, -2), 0x22u);
  EXPECT_EQ(fault_code(FaultKind::kPermission, 3), 0x0fu);
  EXPECT_EQ(fault_code(FaultKind::kTagCheck, 0), 0x11u);
  EXPECT_EQ(fault_code(FaultKind::kPermission, -1), std::nullopt);
  EXPECT_EQ(fault_code(FaultKind::kTranslation, 4), std::nullopt);
  EXPECT_EQ(fault_code(FaultKind::kOther, 0), std::nullopt);
}

}  // namespace
}  // namespace bootrig::aarch64
