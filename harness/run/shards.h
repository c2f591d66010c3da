// Shards: a plan in parts that take equally long.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"

namespace bootrig {

// How long each cell is expected to take: what `known` says; a cell that it does not know the median of those that it
// knows; where it knows none, all are alike.
std::vector<Duration> expected_durations(const std::vector<std::string>& cells,
                                         const std::map<std::string, Duration>& known);

// The shard of each job, from 1: the longest job first, each to the shard that has the least so far (of several the
// first). Jobs that are alike are so dealt out in turn. The longest shard is at most 4/3 - 1/(3 * shards) times as long
// as that of the best division (R. L. Graham, "Bounds on Multiprocessing Timing Anomalies", 1969, theorem 2).
std::vector<unsigned> deal_shards(const std::vector<Duration>& durations, unsigned shards);

}  // namespace bootrig
