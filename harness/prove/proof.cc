#include "prove/proof.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "base/text.h"
#include "match/alignment.h"
#include "prove/mutants.h"

namespace bootrig {
namespace {

// Where an expectation is met by another line once the first is altered, all lines that could meet it are: the second
// time all are found. More times only follow what such lines leave free.
constexpr int kTimesMax = 8;
constexpr std::size_t kShown = 80;  // of a line in a sentence

using Mutate = std::function<std::optional<Edit>(const MetExpectation&, std::string_view console)>;

std::string in_quotes(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  const std::string shown = printable(text.substr(0, kShown));
  return fmt::format("'{}{}'", shown, text.size() > kShown ? "..." : "");
}

struct Words {
  const char* why;
  const char* instead;
};
Words words_of(MutantKind kind) {
  switch (kind) {
    case MutantKind::kDrop:
      return {"the expectation is met without it", "expect a text that the guest says only there"};
    case MutantKind::kGarble:
      return {"any text of this shape meets the expectation",
              "write the words that matter, or let the line pass with '...'"};
    case MutantKind::kLetter:
    case MutantKind::kDigit:
      return {"the altered text meets the expectation, too", "write the text that matters literally"};
    case MutantKind::kCapture:
      return {"the name's two texts are not compared", "use the name where the same text must stand"};
    case MutantKind::kCheck:
      return {"what the check does not allow is taken", "have the step's expression capture what the check is about"};
    case MutantKind::kSwap:
      return {"their order is not looked at", "write the lines without '...' between them, or with \"order\": \"any\""};
    case MutantKind::kTruncate:
      return {"nothing that follows is demanded", "expect a line that the guest says last"};
    case MutantKind::kInject:
      return {"the failure is not listened for", "have \"settle\" listen on, or expect a later line"};
    case MutantKind::kSubtest:
      return {"the subtest is not looked at", "name the dialect that the guest speaks in \"subtests\""};
    case MutantKind::kEnding:
      return {"the ending is not looked at", "name the \"ending\" that is meant"};
  }
  return {"", ""};
}

class Prover {
 public:
  Prover(const Scenario& scenario, Recording recording)
      : scenario_(scenario),
        expectations_(*scenario.expectations),
        original_(std::move(recording)),
        met_(align(expectations_, original_.console)) {}

  Proof prove() && {
    count_names();
    for (const MetExpectation& met : met_) alter(met);
    if (in_listed_order(expectations_)) {
      for (std::size_t i = 0; i + 1 < met_.size(); ++i) swap(met_[i], met_[i + 1]);
    }
    truncate_after_each();
    inject();
    if (scenario_.subtests) fail_subtests();
    change_ending();
    return std::move(proof_);
  }

 private:
  bool turns(const Recording& mutant) const { return replay(scenario_, mutant).kind != VerdictKind::kPass; }

  void count(MutantKind kind) {
    ++proof_.mutants;
    ++proof_.by_kind[static_cast<std::size_t>(kind)];
  }

  void judge_mutant(MutantKind kind, const Recording& mutant, const std::string& place, const std::string& written,
                    const std::function<std::string()>& what) {
    count(kind);
    if (turns(mutant)) return;
    survived(kind, place, written, what());
  }

  void survived(MutantKind kind, std::string place, std::string written, std::string what) {
    const Words words = words_of(kind);
    proof_.survivors.push_back({kind, std::move(place), std::move(written), std::move(what), words.why, words.instead});
  }

  void count_names() {
    for (const MetExpectation& met : met_) {
      for (const match::LinePart& part : met.parts) {
        if (!part.name.empty()) ++names_[part.name];
      }
    }
  }

  void alter(const MetExpectation& met) {
    try_mutant(MutantKind::kDrop, met, drop);
    try_mutant(MutantKind::kGarble, met, garble);
    for (const CheckedText& checked : met.checked) fail_check(met, checked);
    for (std::size_t part = 0; part < met.parts.size(); ++part) {
      const auto with_part = [part](auto mutate) {
        return [=](const MetExpectation& line, std::string_view console) { return mutate(line, part, console); };
      };
      try_mutant(MutantKind::kLetter, met, with_part(alter_letter));
      try_mutant(MutantKind::kDigit, met, with_part(alter_digit));
      if (names_[met.parts[part].name] > 1) alter_one_use(met, part);
    }
  }

