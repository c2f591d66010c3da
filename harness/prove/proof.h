// A proof that a green can go red: mutants of what a guest said when it passed are judged, and each must turn the
// verdict. One that does not turn it has found an expectation that cannot fail. Pure: bytes in memory, no machine.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "prove/replay.h"

namespace bootrig {

enum class MutantKind {
  kDrop,      // a line that satisfied an expectation is gone
  kGarble,    // its letters and digits are others, its shape is the same
  kLetter,    // one letter of a literal is another
  kDigit,     // one digit of a literal number is another
  kCapture,   // a name used more than once stands for two texts
  kCheck,     // what a step's check looks at is what it does not allow
  kSwap,      // two neighbours come in the other order
  kTruncate,  // the guest hangs after a line
  kInject,    // a failure signature, or something forbidden, is said
  kSubtest,   // a subtest that passed fails, or, in KTAP, its result does not come
  kEnding,    // the guest powers off, resets, or goes on
};
inline constexpr std::size_t kMutantKinds = 11;
std::string_view to_text(MutantKind kind);  // "drop", "garble", ...

// A mutant that did not turn the verdict.
struct Survivor {
  MutantKind kind = MutantKind::kDrop;
  std::string place;    // of the expectation: "scenarios/boot/x/expected.transcript:12"
  std::string written;  // the expectation; of an ending, the ending
  std::string mutant;   // what was said instead: "line 14 'a b' became '~ ~'"
  std::string why;      // why it survived
  std::string instead;  // what to write
};

struct Proof {
  std::size_t mutants = 0;
  std::array<std::size_t, kMutantKinds> by_kind{};
  std::vector<Survivor> survivors;
};

// `console` and `termination` are those of a session that passed. An error: replayed, they do not pass, so there is
// nothing to begin with.
Result<Proof> prove(const Scenario& scenario, std::string_view console, Termination termination);

}  // namespace bootrig
