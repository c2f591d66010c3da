#include "cli/page_history.h"

#include <fmt/format.h>

#include "history/history.h"
#include "run/result_json.h"

namespace bootrig {
namespace {

constexpr std::size_t kRuns = 60;
constexpr std::size_t kRunsLookedAt = 500;
constexpr std::size_t kResults = 100'000;  // some 5 MiB of the page

JsonValue::Object testcases_json(const RunRecord& run) {
  JsonValue::Object testcases;
  for (const ResultRecord& result : run.results) {
    std::string id = result.cell;
    if (result.repetition > 1) id += fmt::format("#{}", result.repetition);
    const double seconds = std::chrono::duration<double>(result.wall).count();
    testcases.emplace_back(std::move(id), JsonValue::Array{to_text(result.standing), seconds});
  }
  return testcases;
}

}  // namespace

JsonValue::Array page_history(const std::filesystem::path& file, const std::string& name,
                              std::optional<std::int64_t> except) {
  JsonValue::Array runs;
  const auto history = History::open(file);
  if (!history) return runs;
  const auto rows = history->runs(kRunsLookedAt);
  if (!rows) return runs;
  std::size_t results = 0;
  for (const RunRow& row : *rows) {
    if (row.run.info.name != name || row.run.id == except) continue;
    const auto run = history->run(row.run.id);
    if (!run) continue;
    results += run->results.size();
    if (runs.size() == kRuns || results > kResults) break;
    runs.push_back(JsonValue::Object{{"time", row.run.info.started_at_ms},
                                     {"revision", row.run.info.revision},
                                     {"counts", to_json(row.totals)},
                                     {"testcases", testcases_json(*run)}});
  }
  return runs;
}

}  // namespace bootrig
