// Expectations: what a console should say, in order, and what it must never say. Compiled once, immutable, shared
// between sessions of any thread. Building them is parse_transcript's and ExpectationsBuilder's work, following a
// console is Matcher's (matcher.h).
//
// Matching is on bytes. A line is what stands before '\n', less trailing '\r's and less ANSI escape sequences
// (ECMA-48 CSI, OSC and two-byte ESC). Regular expressions are RE2's, Latin-1 (bytes), linear in time.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "match/capture_check.h"

namespace bootrig {

// What a failure signature tells: an exception dump was printed, or another kind of end.
enum class SignatureKind { kException, kPanic };

struct SignatureInfo {
  std::string name;    // "linux-panic"
  std::string origin;  // "Linux", "U-Boot", "Microkit loader", ...
  SignatureKind kind = SignatureKind::kPanic;
  std::string pattern;  // RE2, searched in a line
};

// The default signatures, armed in every scenario: bootrig's own images, Microkit loader and monitor, elfloader,
// seL4, Linux, U-Boot, EDK2, Xen, Trusted Firmware-A, Zephyr, kvm-unit-tests. The first that matches a line names it.
std::span<const SignatureInfo> default_signatures();

// How lines that no expectation speaks of are treated between transcript lines without a gap ("...").
// kRefuse is the transcript's own rule (the next line must follow); kAllow is as if a gap stood between all lines.
enum class Unexpected { kRefuse, kAllow };
// kListed: lines must come in the order written. kAny: each line once, in any order (implies kAllow); a console line
// that fits several goes to a prompt first, then to one without placeholders, then to the first one written.
enum class Order { kListed, kAny };

struct Expectations;  // opaque: expectations.cc and matcher.cc know it

class ExpectationsBuilder {
 public:
  ExpectationsBuilder();
  ~ExpectationsBuilder();

  // A transcript file's bytes. Errors have the place "name:line". A scenario has a transcript or steps, not both.
  Result<void> add_transcript(std::string_view display_name, std::string_view text);
  // A step "expect": literal text, or "re:…", searched anywhere in the output after what matched before, also in a
  // line that has no end yet (a prompt). `within`: this step's own timeout. `checks`: what the named groups of a regular
  // expression must capture, "(?P<name>...)"; the match then goes on for as long as each further byte belongs to it, too
  // (at most 64), so that a number is captured whole.
  Result<void> add_expect(std::string place, std::string_view pattern, std::optional<Duration> within,
                          std::vector<CaptureCheck> checks = {});
  // A step "send": bytes for the console once everything before has matched. `echoed`: the guest may repeat a line that it
  // is sent, which then is no answer: the rest of a line that is the (first) sent line, with nothing but blanks and
  // punctuation before it, is not searched.
  void add_send(std::string bytes, bool echoed = true);
  // Must never appear in a line: literal text, or "re:…".
  Result<void> add_forbidden(std::string place, std::string_view pattern);
  // The boot stage ends with the first line that holds this; without it, with the first expectation that matches.
  Result<void> set_boot_until(std::string place, std::string_view pattern);
  void set_unexpected(Unexpected unexpected);
  void set_order(Order order);
  // Switches a default signature off, by its name. An error offers the nearest name.
  Result<void> disarm(std::string place, std::string_view signature_name);

  std::shared_ptr<const Expectations> build();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The number of lines and steps that must match. 0: nothing is expected, only signatures are watched for.
std::size_t expectation_count(const Expectations& expectations);

}  // namespace bootrig
