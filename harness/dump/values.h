// Values: the registers that a dump prints, by name ("esr", "far", "elr", "spsr", "hpfar", "sp", "x0" to "x30", and any
// that a dialect adds). A name that comes twice with different values is not believed: two CPUs may print at once.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "dump/cursor.h"
#include "dump/exception_record.h"

namespace bootrig::dump {

class Values {
 public:
  void put(std::string_view name, std::uint64_t value);
  // Nothing, if the name did not come or is not believed.
  std::optional<std::uint64_t> get(std::string_view name) const;
  bool seen(std::string_view name) const { return values_.contains(name); }
  // Into the fields of the record that bear the names; what is not believed is said there.
  void move_to(ExceptionRecord& record) const;

 private:
  std::map<std::string, std::optional<std::uint64_t>, std::less<>> values_;
};

// "x" and a number of 0 to 30: "x7".
std::optional<std::string> register_name(Cursor& cursor);

// A row of "x29: 0000fffff70fe5e0 x28: 0000000000490030" or "x0 : … x1 : …", 16 digits each, as U-Boot and Linux print
// them. False when it does not begin so; ends before the first pair that is damaged.
bool take_register_row(Cursor cursor, Values& values);

// "0x000000004040fe00"
std::string hex_text(std::uint64_t value);

}  // namespace bootrig::dump
