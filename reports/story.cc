#include "reports/story.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/utf8.h"
#include "triage/diagnosis_text.h"

namespace bootrig {
namespace {

constexpr std::size_t kTextLimit = 2048;
constexpr std::size_t kExcerptPart = 64 * 1024;
constexpr std::size_t kDetailLines = 20;

std::string limited(std::string_view text) {
  return text.size() <= kTextLimit ? std::string(text) : std::string(head_of(text, kTextLimit)) + "…";
}

class Story {
 public:
  // The text's first line gets the label; those that follow are marked as its continuation.
  void add(std::string_view label, std::string_view text) {
    std::size_t count = 0;
    for (const std::string_view line : split_lines(text)) {
      if (++count > kDetailLines) return lines_.push_back({"", "| …"});
      lines_.push_back(count == 1 ? StoryLine{std::string(label), limited(line)} : StoryLine{"", "| " + limited(line)});
    }
  }

  // Console lines with their numbers; the marked one is what the story is about.
  void add_console(std::string_view label, const std::vector<SeenLine>& console, std::uint64_t marked) {
    std::size_t width = 1;
    for (const SeenLine& line : console) width = std::max(width, fmt::formatted_size("{}", line.number));
    for (const SeenLine& line : console) {
      const char mark = line.number == marked ? '>' : ' ';
      lines_.push_back({std::string(&line == &console.front() ? label : std::string_view()),
                        limited(fmt::format("{} {:{}} | {}", mark, line.number, width, line.text))});
    }
  }

  std::vector<StoryLine> take() { return std::move(lines_); }

