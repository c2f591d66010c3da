// What a person must be told of a board once its machine has been stopped: that it could not be put away.
#pragma once

#include "machine/machine.h"

namespace bootrig {

// A line on stderr for each thing that went wrong; nothing for other machines, whose errors are their emulator's.
void tell_board_trouble(const MachineSpec& spec, const Machine& machine);

}  // namespace bootrig
