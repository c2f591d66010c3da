// Little- and big-endian numbers out of an image's bytes, bounds-checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace bootrig {

// None: they do not lie wholly inside.
template <typename T>
std::optional<T> little_endian(std::string_view bytes, std::uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value | T{static_cast<std::uint8_t>(bytes[offset + i])} << (8 * i));
  }
  return value;
}

template <typename T>
std::optional<T> big_endian(std::string_view bytes, std::uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value << 8 | T{static_cast<std::uint8_t>(bytes[offset + i])});
  }
  return value;
}

}  // namespace bootrig
