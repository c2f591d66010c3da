// A comparison of two runs: for a person, as Markdown to paste into an issue or a chat, and as JSON
// (reports/compare.schema.json).
#pragma once

#include <string>

#include "history/comparison.h"
#include "json/value.h"
#include "reports/style.h"

namespace bootrig {

// What was compared: where it was read from ("run 12", "out/report.json"), and the run.
struct ComparedRun {
  std::string source;
  RunInfo info;
};

// "4f2a91c0 (2026-09-21)", or the date alone where the project has no revision.
std::string since_text(const Since& since);
// How the failure of a group stands to the past: "new", "known since 4f2a91c0 (2026-09-21)", "flaky: ...".
std::string change_words(const ChangeGroup& group);

std::string comparison_text(const ComparedRun& before, const ComparedRun& now, const Comparison& comparison,
                            const Style& style);
std::string comparison_markdown(const ComparedRun& before, const ComparedRun& now, const Comparison& comparison);
JsonValue comparison_json(const ComparedRun& before, const ComparedRun& now, const Comparison& comparison);

// What a run fixed, for the end of its summary: each signature with its testcases. Empty: nothing.
std::string fixed_text(const Comparison& comparison, const Style& style);

}  // namespace bootrig
