// Fault status codes, both ways: one table (DDI 0487, ESR_ELx, DFSC and IFSC).
#include <array>

#include "aarch64/syndrome.h"

namespace bootrig::aarch64 {
namespace {

constexpr int kNoLevel = 99;

struct FaultRow {
  unsigned code;
  FaultKind kind;
  int level;
  std::string_view text;
};

// Levels -2 and -1 are those of 128-bit descriptors and of 52-bit addresses; their codes stand apart from 0..3.
constexpr auto kFaultRows = [] {
  using enum FaultKind;
  return std::to_array<FaultRow>({
      {0x00, kAddressSize, 0, "address size fault, level 0 or translation table base register"},
      {0x01, kAddressSize, 1, "address size fault, level 1"},
      {0x02, kAddressSize, 2, "address size fault, level 2"},
      {0x03, kAddressSize, 3, "address size fault, level 3"},
      {0x04, kTranslation, 0, "translation fault, level 0"},
      {0x05, kTranslation, 1, "translation fault, level 1"},
      {0x06, kTranslation, 2, "translation fault, level 2"},
      {0x07, kTranslation, 3, "translation fault, level 3"},
      {0x08, kAccessFlag, 0, "access flag fault, level 0"},
      {0x09, kAccessFlag, 1, "access flag fault, level 1"},
      {0x0a, kAccessFlag, 2, "access flag fault, level 2"},
      {0x0b, kAccessFlag, 3, "access flag fault, level 3"},
      {0x0c, kPermission, 0, "permission fault, level 0"},
      {0x0d, kPermission, 1, "permission fault, level 1"},
      {0x0e, kPermission, 2, "permission fault, level 2"},
      {0x0f, kPermission, 3, "permission fault, level 3"},
      {0x10, kExternal, kNoLevel, "synchronous external abort, not on a table walk"},
      {0x11, kTagCheck, kNoLevel, "synchronous tag check fault"},
      {0x12, kExternalOnWalk, -2, "synchronous external abort on a table walk, level -2"},
      {0x13, kExternalOnWalk, -1, "synchronous external abort on a table walk, level -1"},
      {0x14, kExternalOnWalk, 0, "synchronous external abort on a table walk, level 0"},
      {0x15, kExternalOnWalk, 1, "synchronous external abort on a table walk, level 1"},
      {0x16, kExternalOnWalk, 2, "synchronous external abort on a table walk, level 2"},
      {0x17, kExternalOnWalk, 3, "synchronous external abort on a table walk, level 3"},
      {0x18, kParity, kNoLevel, "synchronous parity or ECC error, not on a table walk"},
      {0x19, kOther, kNoLevel, "asynchronous parity or ECC error (AArch32)"},
      {0x1a, kParityOnWalk, -2, "synchronous parity or ECC error on a table walk, level -2"},
      {0x1b, kParityOnWalk, -1, "synchronous parity or ECC error on a table walk, level -1"},
      {0x1c, kParityOnWalk, 0, "synchronous parity or ECC error on a table walk, level 0"},
      {0x1d, kParityOnWalk, 1, "synchronous parity or ECC error on a table walk, level 1"},
      {0x1e, kParityOnWalk, 2, "synchronous parity or ECC error on a table walk, level 2"},
      {0x1f, kParityOnWalk, 3, "synchronous parity or ECC error on a table walk, level 3"},
      {0x21, kAlignment, kNoLevel, "alignment fault"},
      {0x22, kGranuleProtectionOnWalk, -2, "granule protection fault on a table walk, level -2"},
      {0x23, kGranuleProtectionOnWalk, -1, "granule protection fault on a table walk, level -1"},
      {0x24, kGranuleProtectionOnWalk, 0, "granule protection fault on a table walk, level 0"},
      {0x25, kGranuleProtectionOnWalk, 1, "granule protection fault on a table walk, level 1"},
      {0x26, kGranuleProtectionOnWalk, 2, "granule protection fault on a table walk, level 2"},
      {0x27, kGranuleProtectionOnWalk, 3, "granule protection fault on a table walk, level 3"},
      {0x28, kGranuleProtection, kNoLevel, "granule protection fault, not on a table walk"},
      {0x29, kAddressSize, -1, "address size fault, level -1"},
      {0x2a, kTranslation, -2, "translation fault, level -2"},
      {0x2b, kTranslation, -1, "translation fault, level -1"},
      {0x2c, kAddressSize, -2, "address size fault, level -2"},
      {0x30, kTlbConflict, kNoLevel, "TLB conflict abort"},
      {0x31, kUnsupportedAtomicUpdate, kNoLevel, "unsupported atomic hardware update fault"},
      {0x34, kOther, kNoLevel, "implementation defined fault (lockdown)"},
      {0x35, kOther, kNoLevel, "implementation defined fault (unsupported exclusive or atomic access)"},
      {0x3d, kOther, kNoLevel, "section domain fault (AArch32, PAR_EL1 alone)"},
      {0x3e, kOther, kNoLevel, "page domain fault (AArch32, PAR_EL1 alone)"},
  });
}();

constexpr FaultRow kReservedRow{0, FaultKind::kOther, kNoLevel, "reserved fault status code"};

constexpr std::array<const FaultRow*, 64> kByCode = [] {
  std::array<const FaultRow*, 64> rows{};
  rows.fill(&kReservedRow);
  for (const FaultRow& row : kFaultRows) rows[row.code] = &row;
  return rows;
}();

}  // namespace

std::string_view fault_text(std::uint64_t code) {
  return kByCode[code & 0x3f]->text;
}

FaultStatus fault_status(unsigned code) {
  const FaultRow& row = *kByCode[code & 0x3f];
  FaultStatus status{.kind = row.kind, .level = {}, .text = std::string(row.text)};
  if (row.level != kNoLevel) status.level = row.level;
  return status;
}

std::optional<unsigned> fault_code(FaultKind kind, int level) {
  if (kind == FaultKind::kOther) return std::nullopt;
  for (const FaultRow& row : kFaultRows) {
    if (row.kind == kind && (row.level == level || row.level == kNoLevel)) return row.code;
  }
  return std::nullopt;
}

}  // namespace bootrig::aarch64
