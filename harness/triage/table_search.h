// The search for translation tables: which table a walk that ends at an invalid descriptor would need, and, without a
// machine, which table in the image's files gives the fault that was reported.
#pragma once

#include <string>
#include <vector>

#include "triage/facts.h"

namespace bootrig {

// Tables with which the walk of FAR would come to memory, the strongest evidence alone: that memory holds there what a
// file of what runs has at FAR, that nothing points to the table yet, that another table points to it at the same
// index. A table is an object of the symbols or, where those know none, a page of the booted image near the descriptor.
// Empty: the walk has no such end, or no table would do.
std::vector<LinkCandidate> find_links(const Facts& facts);

// Without a machine: sets registers, walk and memory to what the files hold, when exactly one table in them gives the
// fault that was reported. 4 KiB and 48 bits are assumed.
void walk_files(Facts& facts);

}  // namespace bootrig
