// What an initial ramdisk is by its bytes, and what of it is damaged: CPIO archives of the "newc" form one behind the
// other, plain or compressed, or a file system (Linux, Documentation/driver-api/early-userspace/buffer-format.rst,
// Documentation/admin-guide/initrd.rst).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bootrig {

struct Initrd {
  // "CPIO archive", "gzip", "xz", "ext2 file system"; "": none of what Linux knows.
  std::string form;
  bool compressed = false;
  std::uint64_t members = 0;          // of its archives, as far as they can be read here
  std::optional<std::string> damage;  // in words that follow "it": "is cut off: ..."; none: not known to be damaged
};

// Of what is compressed, gzip alone is looked into. Hostile bytes give a damage, never a crash.
Initrd read_initrd(std::string_view bytes);

}  // namespace bootrig
