// Field: a named part of a register, decoded. What decoders return; printing is done elsewhere (field_text.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bootrig::aarch64 {

// Bits high..low of the register, with the Arm ARM's name. The fields of a register, or of a field, tile it: each bit
// is in exactly one, reserved ones too ("RES0").
struct Field {
  std::string name;  // "EC", "ISS", "WnR", "RES0"
  unsigned high = 0;
  unsigned low = 0;
  std::uint64_t value = 0;
  std::string meaning;  // "Data Abort taken without a change in Exception level"; empty: the value says it
  bool reserved_set =
      false;  // a RES0 field that is not 0, or a value that the manual reserves: visible, never an error
  std::vector<Field> fields;  // parts of it, high bits first
};

}  // namespace bootrig::aarch64
