#include "match/capture_check.h"

#include <fmt/format.h>

#include <cctype>
#include <limits>

#include "base/text.h"

namespace bootrig {
namespace {

constexpr std::string_view kHexMark = "0x";
constexpr std::uint64_t kGreatest = std::numeric_limits<std::uint64_t>::max();

std::optional<std::uint64_t> number_of(std::string_view text) {
  const auto number = text.starts_with(kHexMark) ? parse_address(text) : parse_count(text);
  return number ? std::optional(*number) : std::nullopt;
}

// The last letter or digit becomes another of its kind, which the expression that captured it takes as well.
std::string with_another_end(std::string_view text) {
  std::string other(text);
  for (std::size_t i = other.size(); i-- > 0;) {
    if (std::isalnum(static_cast<unsigned char>(other[i])) == 0) continue;
    const bool last = other[i] == '9' || other[i] == 'z' || other[i] == 'Z';
    other[i] = static_cast<char>(last ? other[i] - 1 : other[i] + 1);
    return other;
  }
  return other + "x";
}

}  // namespace

bool allows(const CaptureCheck& check, std::string_view captured) {
  if (check.is) return captured == *check.is;
  const auto number = number_of(captured);
  return number && *number >= check.at_least.value_or(0) && *number <= check.at_most.value_or(kGreatest);
}

std::string allowed_text(const CaptureCheck& check) {
  if (check.is) return *check.is;
  if (!check.at_most) return fmt::format("at least {}", check.at_least.value_or(0));
  if (!check.at_least) return fmt::format("at most {}", *check.at_most);
  if (check.at_least == check.at_most) return fmt::format("{}", *check.at_most);
  return fmt::format("{} to {}", *check.at_least, *check.at_most);
}

std::string disallowed_text(const CaptureCheck& check, std::string_view captured) {
  if (check.is) return with_another_end(captured);
  const bool below = check.at_least.value_or(0) > 0;
  const std::uint64_t number = below ? *check.at_least - 1 : check.at_most.value_or(kGreatest - 1) + 1;
  return captured.starts_with(kHexMark) ? fmt::format("{:#x}", number) : fmt::format("{}", number);
}

}  // namespace bootrig
