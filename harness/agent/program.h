// The modes of the program `agent`. It is small, static and of the standard library alone, because a copy of it runs on
// hosts that have nothing but an ssh server and a QEMU.
#pragma once

#include <span>

namespace bootrig {

// On the machine's host, at the far end of ssh: takes a command line from its input, starts that program with the
// descriptors that a machine's QEMU has (qemu/arguments.h), and carries them until it ends. The program is killed when the
// input ends, when nothing is heard for as long as the other side said, and when the agent dies.
int serve();

// On this side, in the place of a QEMU: its descriptors are those that QEMU would inherit, and kStatusDescriptor.
// `words`: milliseconds of silence after which the host is given up, the number of words of the command that leads to
// serve() over there (ssh ...), those words, the command line to be run there.
int relay(std::span<char*> words);

// Beside a bootrig that uses a board, which it outlives: runs the board's commands for it (agent/guard_packet.h), and once
// bootrig is gone without a farewell, those that put the board away: switched off, given back. Until then it holds the
// board's lock, and writes into the lock file what it does. One word is the board's name, for who looks at processes.
int guard();

// Prints what the host has, a key and its value a line. `words`: the QEMU program.
int probe(std::span<char*> words);

}  // namespace bootrig
