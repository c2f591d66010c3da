// What the header of Linux's arm64 Image says: Documentation/arch/arm64/booting.rst, "Call the kernel image".
#pragma once

#include <cstdint>
#include <string_view>

namespace bootrig {

bool looks_like_linux(std::string_view bytes);

// Where QEMU's virt machine puts it, for bytes that look like one.
std::uint64_t linux_address(std::string_view bytes);

}  // namespace bootrig
