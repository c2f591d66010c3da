#include "history/stored_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "json/members.h"
#include "run/result_json.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSchema = "bootrig-report-1";
constexpr const char* kReport = "report.json";

Result<RunRecord> record_of_report(const std::string& place, const JsonValue& report) {
  Result<void> state;
  JsonMembers members(report, "report", state);
  if (const std::string schema = members.text("schema"); state && schema != kSchema) {
    return fail(place, fmt::format("is no report of a run: its schema is '{}', not '{}'", schema, kSchema));
  }
  if (!state) return fail(place, fmt::format("is no report of a run: {}", state.error().message));
  RunRecord run;
  const JsonValue* info = members.find("run");
  auto parsed = run_info_from_json(info == nullptr ? JsonValue() : *info);
  if (!parsed) return fail(place, parsed.error().message);
  run.info = std::move(*parsed);
  run.missing = members.count("missing");
  for (const JsonValue& element : members.array("results")) {
    auto result = result_from_json(element);
    if (!result) return fail(place, fmt::format("result {}: {}", run.results.size() + 1, result.error().message));
    run.results.push_back(record_of(*result));
  }
  if (!state) return fail(place, state.error().message);
  return run;
}

}  // namespace

Result<RunRecord> read_stored_run(const fs::path& path) {
  std::error_code error;
  fs::path file = path;
  if (fs::is_directory(path, error)) {
    file = path / kReport;
    if (!fs::exists(file, error)) {
      return fail(display_path(path), "is no folder of a run: it has no report.json");
    }
  }
  const std::string place = display_path(file);
  BOOTRIG_TRY(const std::string text, read_file(file));
  BOOTRIG_TRY(const JsonValue report, parse_json(place, text));
  BOOTRIG_TRY(RunRecord run, record_of_report(place, report));
  run.folder = fs::weakly_canonical(file.parent_path(), error).string();
  return run;
}

Result<std::vector<fs::path>> find_reports(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return fail(display_path(path), "there is no such file or folder");
  if (!fs::is_directory(path, error)) return std::vector{path};
  std::vector<fs::path> found;
  fs::recursive_directory_iterator it(path, fs::directory_options::skip_permission_denied, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (it->path().filename() == kReport && it->is_regular_file(error)) found.push_back(it->path());
    // A run's folder holds a folder for each testcase, and no reports below.
    if (it->path().filename() == "cells" || it->path().filename() == "images") it.disable_recursion_pending();
  }
  if (error) return fail(display_path(path), fmt::format("cannot be searched: {}", error.message()));
  if (found.empty()) return fail(display_path(path), "holds no report.json, nor does a folder below it");
  std::ranges::sort(found);
  return found;
}

}  // namespace bootrig
