#include "run/verdict.h"

#include <fmt/format.h>

#include <algorithm>

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "run/host_trouble.h"
#include "spec/root_causes.h"

namespace bootrig {
namespace {

Verdict verdict_of(VerdictKind kind, Cause cause, std::string detail) {
  return Verdict{kind, cause, std::move(detail), ""};
}
Verdict failure(Cause cause, std::string detail) {
  return verdict_of(VerdictKind::kFail, cause, std::move(detail));
}
Verdict error(Cause cause, std::string detail) {
  return verdict_of(VerdictKind::kError, cause, std::move(detail));
}

std::string in_quotes(std::string_view text) {
  return fmt::format("'{}'", printable(text));
}

std::string signature_detail(const SignatureHit& hit) {
  return fmt::format("{} at line {}: {}", hit.name, hit.line.number, in_quotes(hit.line.text));
}

// What is still awaited, or was refused: "expected.transcript:12 'x' never came", "... but 'y' came".
std::string divergence_detail(const Outcome& outcome) {
  if (!outcome.divergence) return fmt::format("{} of {} expectations were met", outcome.matched, outcome.expected);
  const Divergence& divergence = *outcome.divergence;
  if (divergence.captured && divergence.seen) {
    return fmt::format("{}: captured {}, allowed is {}; line {} is {}", divergence.place,
                       in_quotes(*divergence.captured), in_quotes(divergence.expected), divergence.seen->number,
                       in_quotes(divergence.seen->text));
  }
  if (divergence.final && divergence.seen) {
    return fmt::format("{}: expected {}, line {} is {}", divergence.place, in_quotes(divergence.expected),
                       divergence.seen->number, in_quotes(divergence.seen->text));
  }
  return fmt::format("{}: {} never came ({} of {} met)", divergence.place, in_quotes(divergence.expected),
                     outcome.matched, outcome.expected);
}

std::string_view ending_words(Termination termination) {
  switch (termination) {
    case Termination::kPoweredOff:
      return "the guest powered off";
    case Termination::kReset:
      return "the guest reset the machine";
    case Termination::kPanicked:
      return "the guest reported a panic to the machine";
    default:
      return "the guest was still running";
  }
}

bool is_the_ending(Termination termination, Ending ending) {
  switch (ending) {
    case Ending::kAny:
      return true;
    case Ending::kPowerOff:
      return termination == Termination::kPoweredOff;
    case Ending::kReset:
      return termination == Termination::kReset;
    case Ending::kRunning:
      return false;
  }
  return false;
}

Verdict judge_guest_end(const Outcome& outcome, Ending ending) {
  const std::string_view words = ending_words(outcome.termination);
  if (outcome.matched < outcome.expected) {
    return failure(Cause::kMissingOutput, fmt::format("{}; {}", divergence_detail(outcome), words));
  }
  if (is_the_ending(outcome.termination, ending)) return {};
  return failure(Cause::kWrongEnding, fmt::format("{}; the expected ending is '{}'", words, to_text(ending)));
}

// A time limit passed. When nothing but the ending is outstanding, the ending is what is wrong.
Verdict judge_timeout(const Outcome& outcome, Ending ending, Cause cause, std::string_view what) {
  const std::string limit = fmt::format("{} of {}", what, format_duration(outcome.limit));
  const std::string starved = why_it_was_slow(outcome);
  if (outcome.matched < outcome.expected) {
    return failure(cause, fmt::format("{} passed; {}{}", limit, divergence_detail(outcome), starved));
  }
  if (ending == Ending::kAny || outcome.expected == 0) return failure(cause, limit + " passed" + starved);
  return failure(Cause::kWrongEnding,
                 fmt::format("{} passed and the guest was still running; the expected ending is '{}'{}", limit,
                             to_text(ending), starved));
}

Verdict judge_exit(const Outcome& outcome) {
  if (outcome.host_lost) return error(Cause::kHost, outcome.exit_status);
  const std::string errors = printable(trim(outcome.machine.errors));
  const std::string text = fmt::format("the emulator ended by itself, {}{}{}{}", outcome.exit_status,
                                       errors.empty() ? "" : ": ", errors, why_it_ended(outcome));
  const bool never_ran = outcome.bytes == 0 && outcome.machine.emulator_version.empty() && !is_the_hosts_doing(outcome);
  return error(never_ran ? Cause::kMachineStart : Cause::kHost, text);
}

}  // namespace

std::uint64_t deciding_bytes(const Outcome& outcome) {
  const auto end_of = [&](const SeenLine& line) {
    return std::min<std::uint64_t>(outcome.bytes, line.offset + line.text.size());
  };
  switch (outcome.termination) {
    case Termination::kSatisfied:
      return std::min(outcome.bytes, outcome.completed_at.value_or(outcome.bytes));
    case Termination::kSignature:
      return outcome.hit ? end_of(outcome.hit->line) : outcome.bytes;
    case Termination::kDiverged:
      return outcome.divergence && outcome.divergence->seen ? end_of(*outcome.divergence->seen) : outcome.bytes;
    default:
      return outcome.bytes;
  }
}

std::string_view said_by_image(std::string_view transcript, const Outcome& outcome) {
  return transcript.substr(std::min<std::uint64_t>(outcome.firmware_bytes, transcript.size()));
}

namespace {

Verdict judge_session(const Outcome& outcome, Ending ending) {
  if (outcome.termination == Termination::kNotStarted) return outcome.not_started;
  if (outcome.termination == Termination::kExited) return judge_exit(outcome);
  if (outcome.accelerator_asked == "kvm" && outcome.machine.accelerator != "kvm") {
    return error(Cause::kHost, fmt::format("KVM was asked for, but query-kvm says {}",
                                           outcome.machine.accelerator.empty() ? "nothing" : "that it is not in use"));
  }
  const Cause stage_timeout = outcome.boot_stage_over ? Cause::kTestTimeout : Cause::kBootTimeout;
  switch (outcome.termination) {
    case Termination::kPoweredOff:
    case Termination::kReset:
    case Termination::kPanicked:
      return judge_guest_end(outcome, ending);
    case Termination::kSatisfied:
      return {};
    case Termination::kSignature: {
      CHECK(outcome.hit.has_value());
      const bool exception = !outcome.hit->forbidden && outcome.hit->kind == SignatureKind::kException;
      return failure(exception ? Cause::kException : Cause::kFailureSignature, signature_detail(*outcome.hit));
    }
    case Termination::kDiverged:
      return failure(Cause::kUnexpectedOutput, divergence_detail(outcome));
    case Termination::kOutputLimit:
      return failure(Cause::kUnexpectedOutput,
                     fmt::format("{} bytes came, more than the scenario's output-limit", outcome.bytes));
    case Termination::kBootTimeout:
      return judge_timeout(outcome, ending, Cause::kBootTimeout, "the boot limit");
    case Termination::kTestTimeout:
      return judge_timeout(outcome, ending, stage_timeout, "the time limit");
    case Termination::kStepTimeout:
      return judge_timeout(outcome, ending, stage_timeout, "the step's limit");
    case Termination::kInactivity:
      return judge_timeout(outcome, ending, Cause::kInactivity, "the limit of silence");
    case Termination::kWallClockCap:
      return error(Cause::kHost,
                   fmt::format("this host is too busy: of {} the machine waited {} for a processor{}",
                               format_duration(outcome.wall), format_duration(outcome.starved), load_behind(outcome)));
    case Termination::kNotStarted:
    case Termination::kExited:
    case Termination::kInterrupted:
      break;
  }
  return error(Cause::kInternal, "an interrupted session has no verdict");
}

// Of a session that passed but for them.
Verdict judge_subtests(const SubtestFacts& facts) {
  const auto failed = [](const Subtest& subtest) { return subtest.status == Subtest::Status::kFail; };
  const auto first = std::find_if(facts.subtests.begin(), facts.subtests.end(), failed);
  if (first != facts.subtests.end()) {
    return failure(Cause::kFailedSubtest, fmt::format("{} of {} subtests failed; {} at line {}{}{}",
                                                      std::count_if(first, facts.subtests.end(), failed),
                                                      facts.subtests.size(), in_quotes(first->name), first->line,
                                                      first->detail.empty() ? "" : ": ", printable(first->detail)));
  }
  if (!facts.problems.empty()) return failure(Cause::kMissingOutput, "subtests: " + printable(facts.problems.front()));
  return {};
}

}  // namespace

Verdict judge(const Outcome& outcome, Ending ending) {
  Verdict verdict = judge_session(outcome, ending);
  if (verdict.kind == VerdictKind::kPass && outcome.subtests) return judge_subtests(*outcome.subtests);
  return verdict;
}

namespace {

bool root_cause_met(const ExpectedFailure& expected, const std::string& named) {
  if (!expected.root_cause) return true;
  return named == (*expected.root_cause == kNoRootCause ? "" : *expected.root_cause);
}

}  // namespace

Standing stand(const Verdict& verdict, const std::optional<ExpectedFailure>& expected, bool quarantined,
               bool passed_after_retry) {
  if (verdict.kind == VerdictKind::kSkip) return Standing::kSkipped;
  const bool passed = verdict.kind == VerdictKind::kPass;
  if (expected) {
    const bool met = to_text(verdict.kind) == expected->verdict && to_text(verdict.cause) == expected->cause &&
                     root_cause_met(*expected, verdict.root_cause) &&
                     verdict.detail.find(expected->detail.value_or("")) != std::string::npos;
    if (met) return Standing::kExpectedFailure;
    if (quarantined) return Standing::kQuarantined;
    return passed ? Standing::kUnexpectedPass : Standing::kWrongFailure;
  }
  if (passed) return passed_after_retry ? Standing::kFlaky : Standing::kPassed;
  if (quarantined) return Standing::kQuarantined;
  return verdict.kind == VerdictKind::kError ? Standing::kErrored : Standing::kFailed;
}

bool gates(Standing standing) {
  switch (standing) {
    case Standing::kFailed:
    case Standing::kErrored:
    case Standing::kUnexpectedPass:
    case Standing::kWrongFailure:
      return true;
    case Standing::kPassed:
    case Standing::kExpectedFailure:
    case Standing::kSkipped:
    case Standing::kQuarantined:
    case Standing::kFlaky:
      return false;
  }
  return true;
}

}  // namespace bootrig
