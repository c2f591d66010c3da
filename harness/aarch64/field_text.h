// A tree of fields as text for a person. What is right for a program is the tree itself.
#pragma once

#include <string>

#include "aarch64/field.h"

namespace bootrig::aarch64 {

// One line a field, columns aligned: bits, name, value, meaning; parts are indented, and values that the manual
// reserves are marked with (!). Left out, and said so: single bits, ISS2 parts and reserved bits that are 0 and mean
// nothing then.
std::string field_text(const Field& root);

}  // namespace bootrig::aarch64
