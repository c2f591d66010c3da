#include "cli/selection_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "history/stored_run.h"

namespace bootrig {
namespace {

// By cell, of the testcases that were tried; of one that was repeated the longest.
Result<std::map<std::string, Duration>> recorded_durations(const std::string& report) {
  auto run = read_stored_run(report);
  if (!run) return fail("--durations", to_text(run.error()));
  std::map<std::string, Duration> durations;
  for (const ResultRecord& result : run->results) {
    Duration& duration = durations[result.cell];
    duration = std::max(duration, result.duration);
  }
  return durations;
}

}  // namespace

// Repeatable options take one value at a time: what follows is the next option or a testcase.
void add_selection_options(CLI::App& app, SelectionOptions& options) {
  Selection& selection = options.selection;
  app.add_option("SELECTION", selection.patterns,
                 "Testcases: 'boot/hello', 'boot/*', 'boot/hello@virt[gic=3]'; none: all of the matrices");
  app.add_option("--matrix,-m", selection.matrices,
                 "A matrix by name (scenarios/NAME.matrix.json) or file; repeatable; none: all")
      ->allow_extra_args(false);
  app.add_option("--target,-t", selection.targets, "Only these targets; a glob; repeatable")->allow_extra_args(false);
  app.add_option("--scenario,-s", selection.scenarios, "Only these scenarios; a glob; repeatable")
      ->allow_extra_args(false);
  app.add_option("--tag", selection.tags, "Only scenarios or targets with this tag; repeatable: any of them")
      ->allow_extra_args(false);
  app.add_option("--repeat", selection.repeat, "Each testcase so many times")->check(CLI::Range(1, 100000));
  app.add_option("--shard", options.shard, "Only the i-th of n parts: 2/4");
  app.add_option("--durations", options.durations,
                 "A report.json of an earlier run, the same for all shards: they take equally long by it");
  app.add_flag("--shuffle{random}", options.shuffle, "In random order; the seed is printed, or given: --shuffle=42");
  app.add_option("--project", options.project, "Folder with targets/, scenarios/ and images/; found upwards from here");
}

Result<Selection> to_selection(const SelectionOptions& options) {
  Selection selection = options.selection;
  if (!options.shard.empty()) {
    const auto parts = split(options.shard, '/');
    const auto shard = parse_count(parts.front());
    const auto shards = parse_count(parts.back());
    if (parts.size() != 2 || !shard || !shards || *shard < 1 || *shard > *shards || *shards > 10000) {
      return fail("--shard", fmt::format("'{}' is not a part such as 2/4", printable(options.shard)));
    }
    selection.shard = static_cast<unsigned>(*shard);
    selection.shards = static_cast<unsigned>(*shards);
  }
  if (!options.durations.empty()) {
    BOOTRIG_TRY(selection.durations, recorded_durations(options.durations));
  }
  if (options.shuffle == "random") {
    selection.shuffle = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  } else if (!options.shuffle.empty()) {
    auto seed = parse_count(options.shuffle);
    if (!seed) return fail("--shuffle", seed.error().message);
    selection.shuffle = *seed;
  }
  return selection;
}

}  // namespace bootrig
