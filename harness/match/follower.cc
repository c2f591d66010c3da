#include "match/follower.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/check.h"

namespace bootrig::match {
namespace {

// A transcript in the order written. Within a block that may begin anywhere, every line may be the
// block's first: all beginnings that fit so far are kept. No two of them are equally long, so they
// are at most as many as its lines.
class ListedFollower final : public Follower {
 public:
  explicit ListedFollower(const Expectations& plan) : plan_(plan), caches_(plan.lines.size()) {}

  void take_line(const ConsoleLine& line) override {
    if (!open()) return;
    const Block& block = plan_.blocks[block_];
    if (block.after_gap || beginnings_.empty()) beginnings_.emplace_back();
    std::size_t kept = 0;
    for (std::size_t i = 0; i < beginnings_.size(); ++i) {
      const auto offset = fits(beginnings_[i], line);
      if (!offset) continue;
      ++beginnings_[i].matched;
      note_progress(block.first + beginnings_[i].matched, line.number + 1);
      if (beginnings_[i].matched == block.count) return complete_block(i, *offset, line);
      if (!block.after_gap) captures_.merge(beginnings_[i].captures);
      if (kept != i) beginnings_[kept] = std::move(beginnings_[i]);
      ++kept;
    }
    beginnings_.erase(beginnings_.begin() + static_cast<std::ptrdiff_t>(kept), beginnings_.end());
    refused_ = kept == 0 && !block.after_gap;
  }

  void take_tail(const ConsoleLine& tail) override {
    if (!open() || !plan_.lines.back().prompt || block_ + 1 != plan_.blocks.size()) return;
    const auto window = window_.next(tail, 0);
    if (!window) return;
    ConsoleLine looked_at = tail;
    looked_at.text = *window;
    const Block& block = plan_.blocks[block_];
    const bool begins = block.count == 1 && (block.after_gap || beginnings_.empty());
    if (begins) beginnings_.emplace_back();
    for (std::size_t i = 0; i < beginnings_.size(); ++i) {
      if (beginnings_[i].matched + 1 != block.count) continue;
      const auto offset = fits(beginnings_[i], looked_at);
      if (!offset) continue;
      note_progress(plan_.lines.size(), tail.number + 1);
      return complete_block(i, *offset, looked_at);
    }
    if (begins) beginnings_.pop_back();
  }

  std::optional<Awaited> awaited() const override {
    if (completed_at_) return std::nullopt;
    const ExpectedLine& line = plan_.lines[matched_];
    return Awaited{line.place, line.written, line.pattern.spelling(), since_line_, std::nullopt};
  }

 private:
  struct Beginning {
    std::size_t matched = 0;
    Captures captures;
  };

  // The offset behind what fits.
  std::optional<std::uint64_t> fits(Beginning& beginning, const ConsoleLine& line) {
    const std::size_t index = plan_.blocks[block_].first + beginning.matched;
    const ExpectedLine& expected = plan_.lines[index];
    const Bound bound{captures_, beginning.captures};
    if (!expected.prompt) {
      return expected.pattern.fits(line.text, bound, caches_[index]) ? std::optional(line.end) : std::nullopt;
    }
    const auto end = expected.pattern.fits_beginning(line.text, line.complete, bound, caches_[index]);
    return end ? std::optional(line.offset_behind(*end)) : std::nullopt;
  }

  void note_progress(std::size_t matched, std::uint64_t next_line) {
    if (matched <= matched_) return;
    matched_ = matched;
    since_line_ = next_line;
  }

  // The block's lines directly follow each other, so the last one tells where all are.
  void complete_block(std::size_t beginning, std::uint64_t offset, const ConsoleLine& last) {
    const Block& block = plan_.blocks[block_];
    const auto end = std::min<std::size_t>(last.text.size(), offset - last.start);
    for (std::size_t i = 0; i < block.count; ++i) {
      met_.push_back({block.first + i, last.number - (block.count - 1 - i), 0, end});
    }
    captures_.merge(beginnings_[beginning].captures);
    beginnings_.clear();
    if (++block_ == plan_.blocks.size()) completed_at_ = offset;
  }

