// Matcher: follows a console. It is fed bytes as they come, in any split, and keeps facts; it never decides a verdict,
// reads no clock and keeps bounded memory: a few recent lines, the unterminated tail (at most 4 KiB of it is looked
// at), and the state of the expectations. Linear in the bytes fed.
//
// Every fact is a function of the bytes alone: any split of the same bytes gives the same facts.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "match/expectations.h"

namespace bootrig {

// A line of the console, numbered from 1; `offset` is of the byte after its end in all bytes fed.
struct SeenLine {
  std::uint64_t number = 0;
  std::uint64_t offset = 0;
  std::string text;  // cleaned, at most 1 KiB
};

// The first place where the console parted from what was expected.
struct Divergence {
  std::string place;             // of the expectation: "expected.transcript:12", "scenario.json:/steps/2"
  std::string expected;          // as written
  std::optional<SeenLine> seen;  // the line that came instead; none: the console ended or stayed silent
  std::vector<SeenLine> before;  // up to three lines before `seen` (or the last three of the console)
  std::vector<SeenLine> after;   // up to three lines after it, as far as they have come
  bool final = false;            // true: nothing that follows can satisfy it (a refused line); false: still awaited
};

struct SignatureHit {
  std::string name;        // a default signature's name, or "forbid:<pattern>"
  bool forbidden = false;  // the scenario's own `forbid`
  SignatureKind kind = SignatureKind::kPanic;
  SeenLine line;
};

class Matcher {
 public:
  explicit Matcher(std::shared_ptr<const Expectations> expectations);
  ~Matcher();
  Matcher(Matcher&&) noexcept;
  Matcher& operator=(Matcher&&) noexcept;

  void feed(std::string_view bytes);
  // The console has ended: an unterminated tail counts as a line.
  void finish();

  std::size_t matched() const;  // expectations satisfied so far, of expectation_count
  // The offset just behind the byte that satisfied the last expectation; none while any is open. 0 when there are none.
  std::optional<std::uint64_t> completed_at() const;
  // A refused line; the expectations cannot be satisfied any more.
  bool diverged() const;
  // The first hit, with its offset in hit.line.offset. Later ones are ignored.
  const std::optional<SignatureHit>& hit() const;
  bool boot_stage_over() const;
  // What is awaited now or was refused; none when all is satisfied.
  std::optional<Divergence> divergence() const;
  // The `within` of the expectation awaited now, if it has one. `matched()` tells when it began to be awaited.
  std::optional<Duration> step_timeout() const;
  // Bytes of the `send` steps that are due, once.
  std::string take_send();

  const std::map<std::string, std::string>& captures() const;
  std::uint64_t bytes() const;
  std::uint64_t lines() const;
  // Up to the last `count` (at most 8) lines, the unterminated tail included.
  std::vector<SeenLine> last_lines(std::size_t count) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bootrig
