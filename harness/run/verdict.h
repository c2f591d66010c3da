// Outcome, Expectation and Verdict: what happened, what should have, and the judgement. Pure data and one pure function.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "machine/machine.h"
#include "match/matcher.h"
#include "run/host_state.h"
#include "spec/scenario.h"
#include "subtest/subtest.h"
#include "triage/diagnosis.h"

namespace bootrig {

enum class VerdictKind { kPass, kFail, kError, kSkip };
std::string_view to_text(VerdictKind kind);  // "pass", "fail", "error", "skip"

enum class Cause {
  kNone,  // pass and skip
  // fail: about the guest
  kMissingOutput,
  kUnexpectedOutput,
  kFailureSignature,
  kFailedSubtest,
  kException,
  kWrongEnding,
  kBootTimeout,
  kTestTimeout,
  kInactivity,
  // error: about us; who must act: the author of the spec, the image's author, the environment, the host, bootrig
  kBadSpec,
  kImageBuild,
  kMachineStart,
  kHost,
  kInternal,
};
std::string_view to_text(Cause cause);  // "missing-output", ..., "" for none
// "the author of the scenario or profile", "the environment of this host", ...; empty unless an error.
std::string_view who_must_act(Cause cause);

struct Verdict {
  VerdictKind kind = VerdictKind::kPass;
  Cause cause = Cause::kNone;
  std::string detail;           // one sentence: the signature's name and line, the skip's reason, the compiler's line
  std::string root_cause = {};  // what triage named; empty: nothing
};

// How a session stopped. The first group is the guest's or the host's doing, the second ours.
enum class Termination {
  kPoweredOff,
  kReset,
  kPanicked,
  kExited,
  kSatisfied,  // all expected was seen and the ending is "running": stopped by us
  kSignature,  // a failure signature appeared
  kDiverged,   // a line came that cannot be
  kBootTimeout,
  kTestTimeout,
  kStepTimeout,
  kInactivity,
  kWallClockCap,
  kOutputLimit,
  kNotStarted,   // no machine, or no image
  kInterrupted,  // the run was stopped; there is no verdict
};
std::string_view to_text(Termination termination);
// The same for triage, which knows less words.
StoppedFor stopped_for(Termination termination);

// Facts of one session.
struct Outcome {
  Termination termination = Termination::kNotStarted;
  Verdict not_started;      // kNotStarted: why (skip or error)
  std::string exit_status;  // kExited
  bool host_lost = false;   // kExited: it is not the machine that ended, its host does not answer any more
  // The transcript's facts, as the Matcher keeps them.
  std::size_t matched = 0;
  std::size_t expected = 0;
  std::optional<std::uint64_t> completed_at;
  std::optional<SignatureHit> hit;
  std::optional<Divergence> divergence;
  bool boot_stage_over = false;
  std::map<std::string, std::string> captures;
  std::uint64_t bytes = 0;
  std::uint64_t firmware_bytes = 0;  // the first of them: said by a boot stage before the image, and not matched
  std::uint64_t lines = 0;
  std::uint64_t bytes_dropped = 0;  // of the transcript: not kept, past its cap
  // Of the console's first transcript_hashed bytes, up to what decided: equal for each boot of a deterministic machine.
  std::string transcript_sha256;
  std::uint64_t transcript_hashed = 0;
  std::vector<SeenLine> last_lines;
  std::optional<SubtestFacts> subtests;              // where the scenario has any
  Duration limit{0};                                 // the time limit that ended it, for timeouts
  Duration wall{0};                                  // power-on to the end
  Duration first_output{0};                          // power-on to the first byte; 0: none
  Duration last_output{0};                           // power-on to the last byte; 0: none
  Duration starved{0};                               // as last sampled; a boot under 100 ms is not
  std::optional<HostState> host_before, host_after;  // at power-on, and at an end that may be the host's doing
  MachineFacts machine;
  std::string accelerator_asked;  // "tcg" or "kvm"
};

// How many of the console's bytes belong to what decided. What came behind them depends on when the machine was stopped.
std::uint64_t deciding_bytes(const Outcome& outcome);

// Of a transcript's bytes those that the image said.
std::string_view said_by_image(std::string_view transcript, const Outcome& outcome);

// Decides once. A table in judge_test.cc says what is what.
Verdict judge(const Outcome& outcome, Ending ending);

// How the verdict stands to what was expected: the words of reports.
enum class Standing {
  kPassed,
  kExpectedFailure,  // xfail: failed exactly as expected; reported as passed
  kFailed,
  kErrored,
  kUnexpectedPass,  // a failure was expected
  kWrongFailure,    // failed, but not as expected
  kSkipped,
  kQuarantined,  // failed, does not gate
  kFlaky,        // passed after a retry
};
std::string_view to_text(Standing standing);  // "pass", "xfail", "fail", "error", "xpass", "wrong-failure", "skip", ...
bool gates(Standing standing);                // true: the run's exit status is 1
Standing stand(const Verdict& verdict, const std::optional<ExpectedFailure>& expected, bool quarantined,
               bool passed_after_retry);

}  // namespace bootrig
