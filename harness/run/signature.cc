#include "run/signature.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/utf8.h"

namespace bootrig {
namespace {

constexpr std::size_t kLineLimit = 160;
constexpr std::size_t kBareHexDigits = 8;  // so many digits without 0x are an address or a register's value

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_address(std::string_view word) {
  if (word.starts_with("0x") && word.size() > 2) return std::ranges::all_of(word.substr(2), is_hex);
  return word.size() >= kBareHexDigits && std::ranges::all_of(word, is_hex) && std::ranges::any_of(word, is_digit);
}

void append_word(std::string_view word, std::string& text) {
  if (is_address(word)) {
    text += '#';
    return;
  }
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (!is_digit(word[i])) {
      text += word[i];
    } else if (i == 0 || !is_digit(word[i - 1])) {
      text += '#';
    }
  }
}

// Where the last component of an absolute path begins; 0: the text does not begin with such a path.
std::size_t folder_of(std::string_view text) {
  if (text.empty() || text[0] != '/') return 0;
  const std::size_t end = std::min(text.find_first_of(" \t'\":,;()"), text.size());
  return text.substr(0, end).rfind('/') + 1;
}

std::string first_line(std::string_view text) {
  return without_numbers(text.substr(0, text.find('\n')));
}

// The attempt that tells why: the last, or of a flaky testcase the first that failed.
const Attempt* telling_attempt(const RunResult& result) {
  if (result.attempts.empty()) return nullptr;
  if (result.standing != Standing::kFlaky) return &result.attempts.back();
  const auto failed = std::ranges::find_if(
      result.attempts, [](const Attempt& attempt) { return attempt.verdict.kind != VerdictKind::kPass; });
  return failed == result.attempts.end() ? nullptr : &*failed;
}

// Errors are about us: the same compiler's message is one trouble, whichever scenarios wanted the image. A failure
// signature is the guest's own word for its trouble, in whichever scenario.
std::string of_verdict(const std::string& scenario, const Verdict& verdict, const Outcome& outcome) {
  const std::string_view cause = to_text(verdict.cause);
  if (verdict.kind == VerdictKind::kError) return fmt::format("{}: {}", cause, first_line(verdict.detail));
  if (outcome.hit) return fmt::format("{} {}: {}", cause, outcome.hit->name, without_numbers(outcome.hit->line.text));
  std::string text = fmt::format("{} in {}", cause, scenario);
  if (!outcome.divergence) return text;
  text += fmt::format(": '{}' expected", without_numbers(outcome.divergence->expected));
  if (outcome.divergence->final && outcome.divergence->seen) {
    text += fmt::format(", '{}' seen", without_numbers(outcome.divergence->seen->text));
  }
  return text;
}

}  // namespace

std::string without_numbers(std::string_view line) {
  const std::string clean = printable(line);
  std::string text;
  for (std::string_view rest = clean; !rest.empty();) {
    if (const std::size_t folder = folder_of(rest); folder > 0) {
      rest.remove_prefix(folder);
      continue;
    }
    const std::size_t length = std::min<std::size_t>(
        static_cast<std::size_t>(std::ranges::find_if_not(rest, is_word) - rest.begin()), rest.size());
    if (length == 0) {
      text += rest.front();
      rest.remove_prefix(1);
    } else {
      append_word(rest.substr(0, length), text);
      rest.remove_prefix(length);
      if (rest.starts_with('/')) {  // of a relative path
        text += '/';
        rest.remove_prefix(1);
      }
    }
  }
  return std::string(head_of(text, kLineLimit));
}

std::string signature_of(const RunResult& result) {
  if (result.standing == Standing::kPassed || result.standing == Standing::kExpectedFailure ||
      result.standing == Standing::kSkipped) {
    return "";
  }
  if (result.standing == Standing::kUnexpectedPass) return fmt::format("unexpected-pass in {}", result.scenario);
  const Attempt* attempt = telling_attempt(result);
  if (attempt == nullptr) return of_verdict(result.scenario, result.verdict, {});
  const Diagnosis* known = attempt->diagnosis ? &*attempt->diagnosis : nullptr;
  if (known != nullptr && known->cause) return known->signature;
  const std::string text = of_verdict(result.scenario, attempt->verdict, attempt->outcome);
  return known != nullptr && known->exception ? fmt::format("{}; {}", text, known->signature) : text;
}

}  // namespace bootrig
