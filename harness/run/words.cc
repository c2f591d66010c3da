#include "run/words.h"

#include <array>
#include <utility>

#include "base/check.h"

namespace bootrig {
namespace {

template <typename Enum>
struct Word {
  Enum value;
  std::string_view text;
};

constexpr auto kVerdictKinds = std::to_array<Word<VerdictKind>>({
    {VerdictKind::kPass, "pass"},
    {VerdictKind::kFail, "fail"},
    {VerdictKind::kError, "error"},
    {VerdictKind::kSkip, "skip"},
});

constexpr auto kCauses = std::to_array<Word<Cause>>({
    {Cause::kNone, ""},
    {Cause::kMissingOutput, "missing-output"},
    {Cause::kUnexpectedOutput, "unexpected-output"},
    {Cause::kFailureSignature, "failure-signature"},
    {Cause::kFailedSubtest, "failed-subtest"},
    {Cause::kException, "exception"},
    {Cause::kWrongEnding, "wrong-ending"},
    {Cause::kBootTimeout, "boot-timeout"},
    {Cause::kTestTimeout, "test-timeout"},
    {Cause::kInactivity, "inactivity"},
    {Cause::kBadSpec, "bad-spec"},
    {Cause::kImageBuild, "image-build"},
    {Cause::kMachineStart, "machine-start"},
    {Cause::kHost, "host"},
    {Cause::kInternal, "internal"},
});

constexpr auto kTerminations = std::to_array<Word<Termination>>({
    {Termination::kPoweredOff, "powered-off"},
    {Termination::kReset, "reset"},
    {Termination::kPanicked, "panicked"},
    {Termination::kExited, "exited"},
    {Termination::kSatisfied, "satisfied"},
    {Termination::kSignature, "signature"},
    {Termination::kDiverged, "diverged"},
    {Termination::kBootTimeout, "boot-timeout"},
    {Termination::kTestTimeout, "test-timeout"},
    {Termination::kStepTimeout, "step-timeout"},
    {Termination::kInactivity, "inactivity"},
    {Termination::kWallClockCap, "wall-clock-cap"},
    {Termination::kOutputLimit, "output-limit"},
    {Termination::kNotStarted, "not-started"},
    {Termination::kInterrupted, "interrupted"},
});

constexpr auto kStandings = std::to_array<Word<Standing>>({
    {Standing::kPassed, "pass"},
    {Standing::kExpectedFailure, "xfail"},
    {Standing::kFailed, "fail"},
    {Standing::kErrored, "error"},
    {Standing::kUnexpectedPass, "xpass"},
    {Standing::kWrongFailure, "wrong-failure"},
    {Standing::kSkipped, "skip"},
    {Standing::kQuarantined, "quarantined"},
    {Standing::kFlaky, "flaky"},
});

template <typename Enum, std::size_t kCount>
std::string_view find_text(const std::array<Word<Enum>, kCount>& words, Enum value) {
  for (const auto& word : words) {
    if (word.value == value) return word.text;
  }
  CHECK(false);
}

template <typename Enum, std::size_t kCount>
std::optional<Enum> find_value(const std::array<Word<Enum>, kCount>& words, std::string_view text) {
  for (const auto& word : words) {
    if (word.text == text) return word.value;
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_text(VerdictKind kind) {
  return find_text(kVerdictKinds, kind);
}
std::string_view to_text(Cause cause) {
  return find_text(kCauses, cause);
}
std::string_view to_text(Termination termination) {
  return find_text(kTerminations, termination);
}
std::string_view to_text(Standing standing) {
  return find_text(kStandings, standing);
}

std::optional<VerdictKind> verdict_kind_from(std::string_view text) {
  return find_value(kVerdictKinds, text);
}
std::optional<Cause> cause_from(std::string_view text) {
  return find_value(kCauses, text);
}
std::optional<Termination> termination_from(std::string_view text) {
  return find_value(kTerminations, text);
}
std::optional<Standing> standing_from(std::string_view text) {
  return find_value(kStandings, text);
}

std::string_view who_must_act(Cause cause) {
  switch (cause) {
    case Cause::kBadSpec:
      return "the author of the scenario, matrix, recipe or profile";
    case Cause::kImageBuild:
      return "the author of the image";
    case Cause::kMachineStart:
      return "the author of the target profile, or whoever installs this host's emulator";
    case Cause::kHost:
      return "whoever keeps this host";
    case Cause::kInternal:
      return "bootrig's authors";
    default:
      return "";
  }
}

StoppedFor stopped_for(Termination termination) {
  switch (termination) {
    case Termination::kPoweredOff:
    case Termination::kReset:
    case Termination::kPanicked:
    case Termination::kExited:
      return StoppedFor::kGuest;
    case Termination::kSatisfied:
    case Termination::kSignature:
    case Termination::kDiverged:
      return StoppedFor::kConsole;
    case Termination::kBootTimeout:
    case Termination::kTestTimeout:
    case Termination::kStepTimeout:
    case Termination::kInactivity:
    case Termination::kWallClockCap:
      return StoppedFor::kTime;
    case Termination::kOutputLimit:
      return StoppedFor::kOutput;
    case Termination::kNotStarted:
    case Termination::kInterrupted:
      return StoppedFor::kUnknown;
  }
  return StoppedFor::kUnknown;
}

}  // namespace bootrig
