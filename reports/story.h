// The story of a testcase that did not plainly pass: what an engineer must know to act without
// opening another file. The terminal and JUnit tell the same one; each makes the bytes safe and
// cuts them in its own way.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "run/result.h"

namespace bootrig {

// A labelled line. Texts are raw bytes without '\n', at most 2 KiB, and never begin with a guest's
// bytes alone at the start of a printed line: CI servers read commands there.
struct StoryLine {
  std::string label;  // "expected", "seen", ...; empty: belongs to the line above
  std::string text;
};

// "fail (exception)", "pass", "skip".
std::string verdict_words(const Verdict& verdict);
// "fail (exception), holding 'linux-panic'": what a rule or scenario expects instead of a pass.
std::string expected_words(const ExpectedFailure& expected);

// One line: how the testcase stands and why: "failed: exception", "passed, but fail (exception) was
// expected".
std::string headline(const RunResult& result);
// One line: the cause's detail; what was expected when that is what is wrong. For messages.
std::string summary_line(const RunResult& result);

// What the deterministic machine made of the failure: "passes on the deterministic machine: timing"; empty: not asked.
std::string recheck_words(const RunResult& result);

// The testcase's name within its target: the scenario, with "#2" for a repetition.
std::string testcase_name(const RunResult& result);

// The cause's detail, what was expected and seen with the lines around it, how far it came, who
// must act, how to repeat it.
std::vector<StoryLine> story_of(const RunResult& result);

// The same for one attempt alone.
std::vector<StoryLine> story_of(const Attempt& attempt);

// Labels in a column, one line each.
std::string to_text(const std::vector<StoryLine>& story);

// The last attempt's diagnosis, when it names a cause; otherwise null.
const Diagnosis* explanation(const RunResult& result);

// What makes two failures the same one for a reader: equal text, same trouble. Targets do not take
// part. Where triage named a cause: equal signature.
std::string sameness(const RunResult& result);

// At most 64 KiB of the head and 64 KiB of the tail, no character cut in two; `cut` grows by what
// is left out.
Excerpt bounded(const Excerpt& excerpt);

// "0.35 s", "41 s", "3m20s".
std::string seconds_text(Duration duration);

}  // namespace bootrig
