#include "run/result.h"

namespace bootrig {

void RunTotals::add(Standing standing) {
  switch (standing) {
    case Standing::kPassed:
      ++passed;
      break;
    case Standing::kExpectedFailure:
      ++expected_failures;
      break;
    case Standing::kFailed:
    case Standing::kUnexpectedPass:
    case Standing::kWrongFailure:
      ++failed;
      break;
    case Standing::kErrored:
      ++errors;
      break;
    case Standing::kSkipped:
      ++skipped;
      break;
    case Standing::kQuarantined:
      ++quarantined;
      break;
    case Standing::kFlaky:
      ++flaky;
      break;
  }
}

}  // namespace bootrig