  const Expectations& plan_;
  std::vector<BoundRegex> caches_;
  std::size_t block_ = 0;
  std::vector<Beginning> beginnings_;
  std::uint64_t since_line_ = 1;
  TailWindow window_;
};

// A transcript in any order: a line of the console satisfies the first open expectation that it
// fits, literal ones before those with placeholders, and a prompt before all, as it is known first.
class AnyOrderFollower final : public Follower {
 public:
  explicit AnyOrderFollower(const Expectations& plan) : plan_(plan), caches_(plan.lines.size()) {
    for (std::size_t i = 0; i < plan.lines.size(); ++i) order_.push_back(i);
    std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
  }

  void take_line(const ConsoleLine& line) override {
    if (!open() || line.number == prompt_line_) return;
    for (const std::size_t index : order_) {
      const ExpectedLine& expected = plan_.lines[index];
      if (expected.prompt) {
        if (take_prompt(line)) return;
      } else if (Captures fresh; expected.pattern.fits(line.text, {captures_, fresh}, caches_[index])) {
        captures_.merge(fresh);
        return satisfy(index, line.end, {index, line.number, 0, line.text.size()});
      }
    }
  }

  void take_tail(const ConsoleLine& tail) override {
    if (!open() || !plan_.lines[order_.front()].prompt) return;
    const auto window = window_.next(tail, 0);
    if (!window) return;
    ConsoleLine looked_at = tail;
    looked_at.text = *window;
    take_prompt(looked_at);
  }

  std::optional<Awaited> awaited() const override {
    if (order_.empty()) return std::nullopt;
    const ExpectedLine& line = plan_.lines[*std::min_element(order_.begin(), order_.end())];
    return Awaited{line.place, line.written, line.pattern.spelling(), 1, std::nullopt};
  }

 private:
  int rank(std::size_t index) const {
    if (plan_.lines[index].prompt) return 0;
    return plan_.lines[index].pattern.is_literal() ? 1 : 2;
  }

  bool take_prompt(const ConsoleLine& line) {
    const std::size_t index = order_.front();
    Captures fresh;
    const auto end =
        plan_.lines[index].pattern.fits_beginning(line.text, line.complete, {captures_, fresh}, caches_[index]);
    if (!end) return false;
    captures_.merge(fresh);
    prompt_line_ = line.number;
    satisfy(index, line.offset_behind(*end), {index, line.number, 0, *end});
    return true;
  }

  void satisfy(std::size_t index, std::uint64_t offset, const Met& met) {
    met_.push_back(met);
    order_.erase(std::find(order_.begin(), order_.end(), index));
    ++matched_;
    if (order_.empty()) completed_at_ = offset;
  }

  const Expectations& plan_;
  std::vector<BoundRegex> caches_;
  std::vector<std::size_t> order_;  // of the open expectations, as they are tried
  std::uint64_t prompt_line_ = 0;   // the line that the prompt took, which may still be open
  TailWindow window_;
};

// Steps: each text is looked for behind the one before, in the same line or a later one.
class StepFollower final : public Follower {
 public:
  explicit StepFollower(const Expectations& plan) : plan_(plan) {
    if (expectation_count(plan) == 0) completed_at_ = 0;
    pass_sends();
  }

  void take_line(const ConsoleLine& line) override {
    while (const ExpectStep* step = open() ? current() : nullptr) {
      if (!satisfied(*step, line, line.text)) break;
    }
    if (echo_begin(line, line.text) < line.text.size()) echo_.clear();
    from_ = echo_from_ = 0;
  }

  void take_tail(const ConsoleLine& tail) override {
    while (const ExpectStep* step = open() ? current() : nullptr) {
      const auto window = window_.next(tail, from_);
      if (!window || !satisfied(*step, tail, *window)) break;
    }
  }

  std::optional<Awaited> awaited() const override {
    const ExpectStep* step = current();
    if (step == nullptr) return std::nullopt;
    if (failed_ != nullptr) {
      return Awaited{failed_->place, allowed_text(*failed_), {},
                     since_line_,    std::nullopt,           captures_.at(failed_->name)};
    }
    Awaited awaited{step->place, step->pattern.written(), {}, since_line_, step->within};
    if (step->pattern.is_literal()) {
      awaited.spelling.push_back(kWildcard);
      append_literal(awaited.spelling, step->pattern.literal());
      awaited.spelling.push_back(kWildcard);
    }
    return awaited;
  }

