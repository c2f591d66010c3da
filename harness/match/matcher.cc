#include "match/matcher.h"

#include <algorithm>
#include <cstring>
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
constexpr std::size_t kLastLinesMax = 8;

bool holds_escape(std::string_view bytes) {
  return std::memchr(bytes.data(), match::kEscapeByte, bytes.size()) != nullptr;
}

std::uint64_t count_newlines(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
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
  void take_run(std::string_view run);
  void take_pending_line(std::uint64_t end);
  void take_line(const ConsoleLine& line);
  std::size_t take_lines_one_by_one(std::string_view run);
  void take_lines_in_bulk(std::string_view raw, std::string_view text);
  void look_at_tail();

  bool wants_lines() const {
    return follower->open() || (refused && refused->after.size() < match::kContext);
  }
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
  std::string scratch;
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

void Matcher::finish() {
  if (state_->finished) return;
  if (!state_->pending.text().empty()) state_->take_pending_line(state_->bytes);
  state_->pending.clear();
  state_->finished = true;
}

void Matcher::State::take_slice(std::string_view slice) {
  if (!pending.empty()) {
    const std::size_t newline = slice.find('\n');
    pending.append(slice.substr(0, newline));
    bytes += std::min(newline, slice.size());
    if (newline == std::string_view::npos) return;
    take_pending_line(++bytes);
    slice.remove_prefix(newline + 1);
  }
  const std::size_t run = slice.rfind('\n') + 1;
  if (run > 0) take_run(slice.substr(0, run));
  pending.append(slice.substr(run));
  bytes += slice.size() - run;
}

// Complete lines, from the beginning of a line on.
void Matcher::State::take_run(std::string_view run) {
  const std::string_view text = without_escapes(run);
  watch.scan(plan->watchlist, text.substr(0, text.size() - 1), [&](std::size_t index) {
    return SeenLine{lines + index + 1, bytes + line_end(run, index), {}};
  });
  std::size_t taken = 0;
  std::size_t cleaned = 0;
  if (wants_lines()) {
    const std::uint64_t before = lines;
    taken = take_lines_one_by_one(run);
    if (taken < run.size()) cleaned = line_end(text, static_cast<std::size_t>(lines - before) - 1);
  }
  if (taken < run.size()) take_lines_in_bulk(run.substr(taken), text.substr(cleaned));
}

// Until no expectation is open. Returns how many bytes of the run were taken.
std::size_t Matcher::State::take_lines_one_by_one(std::string_view run) {
  match::PendingLine cleaned;
  std::size_t taken = 0;
  while (taken < run.size() && wants_lines()) {
    const std::string_view raw = run.substr(taken, run.find('\n', taken) - taken);
    ConsoleLine line{match::without_trailing_cr(raw), {},  lines + 1, bytes,
                     bytes + raw.size() + 1,          true};
    if (holds_escape(raw)) {
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

// Nothing but the history wants these lines, and of them only the last. `text`: the same lines
// without escapes.
void Matcher::State::take_lines_in_bulk(std::string_view raw, std::string_view text) {
  const std::uint64_t count = count_newlines(raw);
  const std::uint64_t offset = bytes;
  lines += count;
  bytes += raw.size();
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(count, match::History::kCapacity); ++i) {
    const std::uint64_t end = offset + raw.size();
    raw.remove_suffix(1);
    text.remove_suffix(1);
    const std::size_t begin = text.rfind('\n') + 1;
    history.add(lines - i, end, match::without_trailing_cr(text.substr(begin)));
    text = text.substr(0, begin);
    raw = raw.substr(0, raw.rfind('\n') + 1);
  }
}

void Matcher::State::take_pending_line(std::uint64_t end) {
  ConsoleLine line = tail();
  line.end = end;
  line.complete = true;
  watch.scan(plan->watchlist, line.text, [&](std::size_t) {
    return SeenLine{line.number, line.end, {}};
  });
  take_line(line);
  pending.clear();
}

void Matcher::State::take_line(const ConsoleLine& line) {
  ++lines;
  history.add(line.number, line.end, line.text);
  if (refused && refused->after.size() < match::kContext)
    refused->after.push_back(*history.line(line.number));
  if (!follower->open()) return;
  follower->take_line(line);
  if (follower->refused()) refuse(line);
}

void Matcher::State::look_at_tail() {
  if (follower->open()) follower->take_tail(tail());
}

// The run itself where it holds none.
std::string_view Matcher::State::without_escapes(std::string_view run) {
  if (!holds_escape(run)) return run;
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
  const SeenLine* line = history.line(number);
  return line == nullptr ? std::nullopt : std::optional(*line);
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
  const std::uint64_t before =
      line.number - std::min<std::uint64_t>(line.number - 1, match::kContext);
  refused = Divergence{awaited.place,
                       awaited.written,
                       *history.line(line.number),
                       seen_range(before, line.number - 1),
                       {},
                       true};
}

// Of the lines that could have satisfied the expectation, the first one that is nearest in
// spelling.
std::optional<SeenLine> Matcher::State::nearest(const match::Awaited& awaited) const {
  const std::uint64_t newest = last_number();
  const std::uint64_t window = newest - std::min<std::uint64_t>(newest, match::kNearestMax) + 1;
  std::optional<SeenLine> best;
  std::size_t best_distance = 0;
  for (SeenLine& line : seen_range(std::max(awaited.since_line, window), newest)) {
    const auto distance = match::spelling_distance(awaited.spelling, line.text);
    if (!distance || (best && best_distance <= *distance)) continue;
    best_distance = *distance;
    best = std::move(line);
  }
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
    if (tail && divergence.after.size() < match::kContext) divergence.after.push_back(*tail);
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
  divergence.before =
      state_->seen_range(number - std::min<std::uint64_t>(number - 1, match::kContext), number - 1);
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
