#include "aarch64/translation_descriptor.h"

#include <fmt/format.h>

namespace bootrig::aarch64 {
namespace {

using Kind = TableEntry::Kind;

// The highest level, counted from -1 down, that may hold a block (DDI 0487, D8.3.1).
int first_block_level(const TranslationScheme& scheme) {
  const int usual = scheme.granule == Granule::k4K ? 1 : 2;
  return scheme.has_52_bits ? usual - 1 : usual;
}

// The address bits of a descriptor from bit `low` on. With 52 bits the top ones stand elsewhere: [9:8] under DS,
// [15:12] with a 64K granule, whatever size the registers ask for.
std::uint64_t address_field(const TranslationScheme& scheme, std::uint64_t value, unsigned low) {
  if (scheme.wide) return bits(value, 49, low) << low | bits(value, 9, 8) << 50;
  const std::uint64_t address = bits(value, 47, low) << low;
  return scheme.has_52_bits ? address | bits(value, 15, 12) << 48 : address;
}

Kind kind_at(const TranslationScheme& scheme, int level, std::uint64_t value) {
  if (!bit(value, 0)) return Kind::kInvalid;
  if (level == 3) return bit(value, 1) ? Kind::kPage : Kind::kInvalid;
  if (bit(value, 1)) return Kind::kTable;
  return level >= first_block_level(scheme) ? Kind::kBlock : Kind::kInvalid;
}

std::string problem_at(const TranslationScheme& scheme, int level, std::uint64_t value) {
  if (!bit(value, 0)) return "invalid";
  if (level == 3) return "reserved: bit 1 of a page must be set";
  return fmt::format("a block, which level {} cannot hold with a {} granule", level, to_text(scheme.granule));
}

std::string_view level_name(const Access& access) {
  return access.from_level == 0 ? "EL0" : access.from_level == 1 ? "EL1" : access.from_level == 2 ? "EL2" : "EL3";
}

bool is_user(const TranslationScheme& scheme, const Access& access) {
  return scheme.two_privileges && access.from_level == 0;
}

std::optional<std::string> execution_denied(const TranslationScheme& scheme, const Stage1Rights& rights,
                                            const Access& access, std::uint64_t sctlr) {
  const bool user = is_user(scheme, access);
  const bool writable = !rights.read_only && (!user || rights.user);
  if (user && rights.user_execute_never) return "UXN";
  if (!user && rights.privileged_execute_never) return scheme.two_privileges ? "PXN" : "XN";
  if (!user && scheme.two_privileges && rights.user && !rights.read_only) {
    return "what EL0 may write is not executable at a higher level";
  }
  if (writable && bit(sctlr, kSctlrWxn)) return "SCTLR.WXN: what is writable is not executable";
  return std::nullopt;
}

std::optional<std::string> data_denied(const TranslationScheme& scheme, const Stage1Rights& rights,
                                       const Access& access, std::uint64_t sctlr) {
  const bool user = is_user(scheme, access);
  if (user && !rights.user) return "nothing for EL0";
  if (access.kind == Access::Kind::kWrite && rights.read_only) return "read-only";
  const bool for_user = rights.user || (bit(sctlr, kSctlrEpan) && !rights.user_execute_never);
  if (!user && scheme.two_privileges && access.pan && for_user) {
    return fmt::format("PSTATE.PAN: {} may not touch what EL0 may", level_name(access));
  }
  return std::nullopt;
}

std::string denial(const Access& access, const std::string& reason) {
  const std::string_view what = access.kind == Access::Kind::kRead    ? "read"
                                : access.kind == Access::Kind::kWrite ? "write"
                                                                      : "execute";
  return fmt::format("{} from {} is denied: {}", what, level_name(access), reason);
}

}  // namespace

TableEntry decode_entry(const TranslationScheme& scheme, int level, std::uint64_t value) {
  TableEntry descriptor{.kind = kind_at(scheme, level, value), .value = value};
  switch (descriptor.kind) {
    case Kind::kInvalid:
      descriptor.problem = problem_at(scheme, level, value);
      break;
    case Kind::kTable:
      descriptor.address = address_field(scheme, value, static_cast<unsigned>(scheme.granule));
      break;
    case Kind::kBlock:
    case Kind::kPage:
      descriptor.address = address_field(scheme, value, scheme.offset_bits(level));
      break;
  }
  return descriptor;
}

unsigned descriptor_shareability(const TranslationScheme& scheme, std::uint64_t value) {
  return scheme.wide ? scheme.shareability : static_cast<unsigned>(bits(value, 9, 8));
}

void TableLimits::add(std::uint64_t table_descriptor) {
  read_only |= bit(table_descriptor, 62);
  no_user |= bit(table_descriptor, 61);
  no_user_execute |= bit(table_descriptor, 60);
  no_privileged_execute |= bit(table_descriptor, 59);
}

Stage1Rights stage1_rights(const TranslationScheme& scheme, std::uint64_t leaf, const TableLimits& limits) {
  const bool never = bit(leaf, 54) || limits.no_user_execute;
  const bool made_writable = scheme.sets_dirty && bit(leaf, 51);
  Stage1Rights rights;
  rights.read_only = (bit(leaf, 7) && !made_writable) || limits.read_only;
  rights.user = scheme.two_privileges && bit(leaf, 6) && !limits.no_user;
  rights.user_execute_never = never;
  rights.privileged_execute_never = scheme.two_privileges ? bit(leaf, 53) || limits.no_privileged_execute : never;
  return rights;
}

Stage2Rights stage2_rights(const TranslationScheme& scheme, std::uint64_t leaf) {
  const auto never = static_cast<unsigned>(bits(leaf, 54, 53));  // 1 and 3: FEAT_XNX
  return {.read = bit(leaf, 6),
          .write = bit(leaf, 7) || (scheme.sets_dirty && bit(leaf, 51)),
          .user_execute = never == 0 || never == 1,
          .privileged_execute = never == 0 || never == 3};
}

std::optional<std::string> denied_by_stage1(const TranslationScheme& scheme, const Stage1Rights& rights,
                                            const Access& access, std::uint64_t sctlr) {
  const auto reason = access.kind == Access::Kind::kExecute ? execution_denied(scheme, rights, access, sctlr)
                                                            : data_denied(scheme, rights, access, sctlr);
  return reason ? std::optional(denial(access, *reason)) : std::nullopt;
}

std::optional<std::string> denied_by_stage2(const Stage2Rights& rights, const Access& access) {
  const bool executable = access.from_level == 0 ? rights.user_execute : rights.privileged_execute;
  switch (access.kind) {
    case Access::Kind::kRead:
      return rights.read ? std::nullopt : std::optional(denial(access, "S2AP"));
    case Access::Kind::kWrite:
      return rights.write ? std::nullopt : std::optional(denial(access, "S2AP"));
    case Access::Kind::kExecute:
      return executable ? std::nullopt : std::optional(denial(access, "XN"));
  }
  return std::nullopt;
}

std::string to_text(const TranslationScheme& scheme, const TableLimits& limits) {
  std::string text;
  if (limits.read_only) text += ", APTable: read-only";
  if (limits.no_user && scheme.two_privileges) text += ", APTable: nothing for EL0";
  if (limits.no_user_execute) text += scheme.two_privileges ? ", UXNTable" : ", XNTable";
  if (limits.no_privileged_execute && scheme.two_privileges) text += ", PXNTable";
  return text;
}

std::string to_text(const TranslationScheme& scheme, const Stage1Rights& rights) {
  std::string text = rights.read_only ? "RO" : "RW";
  if (rights.user) text += rights.read_only ? ", EL0 RO" : ", EL0 RW";
  if (!scheme.two_privileges) return rights.user_execute_never ? text + ", XN" : text;
  if (rights.privileged_execute_never) text += ", PXN";
  if (rights.user_execute_never) text += ", UXN";
  return text;
}

std::string to_text(const Stage2Rights& rights) {
  std::string text = "stage 2 ";
  text += rights.read ? (rights.write ? "RW" : "RO") : (rights.write ? "WO" : "no access");
  if (rights.user_execute && rights.privileged_execute) return text;
  if (!rights.user_execute && !rights.privileged_execute) return text + ", XN";
  return text + (rights.user_execute ? ", XN at EL1" : ", XN at EL0");
}

}  // namespace bootrig::aarch64
