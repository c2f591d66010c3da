#include "match/alignment.h"

#include <algorithm>

#include "match/ansi.h"
#include "match/compiled.h"
#include "match/console_line.h"
#include "match/follower.h"
#include "match/sample.h"

namespace bootrig {
namespace {

using match::ConsoleLine;
using match::ExpectStep;
using match::LinePart;

struct Lines {
  std::string_view console;
  std::vector<std::size_t> begins;  // of each line; the last may have no end

  explicit Lines(std::string_view text) : console(text) {
    for (std::size_t at = 0; at < text.size(); at = end(begins.size())) begins.push_back(at);
  }
  // Behind the '\n' of the line with this number.
  std::size_t end(std::size_t number) const {
    const std::size_t newline = console.find('\n', begins[number - 1]);
    return newline == std::string_view::npos ? console.size() : newline + 1;
  }
  std::string_view text(std::size_t number) const {
    std::string_view raw = console.substr(begins[number - 1], end(number) - begins[number - 1]);
    if (raw.ends_with('\n')) raw.remove_suffix(1);
    return match::without_trailing_cr(raw);
  }
};

void shift(std::vector<LinePart>& parts, std::size_t by) {
  for (LinePart& part : parts) {
    part.begin += by;
    part.end += by;
  }
}

// The parts of what a step took, from its begin to its end.
std::vector<LinePart> step_parts(const ExpectStep& step, std::size_t begin, std::size_t end) {
  if (!step.pattern.is_literal()) return {{"re", "", begin, end}};
  return {{"", "", end - step.pattern.literal().size(), end}};
}

MetExpectation describe(const Expectations& plan, const match::Met& met, const Lines& lines,
                        const match::Captures& captures) {
  MetExpectation described;
  described.index = met.index;
  described.line = met.line;
  described.line_begin = lines.begins[met.line - 1];
  described.line_end = lines.end(met.line);
  described.step = plan.lines.empty();
  const std::string_view text = lines.text(met.line);
  if (described.step) {
    const auto& step = std::get<ExpectStep>(plan.steps[met.index]);
    described.place = step.place;
    described.written = step.pattern.written();
    described.begin = described.line_begin + met.begin;
    described.end = described.line_begin + met.end;
    described.parts = step_parts(step, described.begin, described.end);
    for (const CaptureCheck& check : step.checks) {
      const match::Span span = met.groups.at(check.name);
      const std::string_view captured = text.substr(span.begin, span.end - span.begin);
      described.checked.push_back(
          {described.line_begin + span.begin, described.line_begin + span.end, disallowed_text(check, captured)});
    }
    return described;
  }
  const match::ExpectedLine& line = plan.lines[met.index];
  described.place = line.place;
  described.written = line.written;
  const bool first = std::any_of(plan.blocks.begin(), plan.blocks.end(),
                                 [&](const match::Block& block) { return block.first == met.index; });
  described.follows = !first && plan.order == Order::kListed;
  // `met.end` is that of the block's last line; only a prompt takes less than its whole line.
  const std::size_t taken = line.prompt ? std::min(met.end, text.size()) : text.size();
  described.begin = described.line_begin;
  described.end = described.line_begin + taken;
  described.parts = line.pattern.parts(text.substr(0, taken), captures);
  shift(described.parts, described.line_begin);
  return described;
}

// The follower that has seen the console, and its end.
std::unique_ptr<match::Follower> follow(const Expectations& plan, const Lines& lines) {
  auto follower = match::make_follower(plan);
  for (std::size_t number = 1; number <= lines.begins.size() && follower->open(); ++number) {
    const std::size_t end = lines.end(number);
    ConsoleLine line{lines.text(number), {}, number, lines.begins[number - 1], end, true};
    if (lines.console[end - 1] != '\n') {
      line.complete = false;
      follower->take_tail(line);
      line.complete = true;
    }
    if (follower->open()) follower->take_line(line);
  }
  return follower;
}

bool step_fits(const ExpectStep& step, std::string_view text, MetExpectation& met) {
  if (!step.pattern.found_in(text)) return false;
  met.place = step.place;
  met.written = step.pattern.written();
  if (!step.pattern.is_literal()) {
    met.parts = {{"re", "", met.begin, met.end}};
    return true;
  }
  const std::string& literal = step.pattern.literal();
  for (std::size_t at = text.find(literal); at != std::string_view::npos; at = text.find(literal, at + literal.size()))
    met.parts.push_back({"", "", met.begin + at, met.begin + at + literal.size()});
  return true;
}

}  // namespace

std::vector<MetExpectation> align(const Expectations& expectations, std::string_view console) {
  const Lines lines(console);
  const auto follower = follow(expectations, lines);
  std::vector<MetExpectation> met;
  for (const match::Met& one : follower->met()) {
    met.push_back(describe(expectations, one, lines, follower->captures()));
  }
  return met;
}

std::vector<MetExpectation> lines_that_fit(const Expectations& expectations, std::size_t index,
                                           std::string_view console, std::size_t from) {
  const Lines lines(console);
  std::vector<MetExpectation> fitting;
  for (std::size_t number = 1; number <= lines.begins.size(); ++number) {
    MetExpectation met;
    met.index = index;
    met.line = number;
    met.line_begin = met.begin = lines.begins[number - 1];
    if (met.line_begin < from) continue;
    const std::string_view text = lines.text(number);
    met.line_end = lines.end(number);
    met.end = met.begin + text.size();
    met.step = expectations.lines.empty();
    if (met.step) {
      if (step_fits(std::get<ExpectStep>(expectations.steps[index]), text, met)) fitting.push_back(std::move(met));
      continue;
    }
    const match::ExpectedLine& line = expectations.lines[index];
    met.place = line.place;
    met.written = line.written;
    met.parts = line.pattern.parts(text, {});
    shift(met.parts, met.line_begin);
    if (!met.parts.empty()) fitting.push_back(std::move(met));
  }
  return fitting;
}

bool in_listed_order(const Expectations& expectations) {
  return expectations.lines.empty() || expectations.order == Order::kListed;
}

std::vector<WatchedSample> watched_samples(const Expectations& expectations) {
  std::vector<WatchedSample> samples;
  for (const match::WatchedPattern& watched : expectations.watchlist.patterns) {
    if (auto line = match::sample_line(watched.pattern)) samples.push_back({watched.name, *std::move(line)});
  }
  return samples;
}

std::string without_escapes(std::string_view console) {
  std::string text;
  match::AnsiStripper stripper;
  stripper.strip(console, [&](std::string_view piece) { text += piece; });
  return text;
}

}  // namespace bootrig
