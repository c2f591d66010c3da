#include "dump/user_error.h"

#include <algorithm>

#include "dump/dialect.h"

namespace bootrig::dump {

std::optional<std::string> last_user_error(std::string_view before, std::string_view thread) {
  constexpr std::size_t kNear = 16 * 1024;
  constexpr std::string_view kBegin = "<<seL4(CPU ";
  const std::string name = " \"" + std::string(thread) + "\" @";
  ConsoleLines lines(before.substr(before.size() - std::min(before.size(), kNear)));
  std::optional<std::string> last;
  while (const auto line = lines.next()) {
    const auto from = from_mark(line->text, kBegin);
    const std::size_t end = from ? from->rfind(">>") : std::string_view::npos;
    if (end == std::string_view::npos || !from->substr(0, end).contains(name)) continue;
    last = headline_text(from->substr(2, end - 2));
  }
  return last;
}

}  // namespace bootrig::dump
