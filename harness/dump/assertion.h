// What a program prints of an assertion of its own that does not hold: no exception, but a cause in its own words.
#pragma once

#include <string_view>

#include "dump/exception_record.h"

namespace bootrig::dump {

// Into extra: "assertion" (the expression, or what it says), "place" ("src/kernel/thread.c:371"), "function". Empty
// parts are left out, but an assertion without words is "unnamed".
struct Assertion {
  std::string_view expression, place, function;
};
void note_assertion(ExceptionRecord& record, const Assertion& assertion);

// The parts of `text`, which stands behind the program's first words: "'a < b' at a.c:12 in function f". False: it is
// none.
bool take_quoted_assertion(std::string_view text, std::string_view before_place, ExceptionRecord& record);

// Whether `text` begins as a place in a source file does: "a.c:12". The place alone is put out.
bool take_place(std::string_view text, std::string_view& place);

}  // namespace bootrig::dump
