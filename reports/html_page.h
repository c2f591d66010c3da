// The page that report.html is made of: bundled from reports/html when bootrig is built, kept in the program as bytes.
#pragma once

#include <string_view>

#include "base/error.h"

namespace bootrig {

// What stands before and behind the run's JSON.
struct HtmlPage {
  std::string_view before, behind;
};

// Error: why this bootrig has none (it was built without node and npm).
Result<HtmlPage> html_page();

}  // namespace bootrig
