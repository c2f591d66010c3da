#include "dump/assertion.h"

#include "dump/dialect.h"

namespace bootrig::dump {

void note_assertion(ExceptionRecord& record, const Assertion& assertion) {
  const std::string expression = headline_text(assertion.expression);
  record.extra["assertion"] = expression.empty() ? "unnamed" : expression;
  if (!assertion.place.empty()) record.extra["place"] = headline_text(assertion.place);
  if (!assertion.function.empty()) record.extra["function"] = headline_text(assertion.function);
}

bool take_place(std::string_view text, std::string_view& place) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || text.substr(0, colon).contains(' ')) return false;
  const std::size_t end = text.find_first_not_of("0123456789", colon + 1);
  const std::size_t length = end == std::string_view::npos ? text.size() : end;
  if (length == colon + 1) return false;
  place = text.substr(0, length);
  return true;
}

bool take_quoted_assertion(std::string_view text, std::string_view before_place, ExceptionRecord& record) {
  const std::size_t mark = text.rfind(before_place);  // the expression may hold anything
  Assertion assertion;
  if (mark == std::string_view::npos || !take_place(text.substr(mark + before_place.size()), assertion.place)) {
    return false;
  }
  assertion.expression = text.substr(0, mark);
  constexpr std::string_view kFunction = " in function ";
  const std::string_view behind = text.substr(mark + before_place.size() + assertion.place.size());
  if (behind.starts_with(kFunction)) assertion.function = behind.substr(kFunction.size());
  note_assertion(record, assertion);
  return true;
}

}  // namespace bootrig::dump
