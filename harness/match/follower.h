// Follower: compares the lines of one console with what is expected, in one of three ways: a
// transcript in the order written, a transcript in any order, or steps. It sees every complete line
// once, in order, and the line that is still open whenever it has grown. What it tells is a
// function of the lines alone.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "match/compiled.h"
#include "match/console_line.h"

namespace bootrig::match {

// The expectation that is waited for (or was refused).
struct Awaited {
  std::string place;
  std::string written;
  Spelling spelling;             // empty: no spelling to compare with
  std::uint64_t since_line = 1;  // the first line that could have satisfied it
  std::optional<Duration> within;
  std::optional<std::string> captured = {};  // what a check has refused
};

// Which line of the console satisfied an expectation.
struct Met {
  std::size_t index = 0;  // of the transcript's line, or the step
  std::uint64_t line = 0;
  std::size_t begin = 0, end = 0;  // of the line's text, what was taken: all of it, up to a prompt's end, or a step's
  std::map<std::string, Span> groups = {};  // of a step with checks
};

class Follower {
 public:
  virtual ~Follower() = default;

  virtual void take_line(const ConsoleLine& line) = 0;
  virtual void take_tail(const ConsoleLine& tail) = 0;
  virtual std::optional<Awaited> awaited() const = 0;
  virtual std::optional<Duration> step_timeout() const { return std::nullopt; }
  virtual std::string take_send() { return {}; }

  // Whether lines still matter to it.
  bool open() const { return !completed_at_ && !refused_; }
  bool refused() const { return refused_; }
  std::size_t matched() const { return matched_; }
  std::optional<std::uint64_t> completed_at() const { return completed_at_; }
  const Captures& captures() const { return captures_; }
  // Of lines, once the block that holds them is complete.
  const std::vector<Met>& met() const { return met_; }

 protected:
  std::size_t matched_ = 0;
  std::optional<std::uint64_t> completed_at_;
  bool refused_ = false;
  Captures captures_;
  std::vector<Met> met_;
};

// `expectations` must outlive it.
std::unique_ptr<Follower> make_follower(const Expectations& expectations);

// The text of an open line behind `from`, as far as it is looked at; none when it was looked at
// before. Bounds the work on a line that never ends.
class TailWindow {
 public:
  std::optional<std::string_view> next(const ConsoleLine& tail, std::size_t from);

 private:
  std::uint64_t number_ = 0;
  std::size_t from_ = 0;
  std::size_t end_ = 0;
};

}  // namespace bootrig::match
