#include "reports/place.h"

#include "base/text.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

// "file:12" of a transcript, "file:/steps/0/expect" of a JSON file.
SourcePlace parse_place(const std::string& place) {
  const std::size_t colon = place.rfind(':');
  if (colon == std::string::npos) return {place};
  const auto line = parse_count(place.substr(colon + 1));
  if (!line || *line == 0 || *line > ~0u) return {place.substr(0, colon)};
  return {place.substr(0, colon), static_cast<unsigned>(*line)};
}

}  // namespace

SourcePlace source_place(const RunResult& result, const fs::path& project, const fs::path& base) {
  SourcePlace place{(project / "scenarios" / result.scenario / "scenario.json").lexically_normal().string()};
  const bool expected = !result.attempts.empty() && result.attempts.back().outcome.divergence &&
                        result.verdict.kind == VerdictKind::kFail;
  if (expected) place = parse_place(result.attempts.back().outcome.divergence->place);
  if (base.empty()) return place;
  std::error_code none;
  const fs::path file = fs::absolute(place.file, none).lexically_normal().lexically_relative(fs::absolute(base, none));
  if (!file.empty() && *file.begin() != "..") place.file = file.generic_string();
  return place;
}

}  // namespace bootrig
