#include "match/matcher.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "match/compiled.h"
#include "match/console_line.h"
#include "match/follower.h"

namespace bootrig {
namespace {

using match::ConsoleLine;

// A feed is worked through in slices of this size: what stands in one slice is searched at once.
constexpr std::size_t kSlice = 64 * 1024;
// A line that a feed has cut is joined with the lines of the next feed when these are few: one
// search, not two.
constexpr std::size_t kJoinMax = 16 * 1024;
constexpr std::size_t kLastLinesMax = 8;

// In blocks whose counts fit a byte: the compiler makes vector instructions of them, which it does
// not of std::count with its wide sum.
std::uint64_t count_newlines(std::string_view text) {
  std::uint64_t count = 0;
  while (!text.empty()) {
    const std::string_view block = text.substr(0, 128);
    unsigned char in_block = 0;
    for (const char byte : block) in_block = static_cast<unsigned char>(in_block + (byte == '\n' ? 1 : 0));
    count += in_block;
    text.remove_prefix(block.size());
  }
  return count;
}

// The position behind the '\n' of the line with this index.
std::size_t line_end(std::string_view text, std::size_t index) {
  std::size_t end = 0;
  for (std::size_t i = 0; i <= index; ++i) end = text.find('\n', end) + 1;
  return end;
}

}  // namespace

// Lines that are complete within a slice are handled where they stand, many at once; a line that a
// slice or a feed has cut is gathered in `pending` first. Both ways give the same facts.
struct Matcher::State {
  explicit State(std::shared_ptr<const Expectations> expectations)
      : plan(std::move(expectations)), follower(match::make_follower(*plan)) {
    look_at_tail();
  }

  void take_slice(std::string_view slice);
  void take_complete(std::string_view run);
  void take_run(std::string_view run);
  void take_pending_line(std::uint64_t newline);
  void take_line(const ConsoleLine& line);
  std::size_t take_lines_one_by_one(std::string_view run);
  void take_lines_in_bulk(std::string_view run);
  void look_at_tail();

  bool wants_lines() const { return follower->open() || (refused && refused->after.size() < match::kContext); }
  std::string_view without_escapes(std::string_view run);
  ConsoleLine tail() const;
  std::optional<SeenLine> seen_tail() const;
  std::uint64_t last_number() const { return lines + (seen_tail() ? 1 : 0); }
  std::optional<SeenLine> seen(std::uint64_t number) const;
  std::vector<SeenLine> seen_range(std::uint64_t first, std::uint64_t last) const;
  std::vector<SeenLine> last(std::size_t count) const;
  void refuse(const ConsoleLine& line);
  std::optional<SeenLine> nearest(const match::Awaited& awaited) const;

