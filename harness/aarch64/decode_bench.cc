// decode_bench: how many syndromes a second are decoded into trees, one thread, values of all exception classes. Prints
// "decode.per_second N (goal >= 2 million)"; the figure is the median of the rounds, of seconds of CPU time: what else
// runs on the host is not measured.
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <vector>

#include "aarch64/syndrome.h"

namespace bootrig::aarch64 {
namespace {

constexpr std::size_t kValues = 1'000'000;
constexpr std::size_t kRounds = 5;

std::vector<std::uint64_t> make_values() {
  std::vector<std::uint64_t> values(kValues);
  std::uint64_t state = 1;
  for (std::uint64_t& value : values) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    value = state >> 16;
  }
  return values;
}

int run() {
  const std::vector<std::uint64_t> values = make_values();
  std::vector<double> speeds;
  std::size_t fields = 0;
  for (std::size_t round = 0; round < kRounds; ++round) {
    const std::clock_t begin = std::clock();
    for (const std::uint64_t value : values) fields += decode_esr(value).root.fields[4].fields.size();
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    speeds.push_back(static_cast<double>(kValues) / seconds);
  }
  std::ranges::nth_element(speeds, speeds.begin() + kRounds / 2);
  fmt::print("decode.per_second {:.0f} (goal >= 2 million; {} fields of ISS)\n", speeds[kRounds / 2], fields);
  return 0;
}

}  // namespace
}  // namespace bootrig::aarch64

int main() {
  return bootrig::aarch64::run();
}
