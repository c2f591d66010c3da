#include "dump/values.h"

#include <fmt/format.h>

namespace bootrig::dump {
namespace {

constexpr unsigned kLastRegister = 30;

}  // namespace

void Values::put(std::string_view name, std::uint64_t value) {
  const auto [at, is_new] = values_.try_emplace(std::string(name), value);
  if (!is_new && at->second != value) at->second = std::nullopt;
}

std::optional<std::uint64_t> Values::get(std::string_view name) const {
  const auto at = values_.find(name);
  return at == values_.end() ? std::nullopt : at->second;
}

void Values::move_to(ExceptionRecord& record) const {
  record.esr = get("esr");
  record.far = get("far");
  record.elr = get("elr");
  record.spsr = get("spsr");
  record.hpfar = get("hpfar");
  record.sp = get("sp");
  for (unsigned i = 0; i <= kLastRegister; ++i) record.x[i] = get(fmt::format("x{}", i));
  std::string names;
  for (const auto& [name, value] : values_) {
    if (!value) names += (names.empty() ? "" : ", ") + name;
  }
  if (names.empty()) return;
  record.corrections.push_back(
      fmt::format("Printed twice with different values, perhaps by two dumps at once, and not believed: {}.", names));
}

std::optional<std::string> register_name(Cursor& cursor) {
  Cursor ahead = cursor;
  if (!ahead.text("x")) return std::nullopt;
  const std::optional<unsigned> number = ahead.decimal();
  if (!number || *number > kLastRegister) return std::nullopt;
  cursor = ahead;
  return fmt::format("x{}", *number);
}

bool take_register_row(Cursor cursor, Values& values) {
  bool taken = false;
  while (const std::optional<std::string> name = register_name(cursor)) {
    cursor.spaces();
    if (!cursor.text(":")) break;
    cursor.spaces();
    const std::optional<std::uint64_t> value = cursor.hex(16);
    if (!value) break;
    values.put(*name, *value);
    taken = true;
    cursor.spaces();
  }
  return taken;
}

std::string hex_text(std::uint64_t value) {
  return fmt::format("{:#018x}", value);
}

}  // namespace bootrig::dump