  // Alters the line that met the expectation; as long as the verdict stands because another line meets it, that one
  // and all others that could.
  void try_mutant(MutantKind kind, const MetExpectation& first, const Mutate& mutate) {
    const auto edit = mutate(first, original_.console);
    if (!edit) return;
    const std::string_view before = text_of(original_, *edit);
    const bool takes_nothing = first.step && first.begin == first.end;
    if (before == edit->text && !(kind == MutantKind::kDrop && takes_nothing)) return;
    Recording mutant = original_;
    replace(mutant, edit->begin, edit->end, edit->text);
    count(kind);
    for (int times = 1; times < kTimesMax && !takes_nothing; ++times) {
      if (turns(mutant)) return;
      const auto now = meets(mutant, first.index);
      // The altered text itself meets it.
      if (!now || (!edit->text.empty() && now->begin == first.begin)) break;
      if (!alter_all_others(mutant, *now, mutate)) break;
    }
    survived(kind, first.place, first.written, describe(first, *edit));
  }

  static std::string_view text_of(const Recording& recording, const Edit& edit) {
    return std::string_view(recording.console).substr(edit.begin, edit.end - edit.begin);
  }

  std::optional<MetExpectation> meets(const Recording& mutant, std::size_t index) const {
    for (MetExpectation& met : align(expectations_, mutant.console)) {
      if (met.index == index) return std::move(met);
    }
    return std::nullopt;
  }

  // From the last to the first, so that the positions of those before stay. False: nothing changed.
  bool alter_all_others(Recording& mutant, const MetExpectation& now, const Mutate& mutate) const {
    const std::string before = mutant.console;
    auto others = lines_that_fit(expectations_, now.index, mutant.console, now.line_begin);
    std::reverse(others.begin(), others.end());
    for (const MetExpectation& other : others) {
      if (const auto edit = mutate(other, mutant.console)) replace(mutant, edit->begin, edit->end, edit->text);
    }
    return mutant.console != before;
  }

  std::string describe(const MetExpectation& met, const Edit& edit) const {
    const std::string_view line =
        std::string_view(original_.console).substr(met.line_begin, met.line_end - met.line_begin);
    if (edit.text.empty()) return fmt::format("line {} {} was left out", met.line, in_quotes(line));
    std::string altered(line);
    altered.replace(edit.begin - met.line_begin, edit.end - edit.begin, edit.text);
    return fmt::format("line {} {} became {}", met.line, in_quotes(line), in_quotes(altered));
  }

  // A name that stands twice in the scenario has another text here alone.
  void alter_one_use(const MetExpectation& met, std::size_t part) {
    const auto edit = alter_capture(met, part, original_.console);
    if (!edit) return;
    Recording mutant = original_;
    replace(mutant, edit->begin, edit->end, edit->text);
    judge_mutant(MutantKind::kCapture, mutant, met.place, met.written, [&] { return describe(met, *edit); });
  }

  void fail_check(const MetExpectation& met, const CheckedText& checked) {
    if (checked.begin == checked.end) return;  // an empty text stands nowhere
    const Edit edit{checked.begin, checked.end, checked.disallowed};
    Recording mutant = original_;
    replace(mutant, edit.begin, edit.end, edit.text);
    judge_mutant(MutantKind::kCheck, mutant, met.place, met.written, [&] { return describe(met, edit); });
  }

  std::string line_text(const MetExpectation& met) const {
    return original_.console.substr(met.line_begin, met.line_end - met.line_begin);
  }

  // Only where the lines cannot stand for each other, and no others for them: else either order is right.
  void swap(const MetExpectation& first, const MetExpectation& second) {
    if (first.line_end > second.line_begin || !original_.gates.empty()) return;
    const auto alone = [&](const MetExpectation& met) {
      return lines_that_fit(expectations_, met.index, original_.console, 0).size() == 1;
    };
    if (!alone(first) || !alone(second)) return;
    std::string one = line_text(first), other = line_text(second);
    if (!one.ends_with('\n') || !other.ends_with('\n')) return;
    Recording mutant = original_;
    replace(mutant, second.line_begin, second.line_end, one);
    replace(mutant, first.line_begin, first.line_end, other);
    judge_mutant(MutantKind::kSwap, mutant, second.place, second.written, [&] {
      return fmt::format("lines {} and {} came in the other order: {}, {}", first.line, second.line, in_quotes(other),
                         in_quotes(one));
    });
  }

  void truncate_after_each() {
    for (const MetExpectation& met : met_) {
      if (met.end == last_end()) continue;
      Recording mutant = original_;
      truncate(mutant, met.step ? met.end : met.line_end);
      judge_mutant(MutantKind::kTruncate, mutant, met.place, met.written,
                   [&] { return fmt::format("the guest hung after line {}", met.line); });
    }
  }

  std::size_t last_end() const {
    std::size_t end = 0;
    for (const MetExpectation& met : met_) end = std::max(end, met.end);
    return end;
  }

  // Where the line with the last expectation begins; without any, the end.
  std::size_t before_last() const {
    std::size_t begin = met_.empty() ? original_.console.size() : 0;
    for (const MetExpectation& met : met_) begin = std::max(begin, met.line_begin);
    return begin;
  }