 private:
  std::vector<StoryLine> lines_;
};

std::string in_quotes(std::string_view text) {
  return fmt::format("'{}'", text);
}

// A refused line's detail says what "expected", "seen" and "where" say below it.
void tell_detail(const Verdict& verdict, const Attempt* attempt, Story& story) {
  const bool twice = attempt != nullptr && attempt->outcome.termination == Termination::kDiverged &&
                     attempt->outcome.divergence && attempt->outcome.divergence->seen;
  if (!twice) story.add("detail", verdict.detail);
}

std::string joined_lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// The explanation heads the story: most readers need nothing else.
void tell_diagnosis(const Attempt& attempt, Story& story) {
  if (!attempt.diagnosis) return;
  const Diagnosis& diagnosis = *attempt.diagnosis;
  if (diagnosis.cause) {
    story.add("CAUSE", diagnosis.cause->what);
    story.add("CHANGE", diagnosis.cause->change);
  }
  story.add("exception", diagnosis.headline);
  story.add("findings", joined_lines(diagnosis.findings));
  story.add("code", joined_lines(diagnosis.code));
  story.add("backtrace", joined_lines(diagnosis.backtrace));
  std::vector<std::string> cpus;
  for (const CpuLine& cpu : untold_cpus(diagnosis)) cpus.push_back(cpu_text(cpu));
  story.add("CPUs", joined_lines(cpus));
  story.add("missing", joined_lines(diagnosis.missing));
}

// A diagnosis has these among its findings.
void tell_preflight(const RunResult& result, Story& story) {
  if (!result.attempts.empty() && result.attempts.back().diagnosis) return;
  std::vector<std::string> lines;
  for (const Finding& finding : result.findings) lines.push_back(to_line(finding));
  story.add("preflight", joined_lines(lines));
}

void tell_divergence(const Divergence& divergence, Story& story) {
  story.add(divergence.captured ? "allowed" : "expected", in_quotes(divergence.expected));
  if (divergence.captured) story.add("captured", in_quotes(*divergence.captured));
  if (divergence.seen) {
    story.add("seen", in_quotes(divergence.seen->text));
    story.add("where", fmt::format("{}; line {} of the console", divergence.place, divergence.seen->number));
  } else {
    story.add("seen", divergence.before.empty() ? "nothing: the console stayed silent" : "nothing of it");
    story.add("where", divergence.place);
  }
  std::vector<SeenLine> console = divergence.before;
  if (divergence.seen) console.push_back(*divergence.seen);
  console.insert(console.end(), divergence.after.begin(), divergence.after.end());
  story.add_console("console", console, divergence.seen ? divergence.seen->number : 0);
}

void tell_signature(const Outcome& outcome, Story& story) {
  const SignatureHit& hit = *outcome.hit;
  std::vector<SeenLine> console = outcome.last_lines;
  const bool holds = std::ranges::find(console, hit.line.number, &SeenLine::number) != console.end();
  if (!holds) console.insert(console.begin(), hit.line);
  story.add_console("console", console, hit.line.number);
  if (outcome.divergence) {
    story.add("awaited", fmt::format("{} ({})", in_quotes(outcome.divergence->expected), outcome.divergence->place));
  }
}

std::string ending_words(const Outcome& outcome) {
  std::string text = fmt::format("{}, {} after power-on", to_text(outcome.termination), seconds_text(outcome.wall));
  if (outcome.limit > Duration::zero()) text += fmt::format(", limit {}", format_duration(outcome.limit));
  if (outcome.bytes == 0) return text + ", not one byte of output";
  text += fmt::format(", first output after {}", seconds_text(outcome.first_output));
  if (outcome.starved > outcome.wall / 10) {
    text += fmt::format("; {} of it the machine waited for a processor", seconds_text(outcome.starved));
  }
  return text;
}

void tell_session(const Attempt& attempt, Story& story) {
  const Outcome& outcome = attempt.outcome;
  if (outcome.termination == Termination::kNotStarted) return;
  if (outcome.hit) {
    tell_signature(outcome, story);
  } else if (outcome.divergence && attempt.verdict.kind != VerdictKind::kPass) {
    tell_divergence(*outcome.divergence, story);
  } else if (attempt.verdict.kind != VerdictKind::kPass) {
    story.add_console("console", outcome.last_lines, 0);
  }
  if (outcome.expected > 0) {
    story.add("matched", fmt::format("{} of {} expectations; the boot stage {}", outcome.matched, outcome.expected,
                                     outcome.boot_stage_over ? "was over" : "was not over"));
  }
  story.add("ended", ending_words(outcome));
  if (attempt.verdict.kind == VerdictKind::kError) story.add("stderr", trim(outcome.machine.errors));
}

std::string earlier_attempts(const RunResult& result) {
  std::string text;
  for (std::size_t i = 0; i + 1 < result.attempts.size(); ++i) {
    const Verdict& verdict = result.attempts[i].verdict;
    if (!text.empty()) text += "; ";
    text += fmt::format("attempt {}: {}{}{}", i + 1, verdict_words(verdict), verdict.detail.empty() ? "" : ": ",
                        verdict.detail);
  }
  return text;
}

}  // namespace

std::string verdict_words(const Verdict& verdict) {
  if (verdict.cause == Cause::kNone) return std::string(to_text(verdict.kind));
  return fmt::format("{} ({})", to_text(verdict.kind), to_text(verdict.cause));
}

std::string expected_words(const ExpectedFailure& expected) {
  std::string text =
      expected.cause.empty() ? expected.verdict : fmt::format("{} ({})", expected.verdict, expected.cause);
  if (expected.detail) text += fmt::format(", holding '{}'", *expected.detail);
  if (expected.root_cause) text += fmt::format(", root cause {}", *expected.root_cause);
  return text;
}

std::string recheck_words(const RunResult& result) {
  if (!result.recheck) return "";
  const Verdict& verdict = result.recheck->verdict;
  const bool same = verdict.kind == result.verdict.kind && verdict.cause == result.verdict.cause;
  switch (verdict.kind) {
    case VerdictKind::kPass:
      return "passes on the deterministic machine: timing";
    case VerdictKind::kFail:
      if (same) return "fails on the deterministic machine, too: a change, not timing";
      return fmt::format("on the deterministic machine otherwise: {}: {}", verdict_words(verdict), verdict.detail);
    case VerdictKind::kError:
    case VerdictKind::kSkip:
      break;
  }
  return fmt::format("no answer from the deterministic machine: {}: {}", verdict_words(verdict), verdict.detail);
}

std::string headline(const RunResult& result) {
  const std::string expected = result.expected_failure ? expected_words(*result.expected_failure) : "a failure";
  switch (result.standing) {
    case Standing::kPassed:
      return "passed";
    case Standing::kExpectedFailure:
      return fmt::format("failed as expected: {}", verdict_words(result.verdict));
    case Standing::kFailed:
      return fmt::format("failed: {}", to_text(result.verdict.cause));
    case Standing::kErrored:
      return fmt::format("error: {}", to_text(result.verdict.cause));
    case Standing::kUnexpectedPass:
      return fmt::format("passed, but {} was expected", expected);
    case Standing::kWrongFailure:
      return fmt::format("{}, but {} was expected", verdict_words(result.verdict), expected);
    case Standing::kSkipped:
      return "skipped";
    case Standing::kQuarantined:
      return fmt::format("quarantined: {}", verdict_words(result.verdict));
    case Standing::kFlaky:
      return fmt::format("passed at attempt {}, after {}", result.attempts.size(),
                         result.attempts.empty() ? "nothing" : verdict_words(result.attempts.front().verdict));
  }
  return "";
}

std::string summary_line(const RunResult& result) {
  std::string text = result.verdict.detail;
  if (result.standing == Standing::kUnexpectedPass || result.standing == Standing::kWrongFailure) {
    text = text.empty() ? headline(result) : fmt::format("{}: {}", headline(result), text);
  } else if (result.standing == Standing::kFlaky) {
    text = earlier_attempts(result);
  } else if (result.standing == Standing::kQuarantined) {
    text = fmt::format("{}; {}", result.quarantine, text);
  }
  if (result.recheck) text += fmt::format("{}{}", text.empty() ? "" : "; ", recheck_words(result));
  if (text.empty()) text = headline(result);
  const auto lines = split_lines(text);
  return limited(lines.size() > 1 ? std::string(lines.front()) + " …" : text);
}

std::string testcase_name(const RunResult& result) {
  const std::string plain = result.scenario + "@" + result.target;
  return result.id.starts_with(plain) ? result.scenario + result.id.substr(plain.size()) : result.scenario;
}

std::vector<StoryLine> story_of(const RunResult& result) {
  Story story;
  if (!result.attempts.empty()) tell_diagnosis(result.attempts.back(), story);
  tell_detail(result.verdict, result.attempts.empty() ? nullptr : &result.attempts.back(), story);
  tell_preflight(result, story);
  if (result.expected_failure) {
    const ExpectedFailure& expected = *result.expected_failure;
    story.add("wanted", fmt::format("{}: {}", expected_words(expected), expected.reason));
  }
  if (!result.attempts.empty()) tell_session(result.attempts.back(), story);
  story.add("attempts", earlier_attempts(result));
  story.add("recheck", recheck_words(result));
  story.add("to act", who_must_act(result.verdict.cause));
  story.add("quarantine", result.quarantine);
  story.add("repeat", result.repeat_command);
  if (!result.attempts.empty() && !result.attempts.back().folder.empty()) {
    story.add("transcript", (result.attempts.back().folder / "transcript.raw").string());
  }
  return story.take();
}

std::vector<StoryLine> story_of(const Attempt& attempt) {
  Story story;
  tell_diagnosis(attempt, story);
  tell_detail(attempt.verdict, &attempt, story);
  tell_session(attempt, story);
  story.add("to act", who_must_act(attempt.verdict.cause));
  if (!attempt.folder.empty()) story.add("transcript", (attempt.folder / "transcript.raw").string());
  return story.take();
}

std::string to_text(const std::vector<StoryLine>& story) {
  std::string text;
  for (const StoryLine& line : story) text += fmt::format("{:10} {}\n", line.label, line.text);
  return text;
}

const Diagnosis* explanation(const RunResult& result) {
  if (result.attempts.empty()) return nullptr;
  const std::optional<Diagnosis>& diagnosis = result.attempts.back().diagnosis;
  return diagnosis && diagnosis->cause ? &*diagnosis : nullptr;
}

std::string sameness(const RunResult& result) {
  if (const Diagnosis* known = explanation(result)) {
    return fmt::format("{}\n{}", to_text(result.standing), known->signature);
  }
  // Errors are about us: the same compiler's message is one trouble, whichever scenarios wanted the
  // image.
  const bool is_error = result.verdict.kind == VerdictKind::kError;
  std::string key = fmt::format("{}\n{}\n{}\n", to_text(result.standing), to_text(result.verdict.cause),
                                is_error ? "" : result.scenario);
  const Outcome none;
  const Outcome& outcome = result.attempts.empty() ? none : result.attempts.back().outcome;
  if (is_error) return key + result.verdict.detail;
  if (outcome.hit) return key + fmt::format("{}\n{}", outcome.hit->name, outcome.hit->line.text);
  if (!outcome.divergence) return key + result.verdict.detail;
  const Divergence& divergence = *outcome.divergence;
  return key +
         fmt::format("{}\n{}\n{}", divergence.place, divergence.expected, divergence.seen ? divergence.seen->text : "");
}

Excerpt bounded(const Excerpt& excerpt) {
  const std::string_view head = head_of(excerpt.head, kExcerptPart);
  const std::string_view tail = tail_of(excerpt.tail, kExcerptPart);
  return {std::string(head), excerpt.cut + excerpt.head.size() - head.size() + excerpt.tail.size() - tail.size(),
          std::string(tail)};
}

std::string seconds_text(Duration duration) {
  const auto milliseconds = std::max<std::int64_t>(0, duration / std::chrono::milliseconds(1));
  const auto hundredths = (milliseconds + 5) / 10;
  if (hundredths < 1000) return fmt::format("{}.{:02} s", hundredths / 100, hundredths % 100);
  const std::chrono::seconds whole((milliseconds + 500) / 1000);
  return whole.count() < 60 ? fmt::format("{} s", whole.count()) : format_duration(whole);
}

}  // namespace bootrig
