#include "cli/board_trouble.h"

#include <fmt/format.h>

#include <cstdio>

#include "base/text.h"

namespace bootrig {

void tell_board_trouble(const MachineSpec& spec, const Machine& machine) {
  if (!spec.board) return;
  for (const std::string_view line : split_lines(machine.facts().errors)) {
    std::fprintf(stderr, "bootrig: %s\n", printable(line).c_str());
  }
}

}  // namespace bootrig
