#include "slurm/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "base/text.h"

namespace bootrig {
namespace {

// slurm.conf's MaxArraySize is 1001 where nobody has changed it: the largest index is 1000.
constexpr unsigned kMaxShards = 1000;
constexpr unsigned kMaxCpus = 1024;

Result<void> read_count(const std::string& text, unsigned max, unsigned& out) {
  const auto count = parse_count(text);
  if (!count || *count < 1 || *count > max) {
    return fail(fmt::format("'{}' is no whole number from 1 to {}", printable(text), max));
  }
  out = static_cast<unsigned>(*count);
  return {};
}

Result<void> read_duration(const std::string& text, Duration& out) {
  BOOTRIG_TRY(const Duration duration, parse_duration(text));
  if (duration <= Duration{0}) return fail("it must be greater than 0");
  out = duration;
  return {};
}

Result<void> read_duration(const std::string& text, std::optional<Duration>& out) {
  Duration duration{0};
  BOOTRIG_TRY_VOID(read_duration(text, duration));
  out = duration;
  return {};
}

Result<void> read_memory(const std::string& text, std::optional<std::uint64_t>& out) {
  BOOTRIG_TRY(out, parse_size(text));
  return {};
}

Result<void> read_option(const std::string& name, const std::string& value, SlurmOptions& options) {
  const std::map<std::string, std::function<Result<void>()>> readers{
      {"shards", [&] { return read_count(value, kMaxShards, options.shards); }},
      {"cpus", [&] { return read_count(value, kMaxCpus, options.cpus); }},
      {"memory", [&] { return read_memory(value, options.memory); }},
      {"time", [&] { return read_duration(value, options.time); }},
      {"poll", [&] { return read_duration(value, options.poll); }},
      {"start-within", [&] { return read_duration(value, options.start_within); }},
      {"sbatch", [&]() -> Result<void> {
         if (!value.starts_with("-")) return fail(fmt::format("'{}' is no option of sbatch", printable(value)));
         options.sbatch.push_back(value);
         return {};
       }}};
  if (const auto reader = readers.find(name); reader != readers.end()) return reader->second();
  std::vector<std::string> names;
  for (const auto& [known, unused] : readers) names.push_back(known);
  return fail(fmt::format("slurm has no option '{}'; there is {}{}", printable(name), one_of(names),
                          did_you_mean(name, names)));
}

}  // namespace

Result<SlurmOptions> parse_slurm_options(const std::vector<std::string>& words) {
  SlurmOptions options;
  for (const std::string& word : words) {
    const std::string place = fmt::format("--engine-option {}", printable(word));
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) return fail(place, "is not of the form name=value");
    const auto read = read_option(word.substr(0, equals), word.substr(equals + 1), options);
    if (!read) return fail(place, to_text(read.error()));
  }
  return options;
}

}  // namespace bootrig
