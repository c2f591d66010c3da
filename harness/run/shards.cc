#include "run/shards.h"

#include <algorithm>
#include <numeric>
#include <queue>
#include <utility>

namespace bootrig {
namespace {

// What a job costs that took no time at all (a skip), so that such jobs do not gather in one shard.
constexpr Duration kLeast = std::chrono::milliseconds(1);

Duration median(std::vector<Duration> durations) {
  const auto middle = durations.begin() + static_cast<std::ptrdiff_t>(durations.size() / 2);
  std::ranges::nth_element(durations, middle);
  return *middle;
}

}  // namespace

std::vector<Duration> expected_durations(const std::vector<std::string>& cells,
                                         const std::map<std::string, Duration>& known) {
  std::vector<Duration> found;
  for (const std::string& cell : cells) {
    if (const auto one = known.find(cell); one != known.end()) found.push_back(std::max(one->second, kLeast));
  }
  const Duration other = found.empty() ? std::chrono::seconds(1) : median(found);
  std::vector<Duration> durations;
  for (const std::string& cell : cells) {
    const auto one = known.find(cell);
    durations.push_back(one == known.end() ? other : std::max(one->second, kLeast));
  }
  return durations;
}

std::vector<unsigned> deal_shards(const std::vector<Duration>& durations, unsigned shards) {
  std::vector<std::size_t> order(durations.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return durations[a] > durations[b]; });
  using Load = std::pair<Duration, unsigned>;
  std::priority_queue<Load, std::vector<Load>, std::greater<>> loads;
  for (unsigned shard = 1; shard <= shards; ++shard) loads.emplace(Duration{0}, shard);
  std::vector<unsigned> shard_of(durations.size(), 1);
  for (const std::size_t job : order) {
    const auto [load, shard] = loads.top();
    loads.pop();
    shard_of[job] = shard;
    loads.emplace(load + durations[job], shard);
  }
  return shard_of;
}

}  // namespace bootrig
