#include "run/host_state.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/text.h"

namespace bootrig {
namespace {

// The words of the line that begins with `key`, without it; empty: there is none.
std::vector<std::string> words_behind(std::string_view text, std::string_view key) {
  for (const std::string_view line : split_lines(text)) {
    if (!line.starts_with(key)) continue;
    std::vector<std::string> words;
    for (const std::string_view word : split(line.substr(key.size()), ' ')) {
      if (!word.empty()) words.emplace_back(word);
    }
    return words;
  }
  return {};
}

std::optional<double> parse_decimal(const std::string& word) {
  char* end = nullptr;
  const double value = std::strtod(word.c_str(), &end);
  return end == word.c_str() || value < 0 ? std::nullopt : std::optional(value);
}

std::optional<std::uint64_t> count_behind(std::string_view text, std::string_view key) {
  const auto words = words_behind(text, key);
  const auto count = words.empty() ? Result<std::uint64_t>(fail("none")) : parse_count(words.front());
  return count ? std::optional(*count) : std::nullopt;
}

}  // namespace

HostState read_host_state(const std::filesystem::path& proc) {
  HostState state;
  state.processors = std::thread::hardware_concurrency();
  const auto text_of = [&](const char* file) { return read_file(proc / file).value_or(""); };
  const auto load = words_behind(text_of("loadavg"), "");
  if (!load.empty()) state.load = parse_decimal(load.front());
  // "some avg10=1.51 avg60=0.87 ..." (Documentation/accounting/psi.rst)
  constexpr std::string_view kRecent = "avg10=";
  const auto pressure = words_behind(text_of("pressure/cpu"), "some");
  if (!pressure.empty() && pressure.front().starts_with(kRecent))
    state.cpu_pressure = parse_decimal(pressure.front().substr(kRecent.size()));
  const std::string memory = text_of("meminfo");
  if (const auto kib = count_behind(memory, "MemAvailable:")) state.memory_available = *kib << 10;
  if (const auto kib = count_behind(memory, "MemTotal:")) state.memory_total = *kib << 10;
  state.oom_kills = count_behind(text_of("vmstat"), "oom_kill ");
  return state;
}

std::string load_text(const HostState& state) {
  std::vector<std::string> parts;
  if (state.load && state.processors > 0) {
    parts.push_back(
        fmt::format("load {:.1f} on {} processor{}", *state.load, state.processors, state.processors == 1 ? "" : "s"));
  }
  if (state.cpu_pressure) parts.push_back(fmt::format("CPU pressure {:.0f} %", *state.cpu_pressure));
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace bootrig
