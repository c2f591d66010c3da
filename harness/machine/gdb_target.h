// The target description that a gdbstub gives (GDB manual, "Target Descriptions"): XML that names the registers and
// numbers them. Numbers differ from machine to machine, names do not.
//
// A scanner of tags, no XML parser: entities and nesting do not matter to the few attributes that are read, and what is
// broken gives fewer registers, never an error.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bootrig {

struct GdbRegister {
  std::string name;
  unsigned number = 0;
};

// The files that <xi:include href="…"/> names, in order.
std::vector<std::string> parse_gdb_includes(std::string_view xml);

// The <reg> tags. One without a regnum has the number after the one before it; the first of a file, `next`, which is
// moved on.
std::vector<GdbRegister> parse_gdb_registers(std::string_view xml, unsigned& next);

// The name in the Arm ARM: QEMU shortens some ("SCTLR" is SCTLR_EL1, "AMAIR0" AMAIR_EL1).
std::string canonical_register_name(std::string_view name);

}  // namespace bootrig
