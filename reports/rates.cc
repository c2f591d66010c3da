#include "reports/rates.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/console_text.h"

namespace bootrig {
namespace {

constexpr std::size_t kRatesTold = 25, kIndent = 2;

}  // namespace

std::string rate_words(const Rate& rate) {
  const Interval interval = wilson_interval(rate.passed, rate.sessions);
  return fmt::format("{} of {} passed ({:.1f} %; 95 % confidence, Wilson: {:.1f} % to {:.1f} %)", rate.passed,
                     rate.sessions, 100 * rate.value(), 100 * interval.low, 100 * interval.high);
}

void RateTable::add(const RunResult& result) {
  const std::string_view cell = cell_of(result.id);
  Counts& counts = counts_[std::hash<std::string_view>()(cell)];
  if (repetition_of(result.id) > 1 && counts.cell.empty()) counts.cell = cell;
  for (const Attempt& attempt : result.attempts) {
    const Standing standing = stand(attempt.verdict, result.expected_failure, false, false);
    const bool passed = standing == Standing::kPassed || standing == Standing::kExpectedFailure;
    const bool tried = attempt.verdict.kind == VerdictKind::kPass || attempt.verdict.kind == VerdictKind::kFail;
    if (!passed && !tried) continue;
    ++counts.sessions;
    counts.passed += passed;
  }
}

std::vector<Rate> RateTable::rates() const {
  std::vector<Rate> rates;
  for (const auto& [hash, counts] : counts_) {
    if (!counts.cell.empty() && counts.sessions > 0) rates.push_back({counts.cell, counts.passed, counts.sessions});
  }
  std::ranges::sort(rates, [](const Rate& a, const Rate& b) {
    return a.value() != b.value() ? a.value() < b.value() : a.cell < b.cell;
  });
  return rates;
}

std::string rates_text(const RateTable& table, const Style& style) {
  const std::vector<Rate> rates = table.rates();
  if (rates.empty()) return "";
  std::string text = "rates:\n";
  const std::size_t told = style.verbose ? rates.size() : std::min(rates.size(), kRatesTold);
  for (std::size_t i = 0; i < told; ++i) {
    const std::string words = fmt::format("{}  {}", console_text(rates[i].cell), rate_words(rates[i]));
    for (const std::string& line : wrap_to(words, style.beside(kIndent), 2)) text += fmt::format("  {}\n", line);
  }
  if (told < rates.size()) text += fmt::format("  and {} others, with higher rates\n", rates.size() - told);
  return text;
}

}  // namespace bootrig
