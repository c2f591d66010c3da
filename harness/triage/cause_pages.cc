#include "triage/cause_pages.h"

#include <algorithm>

#include "base/text.h"

namespace bootrig {

// The whole file; CMake writes its definition from docs/causes.md.
extern const std::string_view kCausesFile;

namespace {

std::vector<CausePage> parse_pages() {
  constexpr std::string_view kHeading = "\n## ";
  std::vector<CausePage> pages;
  for (std::size_t at = kCausesFile.find(kHeading); at != kCausesFile.npos;) {
    const std::size_t next = kCausesFile.find(kHeading, at + 1);
    const std::string_view page = kCausesFile.substr(at + kHeading.size(), next - at - kHeading.size());
    const std::size_t end = page.find('\n');
    pages.push_back({page.substr(0, end), trim(page.substr(end))});
    at = next;
  }
  return pages;
}

}  // namespace

const std::vector<CausePage>& cause_pages() {
  static const std::vector<CausePage> pages = parse_pages();
  return pages;
}

const CausePage* find_cause_page(std::string_view name) {
  const auto found = std::ranges::find(cause_pages(), name, &CausePage::name);
  return found == cause_pages().end() ? nullptr : &*found;
}

}  // namespace bootrig
