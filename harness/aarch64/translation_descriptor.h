// One descriptor of a translation table: what it is, where it leads, what it allows (DDI 0487, D8.3 and D8.4). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "aarch64/translation.h"

namespace bootrig::aarch64 {

struct TableEntry {
  enum class Kind { kInvalid, kTable, kBlock, kPage };
  Kind kind = Kind::kInvalid;
  std::uint64_t value = 0;
  std::uint64_t address = 0;  // of the next table, or of the memory
  std::string problem;        // of kInvalid: "invalid", "a block, which level 0 cannot hold with a 4K granule"

  bool is_leaf() const { return kind == Kind::kBlock || kind == Kind::kPage; }
  bool access_flag() const { return bit(value, 10); }
  bool contiguous() const { return bit(value, 52); }
  bool dirty_modifier() const { return bit(value, 51); }  // DBM
};
TableEntry decode_entry(const TranslationScheme& scheme, int level, std::uint64_t value);
unsigned descriptor_shareability(const TranslationScheme& scheme, std::uint64_t value);

// What the tables on the way forbid: APTable, UXNTable or XNTable, PXNTable.
struct TableLimits {
  bool read_only = false, no_user = false, no_user_execute = false, no_privileged_execute = false;
  void add(std::uint64_t table_descriptor);
};

// Stage 1 rights. Where a regime has one privilege, `user` is not there and execute_never stands for both.
struct Stage1Rights {
  bool read_only = false, user = false;  // AP[2], AP[1]
  bool user_execute_never = false, privileged_execute_never = false;
};
Stage1Rights stage1_rights(const TranslationScheme& scheme, std::uint64_t leaf, const TableLimits& limits);
struct Stage2Rights {
  bool read = false, write = false, user_execute = false, privileged_execute = false;  // S2AP, XN
};
Stage2Rights stage2_rights(const TranslationScheme& scheme, std::uint64_t leaf);

// Why the access is denied; nullopt: it is allowed.
std::optional<std::string> denied_by_stage1(const TranslationScheme& scheme, const Stage1Rights& rights,
                                            const Access& access, std::uint64_t sctlr);
std::optional<std::string> denied_by_stage2(const Stage2Rights& rights, const Access& access);

// ", APTable: read-only, PXNTable"; empty without limits.
std::string to_text(const TranslationScheme& scheme, const TableLimits& limits);
// "RW", "RO, EL0 RO, PXN, UXN"; "stage 2 RW, XN".
std::string to_text(const TranslationScheme& scheme, const Stage1Rights& rights);
std::string to_text(const Stage2Rights& rights);

}  // namespace bootrig::aarch64
