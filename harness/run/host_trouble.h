// What an outcome tells of troubles of the host's: why QEMU ended, why a machine was slow. Pure; each text goes behind a
// sentence and is empty when the facts do not carry it.
#pragma once

#include <string>

namespace bootrig {

struct Outcome;

// Of a machine whose process ended: "; likely the host's OOM killer: ...".
std::string why_it_ended(const Outcome& outcome);
// Whether it ended because the host had no memory for it, or was killed: then nothing is wrong with how it was started.
bool is_the_hosts_doing(const Outcome& outcome);
// Of one that ran out of time although limits do not count the time for which it waited for a processor: "; QEMU got 0.4 s
// of CPU in 30 s and waited 12 s for a processor: the host was busy (load 9.3 on 2 processors)".
std::string why_it_was_slow(const Outcome& outcome);
// " (load 9.3 on 2 processors)", or nothing.
std::string load_behind(const Outcome& outcome);

}  // namespace bootrig
