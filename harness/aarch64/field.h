// Field: a named part of a register, decoded. What decoders return; printing is done elsewhere (field_text.h).
// FieldSpec: the same before there is a value: one row of a table that describes a register or an ISS.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace bootrig::aarch64 {

// Bits high..low of the register, with the Arm ARM's name. The fields of a register, or of a field, tile it: each bit
// is in exactly one, reserved ones too ("RES0"). All text is static: a tree costs a few allocations, whatever it says.
struct Field {
  std::string_view name;  // "EC", "ISS", "WnR", "RES0"
  unsigned high = 0;
  unsigned low = 0;
  std::uint64_t value = 0;
  std::string_view meaning;  // "Data Abort taken without a change in Exception level"; empty: the value says it
  bool reserved_set =
      false;             // a RES0 field that is not 0, or a value that the manual reserves: visible, never an error
  bool address = false;  // `value << low` is an address: descriptors hold the upper bits of one
  std::vector<Field> fields;  // parts of it, high bits first
};

// What a value of a field means; the text is static. A text that begins with "reserved" marks the value as reserved.
using Describe = std::string_view (*)(std::uint64_t value);

struct FieldSpec {
  std::string_view name;  // "RES0" and "RES1" are checked, "IGNORED" is not
  unsigned high = 0;
  unsigned low = 0;
  Describe describe = nullptr;  // nullptr: the value says it
  bool address = false;
};

// A table of fields, high bits first.
using Layout = std::span<const FieldSpec>;

// Whether the table covers high..low from top to bottom, each bit once. For static_assert beside each table.
constexpr bool tiles(Layout layout, unsigned high, unsigned low) {
  unsigned next = high + 1;  // the lowest bit that is taken
  for (const FieldSpec& field : layout) {
    if (field.high + 1 != next || field.low > field.high || field.low < low) return false;
    next = field.low;
  }
  return next == low && !layout.empty();
}

constexpr std::uint64_t bits(std::uint64_t value, unsigned high, unsigned low) {
  return (value >> low) & (~std::uint64_t{0} >> (63 - (high - low)));
}

// A number of `width` bits, in two's complement.
constexpr std::uint64_t sign_extended(std::uint64_t value, unsigned width) {
  const std::uint64_t sign = std::uint64_t{1} << (width - 1);
  return (value ^ sign) - sign;
}

// The fields of `value`. Bit n of the layout is bit n of `value`, and is reported as bit n + `offset`: ISS2 is a table
// of bits 23..0, which are bits 55..32 of ESR_ELx.
std::vector<Field> decode_fields(Layout layout, std::uint64_t value, unsigned offset = 0);

// A register as a whole: bits 63..0.
Field decode_register(std::string_view name, Layout layout, std::uint64_t value);

// The first field of that name in the tree, depth first; nullptr when there is none.
const Field* find_field(const Field& root, std::string_view name);

// words<"read", "write">: a Describe that gives the word of that number; beyond the last one it is "reserved value".
// An empty word: the value says it.
template <std::size_t kSize>
struct Word {
  char text[kSize];
  constexpr Word(const char (&literal)[kSize]) { std::copy_n(literal, kSize, text); }
};
template <Word... kWords>
std::string_view words(std::uint64_t value) {
  static constexpr std::array<std::string_view, sizeof...(kWords)> table{
      std::string_view(kWords.text, sizeof(kWords.text) - 1)...};
  return value < table.size() ? table[value] : "reserved value";
}

// set<"...">: a Describe of one bit that says something only when it is 1.
template <Word kWord>
std::string_view set(std::uint64_t value) {
  return value != 0 ? std::string_view(kWord.text, sizeof(kWord.text) - 1) : std::string_view();
}

// A Describe of a general-purpose register's number where 31 is the zero register: "x0" .. "x30", "xzr".
std::string_view register_name(std::uint64_t number);

}  // namespace bootrig::aarch64
