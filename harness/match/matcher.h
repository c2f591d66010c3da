// Matcher: follows a console. It is fed bytes as they come, in any split, and keeps facts; it never decides a verdict,
// reads no clock and keeps bounded memory: the recent lines, the unterminated one, and the state of the expectations.
// Linear in the bytes fed. A line is matched on its first 64 KiB; while it has no end, on 4 KiB (of its beginning, or
// behind the last match in it): a prompt further right is seen when its line ends.
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
  std::string place;     // of the expectation: "expected.transcript:12", "scenario.json:/steps/2"
  std::string expected;  // as written; where a step's check failed, what it allows
  // The line that came instead. When not final: the one nearest in spelling of the last 64 lines since it is awaited;
  // none: no line is like it.
  std::optional<SeenLine> seen;
  std::vector<SeenLine> before;  // up to three lines before `seen` (or the last three of the console)
  std::vector<SeenLine> after;   // up to three lines after it, as far as they have come
  bool final = false;            // true: nothing that follows can satisfy it (a refused line); false: still awaited
  std::optional<std::string> captured = {};  // in `seen`, what a step's check does not allow
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
  // Before any feed: bytes that are not the guest's. They are counted, in offsets and line numbers, and not matched; a
  // line that they begin goes on as one of the guest's.
  void pass_over(std::string_view bytes);
  // The console has ended: an unterminated tail counts as a line. No feed may follow.
  void finish();

  // Expectations satisfied so far, of expectation_count. Within a block of lines that is still searched for, the
  // furthest point that was reached: it never goes back.
  std::size_t matched() const;
  // The offset just behind the byte that satisfied the last expectation; none while any is open. 0 when there are none.
  std::optional<std::uint64_t> completed_at() const;
  // A refused line; the expectations cannot be satisfied any more.
  bool diverged() const;
  // The first line that holds a signature, or something forbidden, with its offset in hit.line.offset. Later ones are
  // ignored. A line is looked at when it ends.
  const std::optional<SignatureHit>& hit() const;
  bool boot_stage_over() const;
  // What is awaited now or was refused; none when all is satisfied.
  std::optional<Divergence> divergence() const;
  // The `within` of the expectation awaited now, if it has one. `matched()` tells when it began to be awaited.
  std::optional<Duration> step_timeout() const;
  // Bytes of the `send` steps that are due, once.
  std::string take_send();

  // Texts of named groups of steps with checks, the latest of each name; texts of named placeholders, once the block of lines that holds them is complete. A block at the file's start has
  // only one place to be found at, so its lines bind one by one.
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
