// A tree of fields as text for a person. What is right for a program is the tree itself.
#pragma once

#include <string>

#include "aarch64/field.h"

namespace bootrig::aarch64 {

// One line a field, columns aligned: bits, name, value, meaning; parts are indented. RES0 that is 0 is left out, and
// the parts of a field whose bits are all 0 and say nothing; reserved values that are set are marked.
std::string field_text(const Field& root);

}  // namespace bootrig::aarch64
