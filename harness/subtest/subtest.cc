#include "subtest/subtest.h"

#include <fmt/format.h>

#include <utility>

#include "match/ansi.h"
#include "subtest/dialect.h"

namespace bootrig {
namespace subtest {

void Dialect::add(Subtest subtest) {
  if (facts_.subtests.size() == kSubtestsMax) return problem(fmt::format("more than {} results came", kSubtestsMax));
  if (subtest.name.size() > kNameMax) subtest.name.resize(kNameMax);
  if (subtest.detail.size() > kNameMax) subtest.detail.resize(kNameMax);
  facts_.subtests.push_back(std::move(subtest));
}

void Dialect::problem(std::string text) {
  if (facts_.problems.size() < kProblemsMax) facts_.problems.push_back(std::move(text));
}

}  // namespace subtest

namespace {

constexpr std::size_t kLineMax = 4 * 1024;

}  // namespace

struct SubtestReader::State {
  std::unique_ptr<subtest::Dialect> dialect;
  match::AnsiStripper stripper;
  std::string line;
  std::uint64_t lines = 0;

  static void give(subtest::Dialect& to, std::string_view text, std::uint64_t number) {
    while (text.ends_with('\r')) text.remove_suffix(1);
    to.take_line(text, number);
  }

  void take(std::string_view text) {
    while (!text.empty()) {
      const std::size_t newline = text.find('\n');
      line += text.substr(0, std::min(newline, kLineMax - line.size()));
      if (newline == std::string_view::npos) return;
      give(*dialect, line, ++lines);
      line.clear();
      text.remove_prefix(newline + 1);
    }
  }
};

SubtestReader::SubtestReader(SubtestDialect dialect) : state_(std::make_unique<State>()) {
  state_->dialect = dialect == SubtestDialect::kKtap ? subtest::make_ktap() : subtest::make_junit();
}
SubtestReader::~SubtestReader() = default;
SubtestReader::SubtestReader(SubtestReader&&) noexcept = default;

void SubtestReader::feed(std::string_view bytes) {
  state_->stripper.strip(bytes, [&](std::string_view piece) { state_->take(piece); });
}

SubtestFacts SubtestReader::facts() const {
  const auto ended = state_->dialect->copy();
  if (!state_->line.empty()) State::give(*ended, state_->line, state_->lines + 1);
  return ended->finish();
}

std::string_view to_text(SubtestDialect dialect) {
  return dialect == SubtestDialect::kKtap ? "ktap" : "junit";
}

std::string_view to_text(Subtest::Status status) {
  switch (status) {
    case Subtest::Status::kPass:
      return "pass";
    case Subtest::Status::kFail:
      return "fail";
    case Subtest::Status::kSkip:
      return "skip";
  }
  return "";
}

}  // namespace bootrig
