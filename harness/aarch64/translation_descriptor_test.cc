#include "aarch64/translation_descriptor.h"

#include <gtest/gtest.h>

#include "aarch64/walk_test.h"

namespace bootrig::aarch64 {
namespace {

using Kind = TableEntry::Kind;

constexpr std::uint64_t kUser = 1 << 6, kReadOnly = 1 << 7;
constexpr std::uint64_t kPxn = std::uint64_t{1} << 53, kUxn = std::uint64_t{1} << 54;
constexpr std::uint64_t kWxn = 1 << kSctlrWxn;
constexpr std::uint64_t kEpan = std::uint64_t{1} << kSctlrEpan;

TEST(TranslationDescriptorTest, WhereBlocksMayStand) {
  struct Row {
    Granule granule;
    bool has_52_bits;
    int first_level;
  };
  for (const auto& [granule, has_52_bits, first_level] :
       {Row{Granule::k4K, false, 1}, Row{Granule::k4K, true, 0}, Row{Granule::k16K, false, 2},
        Row{Granule::k16K, true, 1}, Row{Granule::k64K, false, 2}, Row{Granule::k64K, true, 1}}) {
    TranslationScheme scheme{.granule = granule, .has_52_bits = has_52_bits};
    for (int level = -1; level <= 2; ++level) {
      if (granule == Granule::k64K && level < 1) continue;
      const Kind kind = decode_entry(scheme, level, 0x401).kind;
      EXPECT_EQ(kind, level >= first_level ? Kind::kBlock : Kind::kInvalid) << to_text(granule) << " " << level;
      EXPECT_EQ(decode_entry(scheme, level, 0x403).kind, Kind::kTable);
      EXPECT_EQ(decode_entry(scheme, level, 0x402).kind, Kind::kInvalid);
    }
    EXPECT_EQ(decode_entry(scheme, 3, 0x403).kind, Kind::kPage);
    EXPECT_EQ(decode_entry(scheme, 3, 0x401).kind, Kind::kInvalid);
  }
}

// The rights of AP, UXN and PXN: who may read, write and execute. One column an access; "r--" reads alone.
std::string may(const TranslationScheme& scheme, std::uint64_t leaf, unsigned level, std::uint64_t sctlr = 0,
                bool pan = false) {
  const Stage1Rights rights = stage1_rights(scheme, leaf, {});
  const auto flag = [&](Access::Kind kind, char letter) {
    return denied_by_stage1(scheme, rights, {kind, level, pan}, sctlr) ? '-' : letter;
  };
  return {flag(Access::Kind::kRead, 'r'), flag(Access::Kind::kWrite, 'w'), flag(Access::Kind::kExecute, 'x')};
}

TEST(TranslationDescriptorTest, RightsOfTwoPrivileges) {
  const TranslationScheme scheme;
  const struct {
    std::uint64_t leaf;
    std::string el1, el0, el1_wxn, el0_wxn;
  } kRows[] = {{0, "rwx", "--x", "rw-", "--x"},
               {kUser, "rw-", "rwx", "rw-", "rw-"},  // what EL0 writes, EL1 never executes
               {kReadOnly, "r-x", "--x", "r-x", "--x"},
               {kReadOnly | kUser, "r-x", "r-x", "r-x", "r-x"},
               {kPxn, "rw-", "--x", "rw-", "--x"},
               {kUxn, "rwx", "---", "rw-", "---"},
               {kUser | kUxn, "rw-", "rw-", "rw-", "rw-"},
               {kReadOnly | kUser | kPxn, "r--", "r-x", "r--", "r-x"},
               {kReadOnly | kUser | kUxn, "r-x", "r--", "r-x", "r--"},
               {kReadOnly | kUxn | kPxn, "r--", "---", "r--", "---"}};
  for (const auto& row : kRows) {
    EXPECT_EQ(may(scheme, row.leaf, 1), row.el1) << row.leaf;
    EXPECT_EQ(may(scheme, row.leaf, 0), row.el0) << row.leaf;
    EXPECT_EQ(may(scheme, row.leaf, 1, kWxn), row.el1_wxn) << row.leaf;
    EXPECT_EQ(may(scheme, row.leaf, 0, kWxn), row.el0_wxn) << row.leaf;
  }
}

TEST(TranslationDescriptorTest, RightsOfOnePrivilege) {
  const TranslationScheme scheme{.two_privileges = false};
  EXPECT_EQ(may(scheme, kUser, 2), "rwx");  // AP[1] is RES1
  EXPECT_EQ(may(scheme, kUser, 2, kWxn), "rw-");
  EXPECT_EQ(may(scheme, kUser | kReadOnly, 2, kWxn), "r-x");
  EXPECT_EQ(may(scheme, kUser | kPxn, 2), "rwx");
  EXPECT_EQ(may(scheme, kUser | kUxn, 2), "rw-");
  EXPECT_EQ(may(scheme, kUser, 2, 0, true), "rwx");
}

TEST(TranslationDescriptorTest, Pan) {
  const TranslationScheme scheme;
  EXPECT_EQ(may(scheme, 0, 1, 0, true), "rwx");
  EXPECT_EQ(may(scheme, kUser, 1, 0, true), "---");
  EXPECT_EQ(may(scheme, kUser | kReadOnly, 1, 0, true), "--x");
  EXPECT_EQ(may(scheme, kUser, 0, 0, true), "rwx");
  EXPECT_EQ(may(scheme, 0, 1, kEpan, true), "--x");  // executable at EL0
  EXPECT_EQ(may(scheme, kUxn, 1, kEpan, true), "rwx");
}

TEST(TranslationDescriptorTest, WhyItIsDenied) {
  const TranslationScheme scheme;
  const auto why = [&scheme](std::uint64_t leaf, const Access& access, std::uint64_t sctlr = 0) {
    return denied_by_stage1(scheme, stage1_rights(scheme, leaf, {}), access, sctlr).value_or("");
  };
  EXPECT_EQ(why(0, kUserRead), "read from EL0 is denied: nothing for EL0");
  EXPECT_EQ(why(kReadOnly, kWrite), "write from EL1 is denied: read-only");
  EXPECT_EQ(why(kUxn, kUserExecute), "execute from EL0 is denied: UXN");
  EXPECT_EQ(why(kPxn, kExecute), "execute from EL1 is denied: PXN");
  EXPECT_EQ(why(kUser, kExecute), "execute from EL1 is denied: what EL0 may write is not executable at a higher level");
  EXPECT_EQ(why(0, kExecute, kWxn), "execute from EL1 is denied: SCTLR.WXN: what is writable is not executable");
  EXPECT_EQ(why(kUser, {Access::Kind::kWrite, 2, true}),
            "write from EL2 is denied: PSTATE.PAN: EL2 may not touch what EL0 may");
}

TEST(TranslationDescriptorTest, DirtyStateMakesWritable) {
  const std::uint64_t dbm = std::uint64_t{1} << 51;
  EXPECT_EQ(may({.sets_dirty = true}, kReadOnly | dbm | kUxn, 1), "rwx");
  EXPECT_EQ(may({.sets_dirty = false}, kReadOnly | dbm | kUxn, 1), "r-x");
  TableLimits limits;
  limits.add(std::uint64_t{1} << 62);  // APTable stays
  EXPECT_TRUE(stage1_rights({.sets_dirty = true}, dbm, limits).read_only);
}

TEST(TranslationDescriptorTest, Words) {
  const TranslationScheme one{.two_privileges = false}, two;
  EXPECT_EQ(to_text(one, stage1_rights(one, kUser | kUxn | kPxn, {})), "RW, XN");
  EXPECT_EQ(to_text(two, stage1_rights(two, kUser | kUxn | kPxn, {})), "RW, EL0 RW, PXN, UXN");
  TableLimits all;
  all.add(std::uint64_t{0xf} << 59);
  EXPECT_EQ(to_text(two, all), ", APTable: read-only, APTable: nothing for EL0, UXNTable, PXNTable");
  EXPECT_EQ(to_text(one, all), ", APTable: read-only, XNTable");
  EXPECT_EQ(to_text(stage2_rights(two, 0)), "stage 2 no access");
  EXPECT_EQ(to_text(stage2_rights(two, 0x80 | kUxn)), "stage 2 WO, XN");
}

}  // namespace
}  // namespace bootrig::aarch64
