#include "run/result.h"

#include "base/text.h"

namespace bootrig {

std::string_view cell_of(std::string_view id) {
  const std::size_t mark = id.rfind('#');
  return mark != std::string_view::npos && parse_count(id.substr(mark + 1)) ? id.substr(0, mark) : id;
}

unsigned repetition_of(std::string_view id) {
  const std::string_view cell = cell_of(id);
  return cell.size() == id.size() ? 1 : static_cast<unsigned>(*parse_count(id.substr(cell.size() + 1)));
}

void RunTotals::add(Standing standing, std::size_t count) {
  switch (standing) {
    case Standing::kPassed:
      passed += count;
      break;
    case Standing::kExpectedFailure:
      expected_failures += count;
      break;
    case Standing::kFailed:
    case Standing::kUnexpectedPass:
    case Standing::kWrongFailure:
      failed += count;
      break;
    case Standing::kErrored:
      errors += count;
      break;
    case Standing::kSkipped:
      skipped += count;
      break;
    case Standing::kQuarantined:
      quarantined += count;
      break;
    case Standing::kFlaky:
      flaky += count;
      break;
  }
}

}  // namespace bootrig
