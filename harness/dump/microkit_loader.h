// The registers of a Microkit loader's dump. Its vectors store them at the page of the symbol exception_register_state
// (adrp without :lo12:), its handler prints them from the symbol: the printed reg i is x(i + shift). x30 and sp are
// never stored. Who has the loader's ELF knows the shift; without it the record holds reg0 to reg31 in `extra`.
#pragma once

#include <cstdint>

#include "dump/exception_record.h"

namespace bootrig {

// From the address of the symbol exception_register_state.
unsigned microkit_loader_shift(std::uint64_t state_address);

// Fills x[] of a "microkit-loader" record from reg0 to reg31, and says so in the place of what was said of them before.
// `how`: where the shift is known from.
void place_microkit_loader_registers(ExceptionRecord& record, unsigned shift, const std::string& how);

}  // namespace bootrig