  // Those that survive do so for one reason: they make one survivor.
  void inject() {
    std::optional<WatchedSample> first;
    std::size_t unheard = 0;
    for (const WatchedSample& sample : watched_samples(expectations_)) {
      Recording mutant = original_;
      const std::size_t at = before_last();
      const bool in_line = at > 0 && mutant.console[at - 1] != '\n';
      replace(mutant, at, at, (in_line ? "\n" : "") + sample.line + "\n");
      count(MutantKind::kInject);
      if (turns(mutant)) continue;
      if (++unheard == 1) first = sample;
    }
    if (!first) return;
    const std::string others = unheard == 1 ? "" : fmt::format(", and {} others", unheard - 1);
    survived(MutantKind::kInject, scenario_place("/signatures"), first->name,
             fmt::format("{} came before the last expected line{}", in_quotes(first->line), others));
  }

  void fail_subtests() {
    SubtestReader reader(*scenario_.subtests);
    reader.feed(original_.console);
    for (const Subtest& subtest : reader.facts().subtests) {
      if (subtest.status != Subtest::Status::kPass) continue;
      const auto [begin, end] = line_at(subtest.line);
      const auto judge = [&](std::size_t from, std::size_t to, std::string_view text, std::string_view what) {
        Recording mutant = original_;
        replace(mutant, from, to, text);
        judge_mutant(MutantKind::kSubtest, mutant, scenario_place("/subtests"), subtest.name,
                     [&] { return fmt::format("the subtest at line {} {}", subtest.line, what); });
      };
      if (*scenario_.subtests == SubtestDialect::kJUnit) {
        judge(end, end, "<failure>mutant</failure>\n", "said that it failed");
        continue;
      }
      const std::size_t ok = original_.console.find("ok ", begin);
      if (ok < end) judge(ok, ok, "not ", "said that it failed");
      judge(begin, end, "", "said no result");
    }
  }

  // From its first byte to behind its '\n'.
  std::pair<std::size_t, std::size_t> line_at(std::uint64_t number) const {
    std::size_t begin = 0;
    for (std::uint64_t line = 1; line < number; ++line) begin = original_.console.find('\n', begin) + 1;
    const std::size_t newline = original_.console.find('\n', begin);
    return {begin, newline == std::string::npos ? original_.console.size() : newline + 1};
  }

  std::string scenario_place(std::string_view pointer) const {
    return fmt::format("{}:{}", scenario_.file.string(), pointer);
  }

  void end_with(Recording mutant, std::optional<GuestStopped::Why> end, std::string_view what) {
    mutant.end = end;
    judge_mutant(MutantKind::kEnding, mutant, scenario_place("/ending"), std::string(to_text(scenario_.ending)),
                 [&] { return std::string(what); });
  }

  void change_ending() {
    using Why = GuestStopped::Why;
    Recording silent = original_;
    truncate(silent, 0);
    end_with(silent, std::nullopt, "the guest said nothing");
    Recording early = original_;
    truncate(early, before_last());
    if (!met_.empty()) {
      end_with(early, Why::kPowerOff, "the guest powered off before the last expected line");
      end_with(early, Why::kReset, "the guest reset the machine before the last expected line");
    }
    const Ending ending = scenario_.ending;
    // What follows the last expected line is listened to only while the scenario settles.
    if (ending == Ending::kAny || (ending == Ending::kRunning && scenario_.settle == Duration::zero())) return;
    if (ending != Ending::kPowerOff) end_with(original_, Why::kPowerOff, "the guest powered off");
    if (ending != Ending::kReset) end_with(original_, Why::kReset, "the guest reset the machine");
    if (ending != Ending::kRunning) end_with(original_, std::nullopt, "the guest went on and was silent");
  }

  const Scenario& scenario_;
  const Expectations& expectations_;
  const Recording original_;
  const std::vector<MetExpectation> met_;
  std::map<std::string, std::size_t> names_;
  Proof proof_;
};

}  // namespace

std::string_view to_text(MutantKind kind) {
  constexpr std::array<std::string_view, kMutantKinds> words{
      "drop", "garble", "letter", "digit", "capture", "check", "swap", "truncate", "inject", "subtest", "ending"};
  return words[static_cast<std::size_t>(kind)];
}

Result<Proof> prove(const Scenario& scenario, std::string_view console, Termination termination) {
  Recording recording = make_recording(scenario, console, termination);
  const Verdict verdict = replay(scenario, recording);
  if (verdict.kind != VerdictKind::kPass) {
    return fail(scenario.file.string(), fmt::format("what passed does not pass when it is replayed: {} ({}): {}",
                                                    to_text(verdict.kind), to_text(verdict.cause), verdict.detail));
  }
  return Prover(scenario, std::move(recording)).prove();
}

}  // namespace bootrig
