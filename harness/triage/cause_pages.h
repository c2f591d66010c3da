// The pages of docs/causes.md: what each root cause means, why it happens, how to confirm it by hand, how to mend it.
#pragma once

#include <string_view>
#include <vector>

namespace bootrig {

struct CausePage {
  std::string_view name;  // of the root cause
  std::string_view text;  // without the heading; paragraphs and lines as in the file
};

// All of them, in the order of the file.
const std::vector<CausePage>& cause_pages();
// Null: there is no such root cause.
const CausePage* find_cause_page(std::string_view name);

}  // namespace bootrig
