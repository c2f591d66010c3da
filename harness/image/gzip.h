// gzip (RFC 1952), as kernels are packed, and the CRC that U-Boot's formats share with it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace bootrig {

// What a packed image may become: more than any AArch64 kernel with its initramfs. A small file could ask for all memory.
inline constexpr std::uint64_t kUnpackedMax = std::uint64_t{512} << 20;

// Bytes behind the compressed data's end are left alone. Errors have no place: "is no gzip data", "is cut off", ...
Result<std::string> gunzip(std::string_view bytes, std::uint64_t limit = kUnpackedMax);

// CRC-32 of ISO 3309.
std::uint32_t crc32_of(std::string_view bytes);

}  // namespace bootrig
