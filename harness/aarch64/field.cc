#include "aarch64/field.h"

namespace bootrig::aarch64 {
namespace {

bool is_reserved(const FieldSpec& spec, std::uint64_t value, std::string_view meaning) {
  if (spec.name == "RES0") return value != 0;
  if (spec.name == "RES1") return value != bits(~std::uint64_t{0}, spec.high, spec.low);
  return meaning.starts_with("reserved");
}

}  // namespace

std::vector<Field> decode_fields(Layout layout, std::uint64_t value, unsigned offset) {
  std::vector<Field> fields;
  fields.reserve(layout.size());
  for (const FieldSpec& spec : layout) {
    const std::uint64_t part = bits(value, spec.high, spec.low);
    const std::string_view meaning = spec.describe == nullptr ? std::string_view() : spec.describe(part);
    fields.push_back({.name = spec.name,
                      .high = spec.high + offset,
                      .low = spec.low + offset,
                      .value = part,
                      .meaning = meaning,
                      .reserved_set = is_reserved(spec, part, meaning),
                      .address = spec.address,
                      .fields = {}});
  }
  return fields;
}

Field decode_register(std::string_view name, Layout layout, std::uint64_t value) {
  Field root{.name = name, .high = 63, .low = 0, .value = value};
  root.fields = decode_fields(layout, value);
  return root;
}

const Field* find_field(const Field& root, std::string_view name) {
  if (root.name == name) return &root;
  for (const Field& field : root.fields) {
    if (const Field* found = find_field(field, name)) return found;
  }
  return nullptr;
}

std::string_view register_name(std::uint64_t number) {
  static constexpr std::string_view kNames[] = {
      "x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",  "x10", "x11", "x12", "x13", "x14", "x15",
      "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30", "xzr"};
  return number < std::size(kNames) ? kNames[number] : std::string_view();
}

}  // namespace bootrig::aarch64
