#include "reports/html_page.h"

#include <string>

#include "base/check.h"

// reports/html/page.S
extern "C" const char bootrig_page_begin[], bootrig_page_end[];

namespace bootrig {
namespace {

// As reports/html/src/page.html has it.
constexpr std::string_view kMark = "@@DATA@@";

}  // namespace

Result<HtmlPage> html_page() {
  const std::string_view page(bootrig_page_begin, static_cast<std::size_t>(bootrig_page_end - bootrig_page_begin));
  if (page.empty()) return fail("report.html", std::string(BOOTRIG_PAGE_ABSENT));
  const std::size_t mark = page.find(kMark);
  CHECK(mark != std::string_view::npos);
  return HtmlPage{page.substr(0, mark), page.substr(mark + kMark.size())};
}

}  // namespace bootrig