  std::optional<Duration> step_timeout() const override {
    const ExpectStep* step = current();
    return step == nullptr ? std::nullopt : step->within;
  }

  std::string take_send() override { return std::exchange(due_, {}); }

 private:
  const ExpectStep* current() const {
    return next_ == plan_.steps.size() ? nullptr : &std::get<ExpectStep>(plan_.steps[next_]);
  }

  // Where the echo of what was sent begins, or may begin in a line that is not complete; the text's end: nowhere.
  std::size_t echo_begin(const ConsoleLine& line, std::string_view text) const {
    if (echo_.empty()) return text.size();
    for (std::size_t at = echo_from_; at < text.size(); ++at) {
      const std::string_view rest = text.substr(at);
      if (line.complete ? rest == echo_ : echo_.starts_with(rest)) return at;
      if (std::isalnum(static_cast<unsigned char>(text[at])) != 0) break;
    }
    return text.size();
  }

  bool satisfied(const ExpectStep& step, const ConsoleLine& line, std::string_view whole) {
    const std::string_view text = whole.substr(0, echo_begin(line, whole));
    const bool complete = line.complete && text.size() == whole.size();
    auto end = step.pattern.earliest_end(text, from_, complete);
    if (!end) return false;
    std::map<std::string, Span> groups;
    if (!step.checks.empty()) {
      const auto match = step.pattern.match_of(text, from_, *end, complete);
      if (!match) return false;
      end = match->end;
      groups = match->groups;
      if (!passes(step, text, groups)) return false;
    }
    met_.push_back({next_, line.number, from_, *end, std::move(groups)});
    from_ = *end;
    since_line_ = line.number;
    ++matched_;
    ++next_;
    window_ = {};  // the next step has not looked at these bytes, even where this one took none of them
    pass_sends();
    if (current() == nullptr) completed_at_ = line.offset_behind(*end);
    return true;
  }

  // What was captured is what the step's checks allow. A check that fails refuses the console.
  bool passes(const ExpectStep& step, std::string_view text, const std::map<std::string, Span>& groups) {
    for (const auto& [name, span] : groups) captures_[name] = text.substr(span.begin, span.end - span.begin);
    const auto fails = [&](const CaptureCheck& check) { return !allows(check, captures_.at(check.name)); };
    const auto failed = std::ranges::find_if(step.checks, fails);
    if (failed == step.checks.end()) return true;
    failed_ = &*failed;
    refused_ = true;
    return false;
  }

  void pass_sends() {
    std::string sent, echo;
    for (; next_ < plan_.steps.size(); ++next_) {
      const SendStep* send = std::get_if<SendStep>(&plan_.steps[next_]);
      if (send == nullptr) break;
      sent += send->bytes;
      if (send->echoed) echo += send->bytes;
    }
    if (sent.empty()) return;
    due_ += sent;
    const std::size_t end = echo.find_first_of("\r\n");
    echo_ = end == std::string::npos ? "" : echo.substr(0, end);  // keys are not lines
    echo_from_ = from_;
  }

  const Expectations& plan_;
  std::size_t next_ = 0;  // of plan_.steps: an ExpectStep, or the end
  std::size_t from_ = 0;  // in the current line: behind the last match
  std::uint64_t since_line_ = 1;
  std::string due_;
  std::string echo_;           // the line that was sent last; empty: none, or its echo has come
  std::size_t echo_from_ = 0;  // in the current line: where the echo may begin
  TailWindow window_;
  const CaptureCheck* failed_ = nullptr;
};

}  // namespace

std::optional<std::string_view> TailWindow::next(const ConsoleLine& tail, std::size_t from) {
  const std::size_t end = std::min(tail.text.size(), from + kTailMax);
  if (number_ == tail.number && from_ == from && end_ == end) return std::nullopt;
  number_ = tail.number;
  from_ = from;
  end_ = end;
  return tail.text.substr(0, end);
}

std::unique_ptr<Follower> make_follower(const Expectations& expectations) {
  CHECK(expectations.lines.empty() || expectations.steps.empty());
  if (expectations.lines.empty()) return std::make_unique<StepFollower>(expectations);
  if (expectations.order == Order::kAny) return std::make_unique<AnyOrderFollower>(expectations);
  return std::make_unique<ListedFollower>(expectations);
}

}  // namespace bootrig::match