  std::shared_ptr<const Expectations> plan;
  std::unique_ptr<match::Follower> follower;
  match::Watch watch;
  match::PendingLine pending;
  match::History history;
  std::optional<Divergence> refused;
  std::string scratch;      // a run without its escapes
  std::string joined;       // a run with the line begun before it
  std::uint64_t bytes = 0;  // complete lines and the pending one
  std::uint64_t lines = 0;  // complete
  bool finished = false;
};

Matcher::Matcher(std::shared_ptr<const Expectations> expectations) {
  CHECK(expectations != nullptr);
  state_ = std::make_unique<State>(std::move(expectations));
}
Matcher::~Matcher() = default;
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;

void Matcher::feed(std::string_view bytes) {
  CHECK(!state_->finished);
  while (!bytes.empty()) {
    const std::string_view slice = bytes.substr(0, kSlice);
    state_->take_slice(slice);
    bytes.remove_prefix(slice.size());
  }
  state_->look_at_tail();
}

void Matcher::pass_over(std::string_view bytes) {
  CHECK(!state_->finished && state_->pending.empty());
  state_->lines += count_newlines(bytes);
  state_->bytes += bytes.size();
}

void Matcher::finish() {
  if (state_->finished) return;
  if (!state_->pending.text().empty()) state_->take_pending_line(0);
  state_->pending.clear();
  state_->finished = true;
}

void Matcher::State::take_slice(std::string_view slice) {
  const std::size_t run = match::find_last_newline(slice) + 1;
  const std::string_view rest = slice.substr(run);
  if (run > 0) take_complete(slice.substr(0, run));
  pending.append(rest);
  bytes += rest.size();
}

// Bytes that end with a line; the first line may have begun in `pending`.
void Matcher::State::take_complete(std::string_view run) {
  if (pending.empty()) return take_run(run);
  if (const auto raw = pending.raw(); raw && run.size() <= kJoinMax) {
    joined.assign(*raw);
    joined += run;
    bytes -= raw->size();
    pending.clear();
    return take_run(joined);
  }
  const std::size_t end = run.find('\n') + 1;
  pending.append(run.substr(0, end - 1));
  bytes += end - 1;
  take_pending_line(1);
  if (end < run.size()) take_run(run.substr(end));
}

// Complete lines, from the beginning of a line on.
void Matcher::State::take_run(std::string_view run) {
  const std::string_view text = without_escapes(run);
  watch.scan(plan->watchlist, text.substr(0, text.size() - 1), [&](std::size_t index) {
    return SeenLine{lines + index + 1, bytes + line_end(run, index), {}};
  });
  const std::size_t taken = wants_lines() ? take_lines_one_by_one(run) : 0;
  if (taken < run.size()) take_lines_in_bulk(run.substr(taken));
}

// Until no expectation is open. Returns how many bytes of the run were taken.
std::size_t Matcher::State::take_lines_one_by_one(std::string_view run) {
  match::PendingLine cleaned;
  std::size_t taken = 0;
  while (taken < run.size() && wants_lines()) {
    const std::string_view raw = run.substr(taken, run.find('\n', taken) - taken);
    ConsoleLine line{match::without_trailing_cr(raw), {}, lines + 1, bytes, bytes + raw.size() + 1, true};
    if (match::holds_escape(raw)) {
      cleaned.clear();
      cleaned.append(raw);
      line.text = cleaned.text();
      line.cuts = cleaned.cuts();
    }
    take_line(line);
    taken += raw.size() + 1;
    bytes += raw.size() + 1;
  }
  return taken;
}

// Nothing but the history wants these lines.
void Matcher::State::take_lines_in_bulk(std::string_view run) {
  lines += count_newlines(run);
  bytes += run.size();
  history.add_run(run, lines, bytes);
}

// `newline`: 1 when a '\n' ended it, 0 when the console did.
void Matcher::State::take_pending_line(std::uint64_t newline) {
  ConsoleLine line = tail();
  bytes += newline;
  line.end = bytes;
  line.complete = true;
  watch.scan(plan->watchlist, line.text, [&](std::size_t) { return SeenLine{line.number, line.end, {}}; });
  take_line(line);
  pending.clear();
}

void Matcher::State::take_line(const ConsoleLine& line) {
  ++lines;
  history.add(line.number, line.end, line.text);
  if (refused && refused->seen->number == line.number) {
    refused->seen = *history.line(line.number);
  } else if (refused && refused->after.size() < match::kContext) {
    refused->after.push_back(*history.line(line.number));
  }
  if (!follower->open()) return;
  follower->take_line(line);
  if (follower->refused()) refuse(line);
}

void Matcher::State::look_at_tail() {
  if (!follower->open()) return;
  follower->take_tail(tail());
  if (follower->refused()) refuse(tail());
}

// The run itself where it holds none.
std::string_view Matcher::State::without_escapes(std::string_view run) {
  if (!match::holds_escape(run)) return run;
  scratch.clear();
  match::AnsiStripper stripper;
  stripper.strip(run, [&](std::string_view piece) { scratch += piece; });
  return scratch;
}

ConsoleLine Matcher::State::tail() const {
  return {pending.text(), pending.cuts(), lines + 1, bytes - pending.raw_size(), bytes, false};
}

std::optional<SeenLine> Matcher::State::seen_tail() const {
  if (pending.text().empty()) return std::nullopt;
  return SeenLine{lines + 1, bytes, std::string(pending.text().substr(0, match::kSeenMax))};
}

std::optional<SeenLine> Matcher::State::seen(std::uint64_t number) const {
  if (number == lines + 1) return seen_tail();
  return history.line(number);
}

std::vector<SeenLine> Matcher::State::seen_range(std::uint64_t first, std::uint64_t last) const {
  std::vector<SeenLine> range;
  for (std::uint64_t number = first; number <= last; ++number) {
    if (auto line = seen(number)) range.push_back(std::move(*line));
  }
  return range;
}

std::vector<SeenLine> Matcher::State::last(std::size_t count) const {
  const std::uint64_t newest = last_number();
  return seen_range(newest - std::min<std::uint64_t>(newest, count) + 1, newest);
}

void Matcher::State::refuse(const ConsoleLine& line) {
  const match::Awaited awaited = *follower->awaited();
  const std::uint64_t before = line.number - std::min<std::uint64_t>(line.number - 1, match::kContext);
  refused = Divergence{awaited.place, awaited.written, seen(line.number), seen_range(before, line.number - 1), {},
                       true,          awaited.captured};
}

// Of the lines that could have satisfied the expectation, the first one that is nearest in
// spelling.
std::optional<SeenLine> Matcher::State::nearest(const match::Awaited& awaited) const {
  const std::uint64_t newest = last_number();
  const std::uint64_t window = newest - std::min<std::uint64_t>(newest, match::kNearestMax) + 1;
  std::optional<SeenLine> best;
  std::size_t best_distance = 0;
  const std::vector<SeenLine> candidates = seen_range(std::max(awaited.since_line, window), newest);
  for (const SeenLine& line : candidates) {
    const auto distance = match::spelling_distance(awaited.spelling, line.text);
    if (!distance || (best && best_distance <= *distance)) continue;
    best_distance = *distance;
    best = line;
  }
  // It did come, but not where it should: what stands in its place is what is wrong.
  if (best && best_distance == 0 && awaited.since_line > 1) return candidates.front();
  return best;
}

std::size_t Matcher::matched() const {
  return state_->follower->matched();
}

std::optional<std::uint64_t> Matcher::completed_at() const {
  return state_->follower->completed_at();
}

bool Matcher::diverged() const {
  return state_->follower->refused();
}

const std::optional<SignatureHit>& Matcher::hit() const {
  return state_->watch.hit();
}

bool Matcher::boot_stage_over() const {
  return state_->plan->watchlist.boot_until ? state_->watch.boot_line_seen() : matched() > 0;
}

std::optional<Divergence> Matcher::divergence() const {
  if (state_->refused) {
    Divergence divergence = *state_->refused;
    const auto tail = state_->seen_tail();
    if (tail && tail->number == divergence.seen->number) {
      divergence.seen = tail;  // it has grown since
    } else if (tail && divergence.after.size() < match::kContext) {
      divergence.after.push_back(*tail);
    }
    return divergence;
  }
  const auto awaited = state_->follower->awaited();
  if (!awaited) return std::nullopt;
  Divergence divergence{awaited->place, awaited->written, state_->nearest(*awaited), {}, {}, false};
  if (!divergence.seen) {
    divergence.before = state_->last(match::kContext);
    return divergence;
  }
  const std::uint64_t number = divergence.seen->number;
  divergence.before = state_->seen_range(number - std::min<std::uint64_t>(number - 1, match::kContext), number - 1);
  divergence.after = state_->seen_range(number + 1, number + match::kContext);
  return divergence;
}

std::optional<Duration> Matcher::step_timeout() const {
  return state_->follower->step_timeout();
}

std::string Matcher::take_send() {
  return state_->follower->take_send();
}

const std::map<std::string, std::string>& Matcher::captures() const {
  return state_->follower->captures();
}

std::uint64_t Matcher::bytes() const {
  return state_->bytes;
}

std::uint64_t Matcher::lines() const {
  return state_->lines;
}

std::vector<SeenLine> Matcher::last_lines(std::size_t count) const {
  return state_->last(std::min(count, kLastLinesMax));
}

}  // namespace bootrig
